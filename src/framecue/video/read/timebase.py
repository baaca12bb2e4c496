"""At which rate a file's pictures are counted, and what its first one is called: its rate and its start timecode.

Editing programs count frames, while a search tells seconds. Both are read from the beginning of the file: what its
header and its first packets say; nothing is decoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.video.read.packets import scan_packets
from framecue.video.read.source import open_video
from framecue.video.read.verdict import judged

__all__ = ["STANDARD_RATES", "VideoTimebase", "nearest_standard_rate", "read_timebase"]

STANDARD_RATES = tuple(
    Fraction(rate)
    for rate in (
        *(Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 30, 48, 50, Fraction(60000, 1001), 60, 100),
        *(Fraction(120000, 1001), 120),
    )
)
"""The rates, in frames a second, at which editing programs count."""

_NTSC = Fraction(1000, 1001)
# A rate that was worked out of the length of a short file, or that is written in decimals, is a little beside the true
# one. 29.97 and 30 are five times as far apart.
_SNAP = Fraction(1, 5000)
# Ten seconds of film: enough to tell a rate that changes, and a few megabytes to read.
_FIRST_PACKETS = 256
# Of a file that is read in part, the last frames in the order of time may have others between them.
_MAX_REORDERING = 32
# In frames. Matroska keeps whole milliseconds, which are 0.06 frames at 60 frames a second.
_OFF_GRID = 0.13
# So many frames of a hundred may be missing before the rate counts as variable, here and in the whole file.
_MAX_MISSING = 0.1
_MAX_RATE = 1000
_MAX_REEL_CHARS = 64
_TIMECODE = re.compile(r"\d{1,2}:\d{2}:\d{2}[:;.]\d{2,3}", re.ASCII)


@dataclass(frozen=True)
class VideoTimebase:
    """How a file's frames are counted.

    Attributes:
        rate: frames a second, exactly: 30000/1001 for what is called 29.97; of a variable rate the standard one that
            is nearest to its average.
        is_variable: whether its frames do not come at one rate.
        timecode: of the time 0 by which its segments are counted, as the file says it: HH:MM:SS:FF, with a semicolon or
            a point before the frames where numbers are dropped; None if it does not say.
        reel: the name of the tape or card it came from, as the file says it; None if it does not.
        has_sound: whether it has a sound track.
    """

    rate: Fraction
    is_variable: bool = False
    timecode: str | None = None
    reel: str | None = None
    has_sound: bool = False


def read_timebase(path: str | Path) -> VideoTimebase:
    """Return how a file's frames are counted; only its beginning is read.

    Args:
        path: the file.

    Raises:
        VideoError: the file cannot be opened, or has no video.
    """
    path = Path(path)
    with judged(str(path)), open_video(path) as (container, stream):
        declared = [
            _snapped(Fraction(rate)) for rate in (stream.average_rate, stream.guessed_rate) if rate and rate > 0
        ]
        timecode, reel = _named(container, stream, ("timecode",)), _named(container, stream, ("reel_name", "reel"))
        has_sound = bool(container.streams.audio)
        index = scan_packets(path, container, stream, max_packets=_FIRST_PACKETS)
        seconds = np.array([], dtype=np.float64) if index.by_order else index.times_seconds
    if len(seconds) >= _FIRST_PACKETS:
        seconds = seconds[:-_MAX_REORDERING]
    rate = _constant_rate(seconds, declared)
    return VideoTimebase(
        rate or nearest_standard_rate(declared[0] if declared else _average(seconds)),
        is_variable=rate is None,
        timecode=timecode if timecode is not None and _TIMECODE.fullmatch(timecode) else None,
        reel=reel[:_MAX_REEL_CHARS] if reel else None,
        has_sound=has_sound,
    )


def nearest_standard_rate(rate: Fraction) -> Fraction:
    """Return which of STANDARD_RATES is nearest to a rate above 0, by their ratio."""
    return min(STANDARD_RATES, key=lambda standard: max(standard / rate, rate / standard))


def _constant_rate(seconds: np.ndarray, declared: list[Fraction]) -> Fraction | None:
    """Return the rate at which frames come; None if they come at no one rate.

    Args:
        seconds: float64 (N,), ascending: when the first frames are shown.
        declared: what the file says, the average over the whole file first.
    """
    declared = [rate for rate in declared if rate <= _MAX_RATE]
    if len(seconds) < 3:
        # There is nothing to compare with.
        return declared[0] if declared else None
    for rate in [*declared, _snapped(_average(seconds))]:
        places = (seconds - seconds[0]) * float(rate)
        steps = np.diff(np.round(places))
        is_on_grid = bool(np.abs(places - np.round(places)).max() <= _OFF_GRID)
        num_missing = float(np.abs(steps - 1).sum())
        is_even = num_missing <= _MAX_MISSING * len(steps)
        if is_on_grid and is_even and (not declared or declared[0] >= rate * (1 - Fraction(_MAX_MISSING))):
            return rate
    return None


def _average(seconds: np.ndarray) -> Fraction:
    """Return the frames a second of times; 25, ffmpeg's own assumption, where that cannot be said."""
    span = float(seconds[-1] - seconds[0]) if len(seconds) > 1 else 0.0
    return Fraction((len(seconds) - 1) / span).limit_denominator(100_000) if span > 0 else Fraction(25)


def _snapped(rate: Fraction) -> Fraction:
    """Return the whole rate, or the one of a thousandth less, that a rate is meant to be; itself if it is neither."""
    whole, ntsc = Fraction(round(rate)), round(rate / _NTSC) * _NTSC
    for meant in (whole, ntsc):
        if meant and abs(meant - rate) <= rate * _SNAP:
            return meant
    return rate


def _named(container: InputContainer, stream: VideoStream, names: tuple[str, ...]) -> str | None:
    """Return what a file says under one of several names: of its pictures, as a whole, or in its timecode track."""
    for metadata in _metadata(container, stream):
        told = {name.lower(): value for name, value in metadata.items()}
        for name in names:
            if told.get(name, "").strip():
                return told[name].strip()
    return None


def _metadata(container: InputContainer, stream: VideoStream) -> Iterator[Mapping[str, str]]:
    yield stream.metadata
    yield container.metadata
    for other in container.streams:
        if other.type == "data":
            yield other.metadata
