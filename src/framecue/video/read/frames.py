"""Frames that travel with their times, and putting them together from what could be decoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framecue.errors import VideoError
from framecue.video.read.packets import PacketIndex
from framecue.video.read.shape import of_one_size

__all__ = ["Frames", "gather", "undecodable"]


@dataclass(frozen=True, eq=False)
class Frames:
    """Decoded frames with their times.

    Attributes:
        pixels: uint8 (F, H, W, 3), RGB, as shown: upright, pixels square. Where a video changes its size midway, H and
            W are those of most of the frames, and the others are fitted into them with black bars.
        times_seconds: float64 (F,), when each frame is shown, in seconds from the start of the file's sound and
            pictures: the first frame is later than 0 where sound comes first.
        num_replaced: how many of the frames stand in for others, which cannot be decoded.
    """

    pixels: np.ndarray
    times_seconds: np.ndarray
    num_replaced: int = 0


def gather(
    path: Path, index: PacketIndex, chosen: np.ndarray, pixels: Mapping[int, np.ndarray], problems: Sequence[str]
) -> Frames:
    """Put frames together from what could be decoded of them.

    Args:
        path: the file, for the error message.
        index: its index.
        chosen: int64 (F,), the places wanted, in the sampling's order.
        pixels: what was decoded, by place, each uint8 (H, W, 3); places that are not wanted do not matter.
        problems: what went wrong while decoding.

    Returns:
        F frames; one that is missing is replaced by the nearest that was chosen.

    Raises:
        VideoError: fewer than half of them are there.
    """
    places, slots = np.unique(chosen, return_inverse=True)
    good = np.array([place for place in places.tolist() if place in pixels], dtype=np.int64)
    if not len(good):
        raise VideoError(path, undecodable(problems))
    num_good = int(np.isin(chosen, good).sum())
    if 2 * num_good < len(chosen):
        reason = f"only {num_good} of {len(chosen)} sampled frames can be decoded: the file is damaged"
        raise VideoError(path, reason)
    times = index.times_seconds
    used = np.array([int(good[np.argmin(np.abs(times[good] - times[place]))]) for place in places])
    return Frames(of_one_size([pixels[used[slot]] for slot in slots]), times[used][slots], len(chosen) - num_good)


def undecodable(problems: Sequence[str]) -> str:
    """Return the words for a file of which nothing can be decoded, with what the decoder said last."""
    return "none of its frames can be decoded" + (f" ({problems[-1]})" if problems else "")
