"""Lines fitted into their file: some begin behind its end, end before they begin, or last hours.

What was heard or read in a file lies where it was found, and stays: sound may go on after the last picture. A person's
subtitles may be those of another cut, and a package's source may say anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from framecue.counts import counted
from framecue.errors import VideoError
from framecue.times import clock
from framecue.video import IsolatedReader
from framecue.video.isolate.questions.streams import StreamsQuestion
from framecue.video.read.streams import FileStreams
from framecue.words.source import WordsUnit
from framecue.words.timed_text import TimedText

__all__ = ["FittedLines", "fit_lines", "fit_lines_of"]

# A last line is often left to stand; so much longer than its video is a mistake.
_MUCH_LONGER_SECONDS = 60.0


@dataclass(frozen=True)
class FittedLines:
    """Lines whose times lie in their file.

    Attributes:
        lines: in the order in which they came.
        remark: what was wrong with others, and what became of them; None if nothing was.
    """

    lines: tuple[TimedText, ...]
    remark: str | None = None


def fit_lines(
    lines: Iterable[TimedText], length: float, sound_end: Callable[[], float], *, num_mended: int = 0
) -> FittedLines:
    """Return the lines that lie in a file, cut where they leave it; a time before the beginning is the beginning.

    Args:
        lines: of one source.
        length: when the last picture ends, in seconds; infinite if nobody knows.
        sound_end: tells when the sound ends, infinite if nobody knows; asked only where a line needs it.
        num_mended: how many of the lines had times that were no times before they came here.
    """
    kept: list[TimedText] = []
    end = length
    is_asked = False
    num_before = num_cut = 0
    behind: list[float] = []
    for line in lines:
        start, stop = line.start_seconds, line.end_seconds
        is_written_by_hand = line.confidence is None and not line.words
        if is_written_by_hand and not is_asked and (start >= end or stop > end + _MUCH_LONGER_SECONDS):
            end, is_asked = max(length, sound_end()), True
        if is_written_by_hand and start >= end:
            behind.append(start)
            continue
        if math.isnan(start) or math.isnan(stop) or (stop < 0 and start < 0):
            num_before += 1
            continue
        num_mended += start < 0 or stop < start
        if is_written_by_hand and stop > end:
            num_cut += stop > end + _MUCH_LONGER_SECONDS
            stop = end
        start = max(0.0, start)
        stop = max(start, stop)
        # A line that is as it should be is the very one.
        is_changed = (start, stop) != (line.start_seconds, line.end_seconds)
        kept.append(replace(line, start_seconds=start, end_seconds=stop) if is_changed else line)
    remarks = [
        _told(len(behind), f"beginning behind its end{_when(behind)}", "left out"),
        _told(num_before, "over before its beginning, or without a time,", "left out"),
        _told(num_mended, "beginning before 0 or ending before the beginning", "mended"),
        _told(num_cut, "lasting beyond its end", "cut there"),
    ]
    return FittedLines(tuple(kept), ", ".join(filter(None, remarks)) or None)


def _when(starts: Sequence[float]) -> str:
    """Return when lines begin, in brackets; nothing where that is never."""
    known = [start for start in starts if start < math.inf]
    times = dict.fromkeys((clock(min(known)), clock(max(known)))) if known else {}
    return f" ({' to '.join(times)})" if times else ""


def _told(number: int, what: str, is_done: str) -> str:
    return f"{counted(number, 'line')} {what} {'is' if number == 1 else 'are'} {is_done}" if number else ""


def fit_lines_of(
    unit: WordsUnit, lines: Iterable[TimedText], reader: IsolatedReader, *, num_mended: int = 0
) -> FittedLines:
    """Return what :func:`fit_lines` does of a file's lines; the file is asked for its sound only where that matters.

    Args:
        unit: the file; one without pictures, and a picture, have no end.
        lines: of one source.
        reader: asks it.
        num_mended: how many of the lines had times that were no times before they came here.
    """
    length = max((end for _, end in unit.segments), default=0.0) or math.inf
    return fit_lines(lines, length, lambda: _sound_end(unit.path, reader), num_mended=num_mended)


def _sound_end(path: str, reader: IsolatedReader) -> float:
    """Return when the last sound track of a file ends by its own account, in seconds; infinite where it has none.

    Args:
        path: of the file.
        reader: asks it.
    """
    try:
        with closing(reader.ask(StreamsQuestion(path))) as parts:
            streams = next(part for part in parts if isinstance(part, FileStreams))
    except VideoError:
        return math.inf
    ends = [sound.seconds for sound in streams.sounds]
    return math.inf if None in ends else max((end for end in ends if end is not None), default=0.0)
