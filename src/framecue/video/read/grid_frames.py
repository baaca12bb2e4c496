"""All frames of a video on a fixed grid in time, as JPEG pictures: what a store of frames keeps of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from framecue.errors import VideoError
from framecue.video.read.forward import decode_places
from framecue.video.read.frames import undecodable
from framecue.video.read.grid import Extent, moments_of, places_at, shown_window
from framecue.video.read.jpeg import JPEG_QUALITY, encode_jpeg
from framecue.video.read.packets import read_packet_index
from framecue.video.read.pixels import RgbConverter

__all__ = ["GridFrame", "GridFrames", "GridOptions", "put_together", "read_grid", "read_grid_parts"]


@dataclass(frozen=True)
class GridOptions:
    """What to keep of a video.

    Attributes:
        frames_per_second: of the grid.
        short_side: larger frames are scaled down to this short side.
        quality: of the JPEG pictures, 1 to 100.
        start_seconds: from where on frames are wanted; None for the video's beginning.
        end_seconds: up to where; None for its end.
    """

    frames_per_second: float
    short_side: int
    quality: int = JPEG_QUALITY
    start_seconds: float | None = None
    end_seconds: float | None = None


@dataclass(frozen=True)
class GridFrame:
    """One frame: its number among those that are shown at the grid's moments, in order, and the picture."""

    number: int
    jpeg: bytes


@dataclass(frozen=True, eq=False)
class GridFrames:
    """The frames of a video on a grid.

    A frame that is shown at several moments is there once.

    Attributes:
        extent: when the video's pictures are shown.
        first_moment: the number of the first of M moments, which follow each other; moment k is at k / fps seconds.
        moment_frames: int32 (M,), which frame is shown at each moment.
        times_seconds: float64 (N,), when each frame is shown.
        stand_ins: the numbers of the moments at which another frame stands in for one that cannot be decoded.
        jpegs: N pictures; empty in what comes before the pictures.
    """

    extent: Extent
    first_moment: int
    moment_frames: np.ndarray
    times_seconds: np.ndarray
    stand_ins: tuple[int, ...] = ()
    jpegs: tuple[bytes, ...] = ()


def read_grid(path: str | Path, options: GridOptions) -> GridFrames:
    """Read the frames of a video on a grid.

    Raises:
        VideoError: the file cannot be opened, has nothing in the window, or fewer than half of the frames can be
            decoded.
    """
    return put_together(path, read_grid_parts(path, options))


def read_grid_parts(path: str | Path, options: GridOptions) -> Iterator[GridFrames | GridFrame]:
    """Yield what :func:`read_grid` returns bit by bit: all but the pictures, then each that can be decoded.

    Raises:
        VideoError: the file cannot be opened, has nothing in the window, or nothing of it can be decoded.
    """
    index = read_packet_index(path)
    moments = _moments(index.extent, options, path)
    places = places_at(np.arange(moments.start, moments.stop), options.frames_per_second, index.times_seconds)
    wanted, moment_frames = np.unique(places, return_inverse=True)
    yield GridFrames(index.extent, moments.start, moment_frames.astype(np.int32), index.times_seconds[wanted])
    numbers = {place: number for number, place in enumerate(wanted.tolist())}
    problems: list[str] = []
    convert = RgbConverter(short_side=options.short_side)
    num_wanted = len(numbers)
    # A jump may land where the decoder cannot recover; decoding everything is the judge of what is there.
    for is_careful in (False, True):
        if not numbers:
            return
        for place, frame in decode_places(path, index, sorted(numbers), problems, is_careful=is_careful):
            if (number := numbers.pop(place, None)) is not None:
                yield GridFrame(number, encode_jpeg(convert(*frame), quality=options.quality))
    if len(numbers) == num_wanted:
        raise VideoError(path, undecodable(problems))


def put_together(path: str | Path, parts: Iterable[GridFrames | GridFrame]) -> GridFrames:
    """Return the frames of a grid from their parts; one that is missing is replaced by the nearest.

    Args:
        path: the file, for the error message.
        parts: as :func:`read_grid_parts` yields them.

    Raises:
        VideoError: fewer than half of the frames are there.
    """
    head: GridFrames | None = None
    pictures: dict[int, bytes] = {}
    for part in parts:
        if isinstance(part, GridFrames):
            head = part
        else:
            pictures[part.number] = part.jpeg
    assert head is not None
    num_wanted = len(head.times_seconds)
    if 2 * len(pictures) < num_wanted:
        reason = f"only {len(pictures)} of {num_wanted} frames on the grid can be decoded: the file is damaged"
        raise VideoError(path, reason)
    good = np.array(sorted(pictures))
    times = head.times_seconds
    nearest = np.array([np.argmin(np.abs(times[good] - seconds)) for seconds in times], dtype=np.int32)
    is_there = np.isin(np.arange(num_wanted), good)
    missing = np.flatnonzero(~is_there[head.moment_frames]) + head.first_moment
    return replace(
        head,
        moment_frames=nearest[head.moment_frames],
        times_seconds=times[good],
        stand_ins=tuple(missing.tolist()),
        jpegs=tuple(pictures[number] for number in good.tolist()),
    )


def _moments(extent: Extent, options: GridOptions, path: str | Path) -> range:
    """Return the moments of whole seconds around the window, so that coarser grids find theirs in it as well."""
    start = None if options.start_seconds is None else float(math.floor(options.start_seconds))
    end = None if options.end_seconds is None else float(math.ceil(options.end_seconds))
    # By the window itself: one that the video does not have is refused, whatever it would be rounded to.
    shown_window(extent, options.start_seconds, options.end_seconds, path=path)
    return moments_of(extent, shown_window(extent, start, end, path=path), options.frames_per_second)
