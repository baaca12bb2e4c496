"""When a file was recorded, as far as texts say so: its metadata, then its name.

A file's modification time is when it was copied, for many files from phones. What the camera wrote is better.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone

__all__ = ["date_in_metadata", "date_in_name", "iso_time", "recorded_seconds"]

_DAY = r"(?P<year>19[5-9]\d|20\d\d)(?P<mark>[-_.:/]?)(?P<month>0[1-9]|1[0-2])(?P=mark)(?P<day>0[1-9]|[12]\d|3[01])"
_TIME = (
    r"(?P<hour>[01]\d|2[0-3]|\d(?=\D))[-_.:h ]?(?P<minute>[0-5]\d)"
    r"(?:[-_.:m ]?(?P<second>[0-5]\d)(?:[-.,]?\d{3}(?!\d)|[.,]\d+)?)?(?:[ \u202f]?(?P<half>[AaPp][Mm])\b)?"
)
_ZONE = r"(?P<zone>[Zz]|[-+]\d\d:?\d\d)"
_IN_METADATA = re.compile(rf"{_DAY}(?:[T ]{_TIME}(?: ?{_ZONE})?)?")
# 20240531_181233, 2024-05-31 at 6.12.33 PM, 20240531181233, 20240531-WA0001; what is no time of the day is left out.
_IN_NAME = re.compile(rf"(?<!\d){_DAY}(?:(?:[-_.T ]|[-_ ]+at[-_ ]+|(?=\d{{6}}(?!\d))){_TIME}(?!\d)|(?!\d))")
# As AVI files have it, after C's asctime.
_ASCTIME = "%a %b %d %H:%M:%S %Y"
# The best first: QuickTime's own has the time zone of the place; "date" may be when a film came out.
_KEYS = ("com.apple.quicktime.creationdate", "creation_time", "date_recorded", "datetimeoriginal", "date")
# What clocks show that were never set.
_UNSET = frozenset(datetime(year, 1, 1).date() for year in (1904, 1970, 1980))


def recorded_seconds(name: str, *, modified_seconds: float, in_metadata: float | None) -> float:
    """Return when a file was recorded, in seconds since 1970: by its metadata, else its name, else its modification.

    Args:
        name: of the file, without its folder.
        modified_seconds: when it was modified, since 1970.
        in_metadata: what :func:`date_in_metadata` found.
    """
    if in_metadata is not None:
        return in_metadata
    found = _IN_NAME.search(name)
    if found is None or (seconds := _seconds(found)) is None:
        return modified_seconds
    if found["hour"] is None and seconds <= modified_seconds < seconds + 86_400:
        return modified_seconds  # the same day, and the time of it as well
    return seconds


def date_in_metadata(metadata: Mapping[str, str]) -> float | None:
    """Return when a file was recorded, by its metadata, in seconds since 1970; None where they do not say.

    A year alone is no date, nor is what a clock shows that was never set, nor the future.

    Args:
        metadata: as ffmpeg gives it, or EXIF by its names. A time without a time zone is local time.
    """
    lowered = {key.lower(): value for key, value in metadata.items()}
    for key in _KEYS:
        value = lowered.get(key, "").strip()
        if found := _IN_METADATA.match(value):
            seconds = _seconds(found)
        else:
            try:
                seconds = _checked(datetime.strptime(value, _ASCTIME))
            except ValueError:
                continue
        if seconds is not None:
            return seconds
    return None


def date_in_name(name: str) -> float | None:
    """Return the date in a file's name, in local time, in seconds since 1970; None if there is none.

    Only dates that begin with the year are taken: 05-06-2024 is another day in another country.
    """
    found = _IN_NAME.search(name)
    return None if found is None else _seconds(found)


def iso_time(seconds: float) -> str:
    """Return a time since 1970 as ISO 8601 has it, in the local time zone, to the second."""
    return datetime.fromtimestamp(int(seconds)).astimezone().isoformat()


def _seconds(found: re.Match[str]) -> float | None:
    parts = found.groupdict()
    hour = int(parts["hour"] or 0)
    if half := parts["half"]:
        hour = hour % 12 + 12 * (half.lower() == "pm")
    try:
        time = datetime(
            int(parts["year"]),
            int(parts["month"]),
            int(parts["day"]),
            hour,
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            tzinfo=_zone(parts.get("zone")),
        )
    except ValueError:  # the 31st of a short month
        return None
    return _checked(time)


def _zone(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text in ("Z", "z"):
        return timezone.utc
    shift = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(-shift if text[0] == "-" else shift)


def _checked(time: datetime) -> float | None:
    if time.date() in _UNSET:
        return None
    try:
        seconds = time.timestamp()
    except (OverflowError, OSError, ValueError):
        return None
    return seconds if seconds <= datetime.now().timestamp() + 86_400 else None
