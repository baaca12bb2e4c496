"""The name of a moment of a video, as one word for a shell: ``clips/dog.mp4@1:01.5-1:06.5``."""

from __future__ import annotations

import re

from framecue.errors import InputError
from framecue.times import exact_clock, parse_time

__all__ = ["format_hit", "parse_hit"]

_TIME = r"(?:(?:\d+:)?\d{1,2}:)?\d+(?:\.\d*)?"
# Times hold no "@", so a path may: the last one counts.
_HIT = re.compile(rf"(?P<path>.+)@(?P<start>{_TIME})-(?P<end>{_TIME})", re.DOTALL | re.ASCII)


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
        text: PATH@START-END, times in seconds, m:ss or h:mm:ss, with decimals if wanted.

    Returns:
        The path, and the start and the end in seconds.

    Raises:
        InputError: the text is no such name, or the moment ends before it starts.
    """
    match = _HIT.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} names no moment: give PATH@START-END, for example dog.mp4@1:01.5-1:06.5")
    start_seconds, end_seconds = parse_time(match["start"]), parse_time(match["end"])
    if end_seconds < start_seconds:
        raise InputError(f"{text!r} ends before it starts: give PATH@START-END")
    return match["path"], start_seconds, end_seconds
