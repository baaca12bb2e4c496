"""The name of a moment of a video, as one word for a shell: ``clips/dog.mp4@1:01.5-1:06.5``."""

from __future__ import annotations

import re

from framecue.errors import InputError
from framecue.times import exact_clock, parse_time

__all__ = ["format_hit", "is_span", "parse_hit"]

_TIME = r"(?:(?:\d+:)?\d{1,2}:)?\d+(?:\.\d*)?"
# Hyphens and dashes: tables show the one, and what copies them may make another of it.
_SPAN = rf"(?P<start>{_TIME})\s*[-\u2010-\u2015\u2212]\s*(?P<end>{_TIME})"
_ONLY_SPAN = re.compile(_SPAN, re.ASCII)
# Times hold no "@", so a path may: the last one counts. As tables show them, times stand beside the path.
_FORMS = tuple(
    re.compile(form, re.DOTALL | re.ASCII)
    for form in (
        rf"(?P<path>.+)@{_SPAN}",
        rf"(?P<path>.*\S)\s+{_SPAN}\s*",
        rf"\s*(?:\d+\s+-?\d+\.\d+\s+)?{_SPAN}\s+(?P<path>\S.*)",  # with rank and score
    )
)


def format_hit(path: str, start_seconds: float, end_seconds: float) -> str:
    """Name a moment, its times as m:ss or h:mm:ss with as much of milliseconds as they have.

    Args:
        path: the file.
        start_seconds: where the moment starts, at least 0.
        end_seconds: where it ends.
    """
    start, end = (exact_clock(seconds) for seconds in (start_seconds, end_seconds))
    return f"{path}@{start}-{end}"


def parse_hit(text: str) -> tuple[str, float, float]:
    """Take a moment's name apart.

    Args:
        text: PATH@START-END, times in seconds, m:ss or h:mm:ss, with decimals if wanted; or a path and such times side
            by side, as tables show them. Any hyphen or dash will do.

    Returns:
        The path, and the start and the end in seconds.

    Raises:
        InputError: the text is no such name, or the moment ends before it starts.
    """
    match = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if match is None:
        raise InputError(f"{text!r} names no moment: give PATH@START-END, for example dog.mp4@1:01.5-1:06.5")
    start_seconds, end_seconds = parse_time(match["start"]), parse_time(match["end"])
    if end_seconds < start_seconds:
        raise InputError(f"{text!r} ends before it starts: give PATH@START-END")
    return match["path"], start_seconds, end_seconds


def is_span(text: str) -> bool:
    """Whether a text is the times of a moment without a path: START-END, with any hyphen or dash."""
    return _ONLY_SPAN.fullmatch(text.strip()) is not None
