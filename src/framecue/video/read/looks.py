"""Single pictures of a video at given moments, no larger than what looks at them needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framecue.errors import InputError, VideoError
from framecue.video.read.forward import decode_places
from framecue.video.read.frames import undecodable
from framecue.video.read.packets import PacketIndex, read_packet_index
from framecue.video.read.pixels import RgbConverter
from framecue.video.read.shape import Decoded
from framecue.video.read.verdict import judged

__all__ = ["Look", "read_looks"]


@dataclass(frozen=True, eq=False)
class Look:
    """A picture that is shown at one or several of the moments asked for.

    Attributes:
        first_seconds: the first of these moments.
        last_seconds: the last of them; the same picture is shown from the one to the other.
        pixels: uint8 (H, W, 3), RGB, upright, with square pixels.
    """

    first_seconds: float
    last_seconds: float
    pixels: np.ndarray


def read_looks(path: str | Path, moments: Sequence[float], *, long_side: int) -> Iterator[Look]:
    """Read what is shown at moments of a video; each picture comes once, however many moments it is shown at.

    Only the frames that are shown then, and those that they need, are decoded, forward.

    Args:
        path: the file.
        moments: seconds, in any order, counted as segments are; one before the first picture, or after the last, counts
            as the first's or the last's.
        long_side: scale larger pictures down so that their long side has this many pixels.

    Yields:
        The pictures in the order of time, without those that cannot be decoded. In a file in which a quick way misses
        some, all of its frames are decoded for these, and they come after the others.

    Raises:
        InputError: ``long_side`` is below 1.
        VideoError: the file cannot be opened, or none of the pictures can be decoded.
    """
    if long_side < 1:
        raise InputError(f"long_side is {long_side}; it must be at least 1")
    if not moments:
        return
    with judged(str(path)):
        index = read_packet_index(path)
        moments_of_place = _moments_of_places(index, moments)
        convert = _Converter(long_side)
        problems: list[str] = []
        wanted = sorted(moments_of_place)
        given: set[int] = set()
        for is_careful in (False, True):
            left = [place for place in wanted if place not in given]
            if not left:
                return
            for place, frame in decode_places(path, index, left, problems, is_careful=is_careful):
                given.add(place)
                seen = moments_of_place[place]
                yield Look(min(seen), max(seen), convert(frame))
        if not given:
            raise VideoError(path, undecodable(problems))


def _moments_of_places(index: PacketIndex, moments: Sequence[float]) -> dict[int, list[float]]:
    places = np.searchsorted(index.times_seconds, np.asarray(moments, dtype=np.float64), side="right") - 1
    found: dict[int, list[float]] = {}
    for place, moment in zip(np.maximum(places, 0).tolist(), moments, strict=True):
        found.setdefault(place, []).append(moment)
    return found


class _Converter:
    """Converts frames to pictures with a bounded long side; the frames of a video may change their size."""

    def __init__(self, long_side: int) -> None:
        self._long_side = long_side
        self._full = RgbConverter()
        self._smaller: dict[int, RgbConverter] = {}

    def __call__(self, frame: Decoded) -> np.ndarray:
        short, long = sorted(self._full.size(*frame))
        if long <= self._long_side:
            return np.ascontiguousarray(self._full(*frame))
        short_side = max(1, round(short * self._long_side / long))
        converter = self._smaller.setdefault(short_side, RgbConverter(short_side=short_side))
        return np.ascontiguousarray(converter(*frame))
