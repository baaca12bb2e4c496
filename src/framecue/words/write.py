"""Words with times as the text of a file: SubRip (.srt), WebVTT (.vtt), or lines without times (.txt)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from framecue.errors import InputError
from framecue.words.cues import tidy
from framecue.words.timed_text import TimedText

__all__ = ["WORD_FORMATS", "format_words"]

_LEAST_MILLISECONDS = 1  # WebVTT wants a cue to end after it begins
# What readers of SubRip, which has no way to write these otherwise, take for a tag, or for a cue's times.
_SRT_TAG = re.compile(r"<(?=/?[a-zA-Z\d])|\{(?=\\)")
_VTT_SIGNS = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def format_words(texts: Iterable[TimedText], format_name: str) -> str:
    """Return words as the text of a subtitle file, or of a plain one.

    Args:
        texts: in any order; they are written by their starts, those that start together as given.
        format_name: one of WORD_FORMATS: ``srt``, ``vtt``, or ``txt`` for a line each without times.

    Returns:
        Text that ends in a line feed; empty where a file of this kind may be and there are no words. Of what overlaps
        in time, all is written. In ``srt`` an arrow of signs (``-->``) becomes one sign (→), and a space keeps a ``<``
        apart from a letter, as they would be read as something else.

    Raises:
        InputError: the format is unknown.
    """
    if format_name not in _WRITERS:
        raise InputError(f"words are not written as {format_name!r}; known: {', '.join(WORD_FORMATS)}")
    lines = [(text, tidy(text.text)) for text in sorted(texts, key=lambda text: text.start_seconds)]
    return _WRITERS[format_name]([(text, line) for text, line in lines if line])


def _srt(texts: Sequence[tuple[TimedText, str]]) -> str:
    cues = []
    for number, (text, line) in enumerate(texts, start=1):
        plain = _SRT_TAG.sub(r"\g<0> ", re.sub(r"-+>", "→", line))
        cues.append(f"{number}\n{_times(text, ',')}\n{plain}\n")
    return "\n".join(cues)


def _vtt(texts: Sequence[tuple[TimedText, str]]) -> str:
    cues = [f"{_times(text, '.')}\n{line.translate(_VTT_SIGNS)}\n" for text, line in texts]
    return "\n".join(["WEBVTT\n", *cues])


def _txt(texts: Sequence[tuple[TimedText, str]]) -> str:
    return "".join(f"{line}\n" for _, line in texts)


def _times(text: TimedText, point: str) -> str:
    start = max(0, round(1000 * text.start_seconds))
    end = max(start + _LEAST_MILLISECONDS, round(1000 * text.end_seconds))
    return f"{_clock(start, point)} --> {_clock(end, point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"


_WRITERS: dict[str, Callable[[Sequence[tuple[TimedText, str]]], str]] = {"srt": _srt, "vtt": _vtt, "txt": _txt}
WORD_FORMATS = tuple(_WRITERS)
"""The names of the formats that words are written in."""
