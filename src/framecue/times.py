"""Times in a video as people write them."""

from __future__ import annotations

import re

from framecue.errors import InputError

__all__ = ["clock", "exact_clock", "parse_time", "time_span"]

# A number, which may have decimals and no digit before them.
_NUMBER = r"(?:\d{1,12}(?:\.\d*)?|\.\d{1,12})"
_SECOND = r"s(?:ec(?:ond)?s?)?"
_CLOCK = re.compile(rf"(?:(?:(\d{{1,12}}):)?(\d{{1,12}}):(?=\d))?({_NUMBER}) ?(?:{_SECOND})?", re.ASCII | re.IGNORECASE)
_UNITS = re.compile(
    rf"(?:(\d{{1,12}}) ?h(?:(?:ou)?rs?)?)? ?(?:(\d{{1,12}}) ?m(?:in(?:ute)?s?)?)? ?(?:({_NUMBER}) ?{_SECOND})?",
    re.ASCII | re.IGNORECASE,
)
# A span shorter than this is shown in tenths of a second: whole seconds would blur its start and end.
_SHORT_SECONDS = 60.0


def clock(seconds: float, *, decimals: int = 0) -> str:
    """Return a time as m:ss, or as h:mm:ss from an hour on.

    Args:
        seconds: the time, at least 0.
        decimals: of the seconds. With none, the seconds are rounded down, as on a player's clock; with some, to the
            nearest.
    """
    unit = 10**decimals
    units = round(unit * seconds) if decimals else int(seconds)
    whole, fraction = divmod(units, unit)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{fraction:0{decimals}}" if decimals else text


def exact_clock(seconds: float) -> str:
    """Return a time to the millisecond, with no more decimals than it needs: 1:01, 1:01.5, 1:01.503."""
    return clock(seconds, decimals=3).rstrip("0").rstrip(".")


def time_span(start_seconds: float, end_seconds: float) -> str:
    """Return a span as m:ss–m:ss, or as m:ss.s–m:ss.s if it is short and not in whole seconds.

    The end of a long span is rounded up.
    """
    tenths = [round(10 * seconds) for seconds in (start_seconds, end_seconds)]
    if end_seconds - start_seconds < _SHORT_SECONDS:
        decimals = int(any(tenth % 10 for tenth in tenths))
        start, end = (clock(tenth / 10, decimals=decimals) for tenth in tenths)
    else:
        start, end = clock(start_seconds), clock(-(-tenths[1] // 10))
    return f"{start}–{end}"  # noqa: RUF001 (the dash of a span)


def parse_time(text: str) -> float:
    """Return the seconds of a time such as ``12.5``, ``12.5s``, ``1m30s``, ``2 min``, ``2:12.5`` or ``1:02:12.5``.

    Units may be written out, with spaces or without, in upper or lower case.

    Raises:
        InputError: the text is not a time.
    """
    match = _CLOCK.fullmatch(text.strip()) or _UNITS.fullmatch(text.strip())
    if match and any(match.groups()):
        hours, minutes, seconds = int(match[1] or 0), int(match[2] or 0), float(match[3] or 0)
        if (match[1] is None or minutes < 60) and (match[2] is None or seconds < 60):
            return 3600 * hours + 60 * minutes + seconds
    raise InputError(f"{text!r} is no time; write seconds such as 12.5 or 30s, or 1m30s, or 2:12.5, or 1:02:12.5")
