"""Times in a video as people write them."""

from __future__ import annotations

import re

from framecue.errors import InputError

__all__ = ["clock", "exact_clock", "parse_time", "time_span"]

# A span shorter than this has tenths of a second: whole ones would blur where it starts and ends.
_SHORT_SECONDS = 60.0


def clock(seconds: float) -> str:
    """Write a time as m:ss, or h:mm:ss from an hour on."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def exact_clock(seconds: float, *, decimals: int) -> str:
    """Write a time as m:ss.s, or h:mm:ss.s from an hour on, rounded to this many decimals (at least 1)."""
    unit = 10**decimals
    whole, part = divmod(round(unit * seconds), unit)
    return f"{clock(whole)}.{part:0{decimals}}"


def time_span(start_seconds: float, end_seconds: float) -> str:
    """Write a span as m:ss–m:ss, a short one that is not of whole seconds as m:ss.s–m:ss.s.

    The end of a long one is rounded up.
    """
    tenths = [round(10 * seconds) for seconds in (start_seconds, end_seconds)]
    if end_seconds - start_seconds < _SHORT_SECONDS:
        digits = any(tenth % 10 for tenth in tenths)
        start, end = (clock(tenth // 10) + (f".{tenth % 10}" if digits else "") for tenth in tenths)
    else:
        start, end = clock(start_seconds), clock(-(-tenths[1] // 10))
    return f"{start}–{end}"  # noqa: RUF001 (the dash of a span)


def parse_time(text: str) -> float:
    """Read a time in seconds: ``12.5``, ``2:12.5`` or ``1:02:12.5``.

    Raises:
        InputError: the text is no time.
    """
    match = re.fullmatch(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d*)?)", text.strip(), flags=re.ASCII)
    if match:
        hours, minutes, seconds = int(match[1] or 0), int(match[2] or 0), float(match[3])
        if (match[1] is None or minutes < 60) and (match[2] is None or seconds < 60):
            return 3600 * hours + 60 * minutes + seconds
    raise InputError(f"{text!r} is no time; write seconds such as 12.5, or 2:12.5, or 1:02:12.5")
