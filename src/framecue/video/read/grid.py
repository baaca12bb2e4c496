"""A fixed grid of frames: those that are shown at whole multiples of 1/fps seconds, as ffmpeg's ``-r`` keeps them.

It is counted from the file's zero, not from a window's start, so that all windows of a file share its frames and they
can be kept once. Nothing here knows a file: what a video's own index says of its time, a store of frames says as well,
and both choose the same frames.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from framecue.errors import VideoError
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.window import check_window

__all__ = ["EDGE_SECONDS", "Extent", "choose_moments", "moments_of", "places_at", "shown_window"]

EDGE_SECONDS = 0.0005
"""By how much a window's edge or a grid's moment may miss a frame's time and still mean it: mkv rounds to 1 ms."""


class Extent(NamedTuple):
    """When a video's pictures are shown, in seconds from the container's start.

    Attributes:
        start_seconds: when the first picture is shown.
        pictures_end_seconds: when the last one's own time is over.
        duration_seconds: the end of the pictures, or of sound that goes on for longer.
    """

    start_seconds: float
    pictures_end_seconds: float
    duration_seconds: float


def shown_window(
    extent: Extent, start_seconds: float | None, end_seconds: float | None, *, path: str | Path
) -> tuple[float, float]:
    """Return from when to when a window shows pictures of their own.

    Args:
        extent: the video's.
        start_seconds: where the window starts; ``None`` for the first picture.
        end_seconds: where it ends; ``None`` for the end, and later than the end means the end.
        path: for the error message.

    Raises:
        InputError: the window ends before it starts, or starts before 0.
        VideoError: it starts after the video has ended, or ends before its first picture.
    """
    check_window(start_seconds, end_seconds)
    start, end = 0.0 if start_seconds is None else start_seconds, extent.pictures_end_seconds
    if start > 0 and start >= extent.duration_seconds - EDGE_SECONDS:
        lasts = f"the video lasts {extent.duration_seconds:.3f} seconds"
        raise VideoError(path, f"the window starts at {start} seconds, but {lasts}")
    if end_seconds is not None:
        if extent.start_seconds and end_seconds <= extent.start_seconds + EDGE_SECONDS:
            late = f"the window ends at {end_seconds} seconds, but the first picture is shown at"
            raise VideoError(path, f"{late} {extent.start_seconds:.3f} seconds")
        end = min(end_seconds, end)
    return max(start, extent.start_seconds), end


def moments_of(extent: Extent, window: tuple[float, float], frames_per_second: float) -> range:
    """Return the numbers of the grid's moments in a window; moment k is at k / frames_per_second seconds.

    The first moment of a video is the last one that is not after its first picture, and shows that. A window between
    two moments has the one before it, so there is always one.

    Args:
        extent: the video's.
        window: as :func:`shown_window` returns it.
        frames_per_second: of the grid, above 0.
    """
    slack = EDGE_SECONDS * frames_per_second
    start, end = (seconds * frames_per_second for seconds in window)
    first = math.floor(extent.start_seconds * frames_per_second + slack)
    last = max(first, math.ceil(extent.pictures_end_seconds * frames_per_second - slack) - 1)
    low = first if window[0] <= extent.start_seconds else math.ceil(start - slack)
    high = min(last, math.ceil(end - slack) - 1)
    if low > high:
        low = high = min(max(math.floor(start + slack), first), last)
    return range(low, high + 1)


def choose_moments(
    extent: Extent,
    window: tuple[float, float],
    sampling: FrameSampling,
    *,
    rng: np.random.Generator | None,
) -> np.ndarray:
    """Choose the moments that a sampling on a grid takes of a window.

    Args:
        extent: the video's.
        window: as :func:`shown_window` returns it.
        sampling: with ``frames_per_second``.
        rng: for training sampling; ``None`` for the fixed one.

    Returns:
        int64 (F,), numbers of moments, in the sampling's order.
    """
    assert sampling.frames_per_second is not None
    moments = moments_of(extent, window, sampling.frames_per_second)
    length = len(moments)
    parts = sampling.test_indices(length) if rng is None else sampling.train_indices(length, rng)
    return np.array([moments[part] for part in parts], dtype=np.int64)


def places_at(moments: Sequence[int] | np.ndarray, frames_per_second: float, times_seconds: np.ndarray) -> np.ndarray:
    """Return which frame is shown at each moment of a grid: int64, places in ascending times, the first before them."""
    ticks = np.asarray(moments) / frames_per_second + EDGE_SECONDS
    return np.maximum(np.searchsorted(times_seconds, ticks, side="right") - 1, 0)
