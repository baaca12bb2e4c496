"""Read a video as an index needs it: its content's hash, then the frames of its segments, one after the other.

What a reader gives is a stream, as a long video has more segments than fit into memory.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from framecue.errors import VideoError
from framecue.video.decode import VideoReader
from framecue.video.sampling import FrameSampling
from framecue.video.segments import Segmentation

__all__ = ["Content", "Moment", "Progress", "ReadOptions", "ReadVideo", "content_hash", "read_moments"]

THUMBNAIL_SIDE = 192

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
        num_segments: how many moments follow.
    """

    video_id: str
    is_wanted: bool
    duration_seconds: float = 0.0
    num_segments: int = 0


@dataclass(frozen=True, eq=False)
class Moment:
    """The frames of one segment.

    Attributes:
        start_seconds: where it starts in the video.
        end_seconds: where it ends.
        pixels: uint8 (F, H, W, 3), RGB, in the sampling's order.
        thumbnail: its middle frame as a small WebP picture.
    """

    start_seconds: float
    end_seconds: float
    pixels: np.ndarray
    thumbnail: bytes


@dataclass(frozen=True)
class Progress:
    """A sign that a long step goes on, of no other meaning."""


Event = Content | Progress | Moment
# (path, options, whether a content's frames are wanted) -> what is read of it, in order
ReadVideo = Callable[[str, ReadOptions, Callable[[str], bool]], Iterator[Event]]


def read_moments(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
    """Read one video.

    Args:
        path: the file.
        options: what to read.
        is_wanted: told the content's hash, says whether to read on.

    Yields:
        ``Content`` once, then a ``Moment`` for each segment in order of their starts, with ``Progress`` anywhere
        between.

    Raises:
        VideoError: the file cannot be read or decoded, which may come after some moments.
    """
    try:
        video_id = content_hash(path)
    except OSError as error:
        raise VideoError(path, f"cannot be read ({error.strerror})") from error
    if not is_wanted(video_id):
        yield Content(video_id, is_wanted=False)
        return
    with VideoReader(path) as video:
        duration_seconds = video.index.duration_seconds
        yield Content(video_id, True, duration_seconds, num_segments=1)
        frames = video.read_frames(options.sampling, short_side=options.short_side)
        yield Moment(0.0, duration_seconds, frames.pixels, _thumbnail(frames.pixels[len(frames.pixels) // 2]))


def content_hash(path: str) -> str:
    """Hash a file's content: BLAKE2b of 20 bytes, hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=20)
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _thumbnail(pixels: np.ndarray) -> bytes:
    """Make a WebP picture, at most THUMBNAIL_SIDE on its long side, of one frame uint8 (H, W, 3)."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=60)
    return buffer.getvalue()
