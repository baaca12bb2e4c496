"""Read a video as an index needs it: its content's hash, then the frames of its segments, one after the other.

What is read comes as a stream, as a long video has more segments than fit into memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from framecue.errors import VideoError
from framecue.video.read.access import open_bytes
from framecue.video.read.decode import VideoReader
from framecue.video.read.forward import read_segments
from framecue.video.read.frames import Frames
from framecue.video.read.gpu import GpuUse
from framecue.video.read.heartbeat import Progress, beat
from framecue.video.read.mark import is_marked
from framecue.video.read.packets import PacketIndex, scan_packets
from framecue.video.read.recorded import read_recorded_seconds
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.segments import Segmentation
from framecue.video.read.shared_windows import SharedWindows
from framecue.video.read.shots import find_cuts
from framecue.video.read.source import check_file, open_video
from framecue.video.read.thumbnail import make_thumbnail, middle_frame
from framecue.video.read.verdict import judged

__all__ = ["Content", "Moment", "Progress", "ReadOptions", "ReadVideo", "content_hash", "read_moments"]

_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class ReadOptions:
    """What is read of each video.

    Attributes:
        sampling: which frames of each segment.
        segmentation: how the video is cut.
        short_side: scale larger frames down to this short side; None for full size.
    """

    sampling: FrameSampling
    segmentation: Segmentation = field(default_factory=Segmentation)
    short_side: int | None = None


@dataclass(frozen=True)
class Content:
    """The first that is known of a file.

    Attributes:
        video_id: hash of its content.
        is_wanted: whether its frames follow; not where its content is known already.
        duration_seconds: of the video; 0 where it is not wanted.
        num_segments: how many segments are planned; of a damaged video fewer moments may follow, but at least half.
        kind: "video", or "image" of a still picture.
        recorded_seconds: when it was recorded, by its own metadata, seconds since 1970; None where they do not say.
        warning: what is wrong with a file that is read all the same, such as a large part that is missing; or None.
        is_marked: whether it is a clip or a sheet that framecue made.
    """

    video_id: str
    is_wanted: bool
    duration_seconds: float = 0.0
    num_segments: int = 0
    kind: str = "video"
    recorded_seconds: float | None = None
    warning: str | None = None
    is_marked: bool = False


@dataclass(frozen=True, eq=False)
class Moment:
    """The frames of one segment.

    Attributes:
        start_seconds: where it starts, counted from the start of the file's sound and pictures.
        end_seconds: where it ends.
        pixels: uint8 (F, H, W, 3), RGB, in the sampling's order.
        thumbnail: its middle frame as a small WebP picture.
        num_replaced: how many of the frames stand in for others, which cannot be decoded.
    """

    start_seconds: float
    end_seconds: float
    pixels: np.ndarray
    thumbnail: bytes
    num_replaced: int = 0


Event = Content | Progress | Moment | GpuUse
# (path, options, whether a content's frames are wanted) -> what is read of it, in order
ReadVideo = Callable[[str, ReadOptions, Callable[[str], bool]], Iterator[Event]]


def read_moments(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
    """Read one video.

    Args:
        path: the file.
        options: what to read.
        is_wanted: is given the content's hash, returns whether to read on.

    Yields:
        ``Content`` once, then a ``Moment`` for each segment in order of their starts. A segment that cannot be decoded
        is left out, as long as at least half of them can.

    Raises:
        VideoError: the file cannot be read or decoded, which may come after some moments.
    """
    # Before anything is read: a pipe would have us wait for ever.
    check_file(Path(path))
    found = _look_through(path)
    if not is_wanted(found.video_id):
        yield Content(found.video_id, is_wanted=False)
        return
    with judged(path):
        yield from _read_wanted(path, found, options)


@dataclass(frozen=True, eq=False)
class _Found:
    """What one look through a file tells: its content's hash, and what its packets and its metadata say.

    ``index`` is the reason where they cannot be read, which is no matter where the content is known already.
    """

    video_id: str
    index: PacketIndex | VideoError
    recorded_seconds: float | None = None
    is_marked: bool = False


def _look_through(path: str) -> _Found:
    """Open a file, and read it once for its hash and its packets.

    Both are read at the same time, the hash ahead of the packets as it is faster. So these come from memory, and not
    from the disk once more, however large the file is.
    """
    # Opened before it is hashed: of a recording of 60 GB that was cut off, the beginning and the end say so.
    with (
        judged(path),
        open_video(path) as (container, stream),
        ThreadPoolExecutor(1, thread_name_prefix="framecue-hash") as pool,
    ):
        hashing = pool.submit(content_hash, path)
        index: PacketIndex | VideoError
        try:
            index = scan_packets(Path(path), container, stream)
            recorded_seconds = read_recorded_seconds(Path(path), container, stream)
            marked = is_marked(Path(path), container)
        except VideoError as error:
            index, recorded_seconds, marked = error, None, False
        try:
            return _Found(hashing.result(), index, recorded_seconds, marked)
        except OSError as error:
            raise VideoError(path, f"cannot be read ({error.strerror})") from error


def _read_wanted(path: str, found: _Found, options: ReadOptions) -> Iterator[Event]:
    index = found.index
    if isinstance(index, VideoError):
        raise index
    # A still picture is what lasts no time.
    is_still = index.num_frames == 1 and index.duration_seconds == index.start_seconds
    content = Content(
        found.video_id,
        True,
        index.duration_seconds,
        num_segments=1,
        kind="image" if is_still else "video",
        recorded_seconds=found.recorded_seconds,
        warning=index.warning,
        is_marked=found.is_marked,
    )
    if options.segmentation.is_whole(index.duration_seconds - index.start_seconds):
        yield content
        with VideoReader(path, index=index) as video:
            frames = video.read_frames(options.sampling, short_side=options.short_side)
        yield _moment((index.start_seconds, index.duration_seconds), frames)
        return
    segments, windows = _plan_segments(path, index, options)
    yield replace(content, num_segments=len(segments))
    yield from _read_segments(path, index, segments, windows, options)


def _plan_segments(
    path: str, index: PacketIndex, options: ReadOptions
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return (start, end) in seconds of each segment, and of the part of each of which frames are taken."""
    segmentation = options.segmentation
    cuts: list[float] = []
    if segmentation.kind == "shots":
        cuts = find_cuts(path, index)
    starts = index.times_seconds
    ends = np.append(starts[1:], index.duration_seconds)
    is_still = ends - starts > segmentation.longest_seconds
    stills = list(zip(starts[is_still].tolist(), ends[is_still].tolist(), strict=True))
    shared = SharedWindows(starts, options.sampling, segmentation) if segmentation.shares_frames else None
    segments = segmentation.segments(
        index.duration_seconds, cuts, stills=stills, first_seconds=index.start_seconds, windows=shared
    )
    return segments, segments if shared is None else [shared.looked_at(segment) for segment in segments]


def _read_segments(
    path: str,
    index: PacketIndex,
    segments: list[tuple[float, float]],
    windows: list[tuple[float, float]],
    options: ReadOptions,
) -> Iterator[Moment]:
    num_lost = 0
    found = read_segments(path, index, options.sampling, windows, short_side=options.short_side)
    for segment, frames in zip(segments, found, strict=True):
        if isinstance(frames, Frames):
            yield _moment(segment, frames)
            continue
        num_lost += 1
        if 2 * num_lost > len(segments):
            raise VideoError(
                path, f"more than half of its {len(segments)} segments cannot be decoded ({frames.reason})"
            )


def _moment(segment: tuple[float, float], frames: Frames) -> Moment:
    return Moment(*segment, frames.pixels, make_thumbnail(middle_frame(frames)), frames.num_replaced)


def content_hash(path: str) -> str:
    """Hash a file's content: BLAKE2b of 20 bytes, hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=20)
    with open_bytes(path) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            beat()
    return digest.hexdigest()
