"""Read the frames of many segments in one pass forward through a file.

Segments overlap, and keyframes are often farther apart than segments are long; reading them one by one would decode
the same frames again and again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from framecue.errors import VideoError
from framecue.video.read.budget import begin_pass
from framecue.video.read.decode import set_threads
from framecue.video.read.frames import Frames, gather
from framecue.video.read.gpu import decode_on_gpu
from framecue.video.read.packets import PacketIndex, choose_places
from framecue.video.read.pixels import RgbConverter
from framecue.video.read.plan import plan_runs, straight_run
from framecue.video.read.run import decode_run
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.shape import Decoded
from framecue.video.read.source import open_video

__all__ = ["decode_places", "read_segments"]


def read_segments(
    path: str | Path,
    index: PacketIndex,
    sampling: FrameSampling,
    segments: Sequence[tuple[float, float]],
    *,
    short_side: int | None = None,
) -> Iterator[Frames | VideoError]:
    """Read each segment's frames, the same ones that ``VideoReader.read_frames`` gives.

    Where a frame is missing, the file is opened anew and decoded from its beginning without leaving anything out, for
    the segments from there on; that happens once at most.

    Args:
        path: the file.
        index: its index.
        sampling: which frames of each segment.
        segments: (start, end) in seconds, by start.
        short_side: scale larger frames down so that their short side has this many pixels; None for full size.

    Yields:
        For each segment, in order, its frames, or why it has none. No more frames are held than those from the
        beginning of the next segment on.

    Raises:
        VideoError: the file can no longer be opened.
    """
    path = Path(path)
    waiting = deque(
        choose_places(index, sampling, rng=None, start_seconds=start, end_seconds=end, path=path)
        for start, end in segments
    )
    convert = RgbConverter(short_side=short_side)
    for is_careful in (False, True):
        if waiting:
            yield from _one_pass(path, index, waiting, convert, is_careful=is_careful)


def _one_pass(
    path: Path, index: PacketIndex, waiting: deque[np.ndarray], convert: RgbConverter, *, is_careful: bool
) -> Iterator[Frames | VideoError]:
    """Yield the waiting segments' frames: all of them or, if not careful, those before the first that lacks one."""
    pixels: dict[int, np.ndarray] = {}
    problems: list[str] = []
    places = np.unique(np.concatenate(waiting)).tolist()
    for place, frame in decode_places(path, index, places, problems, is_careful=is_careful):
        pixels[place] = convert(*frame)
        while waiting and waiting[0].max() <= place:
            if not is_careful and not pixels.keys() >= set(waiting[0].tolist()):
                return
            yield _gathered(path, index, waiting.popleft(), pixels, problems)
            first = waiting[0].min() if waiting else index.num_frames
            pixels = {place: picture for place, picture in pixels.items() if place >= first}
    while waiting and is_careful:  # the file breaks off before its end
        yield _gathered(path, index, waiting.popleft(), pixels, problems)


def _gathered(
    path: Path, index: PacketIndex, chosen: np.ndarray, pixels: dict[int, np.ndarray], problems: list[str]
) -> Frames | VideoError:
    try:
        return gather(path, index, chosen, pixels, problems)
    except VideoError as error:
        return error


def decode_places(
    path: str | Path, index: PacketIndex, places: Sequence[int], problems: list[str], *, is_careful: bool = False
) -> Iterator[tuple[int, Decoded]]:
    """Open a file and decode some of its frames, forward.

    Args:
        path: the file.
        index: its index.
        places: the frames to take, ascending, at least one.
        problems: what goes wrong while decoding is added here.
        is_careful: decode everything from the beginning, for a file in which a quicker way missed frames.

    Yields:
        Places and frames as the decoder gives them, without the places that could not be decoded.

    Raises:
        VideoError: the file cannot be opened, or takes more than it may.
    """
    if not is_careful:
        num_given = 0
        for given in decode_on_gpu(path, index, places):
            yield given
            num_given += 1
        places = places[num_given:]
        if not places:
            return
    with open_video(path) as (container, stream):
        set_threads(stream, 0)
        runs = [straight_run(index, places)] if is_careful else plan_runs(index, places)
        begin_pass(stream, sum(run.num_decoded for run in runs))
        for run in runs:
            yield from decode_run(container, stream, index, run, problems, skip=not is_careful)
