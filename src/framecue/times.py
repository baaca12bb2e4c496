"""Times in a video as people write them."""

from __future__ import annotations

import re

from framecue.errors import InputError

__all__ = ["clock", "parse_time", "time_span"]

# A span shorter than this has tenths of a second: whole ones would blur where it starts and ends.
_SHORT_SECONDS = 60.0


def clock(seconds: float, *, decimals: int = 0, trim: bool = False) -> str:
    """Write a time as m:ss, or h:mm:ss from an hour on.

    Args:
        seconds: the time, at least 0.
        decimals: how many decimals the seconds have. Without any the time is cut, as players do; with some it is
            rounded.
        trim: leave out decimals that are 0 at the end.
    """
    units = round(seconds * 10**decimals) if decimals else int(seconds)
    whole, rest = divmod(units, 10**decimals)
    hours, minutes = divmod(whole // 60, 60)
    fraction = f"{rest:0{decimals}}" if decimals else ""
    if trim:
        fraction = fraction.rstrip("0")
    text = f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
    return f"{text}.{fraction}" if fraction else text


def time_span(start_seconds: float, end_seconds: float) -> str:
    """Write a span as m:ss–m:ss, a short one that is not of whole seconds as m:ss.s–m:ss.s.

    The end of a long one is rounded up.
    """
    tenths = [round(10 * seconds) for seconds in (start_seconds, end_seconds)]
    if end_seconds - start_seconds < _SHORT_SECONDS:
        decimals = 1 if any(tenth % 10 for tenth in tenths) else 0
        start, end = (clock(tenth / 10, decimals=decimals) for tenth in tenths)
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
