"""Looking for the words of one file, without a library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from framecue.errors import VideoError
from framecue.video import IsolatedReader, Segmentation
from framecue.words.fitting import fit_lines_of
from framecue.words.source import WordSource, WordsUnit
from framecue.words.timed_text import TimedText

__all__ = ["FoundWords", "find_words", "unit_of"]


@dataclass(frozen=True)
class FoundWords:
    """What is said and written in a file.

    Attributes:
        lines: each with the name of its source, in the order of start and end.
        failed: why a source could not find all, by its name; what it found before that is among the lines.
        remarks: what was wrong with the times of some lines, and what became of them, by the source's name.
    """

    lines: list[tuple[str, TimedText]] = field(default_factory=list)
    failed: dict[str, VideoError] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)


def find_words(path: str, sources: Iterable[WordSource], reader: IsolatedReader) -> FoundWords:
    """Return what is said and written in a file; a damaged sound track costs no other source its words.

    Args:
        path: absolute path of the file.
        sources: that look for it.
        reader: decodes it.

    Raises:
        VideoError: the file cannot be read at all.
    """
    unit, found = unit_of(path, reader), FoundWords()
    for source in sources:
        name = source.fingerprint.source
        lines: list[TimedText] = []
        try:
            lines.extend(source.find(unit, reader))
        except VideoError as error:
            found.failed[name] = error
        fitted = fit_lines_of(unit, lines, reader)
        found.lines.extend((name, text) for text in fitted.lines)
        if fitted.remark is not None:
            found.remarks[name] = fitted.remark
    found.lines.sort(key=lambda item: (item[1].start_seconds, item[1].end_seconds))
    return found


def unit_of(path: str, reader: IsolatedReader) -> WordsUnit:
    """Return a file as a source takes it, cut into windows as a library cuts what has no shots.

    Raises:
        VideoError: the file cannot be read; not if it holds sound alone, which has no pictures to be cut.
    """
    try:
        length = reader.probe(path).duration_seconds
    except VideoError as error:
        if error.cause != "sound":
            raise
        return WordsUnit(path, ())
    if not length:
        return WordsUnit(path, ((0.0, 0.0),), "image")
    return WordsUnit(path, tuple(Segmentation().segments(length)))
