"""Pictures as frames: a picture is a video of one frame, whether it is a file or in memory."""

from __future__ import annotations

import os

import numpy as np
from av.video.frame import VideoFrame

from framecue.errors import InputError
from framecue.object_store.urls import noted_path
from framecue.pictures import EncodedPicture, Picture
from framecue.video.read.frame_source import VideoSource
from framecue.video.read.in_memory import NAME_OF_BYTES
from framecue.video.read.pixels import RgbConverter
from framecue.video.read.sampling import FrameSampling

__all__ = ["picture_frames", "still_frames"]


def picture_frames(
    picture: str | os.PathLike[str] | Picture | EncodedPicture,
    sampling: FrameSampling,
    source: VideoSource,
    *,
    short_side: int | None = None,
) -> np.ndarray:
    """Return the frames of a picture that a model looks at.

    Args:
        picture: as :func:`framecue.pictures.as_image` returns it.
        sampling: the model's.
        source: reads files, and the content of files.
        short_side: scale a larger picture down so that its short side is this long; ``None`` for full size.

    Returns:
        uint8 (F, H, W, 3), RGB.

    Raises:
        VideoError: a file cannot be read.
        InputError: a file is a video.
    """
    if isinstance(picture, Picture):
        return still_frames(picture.pixels, len(sampling.test_indices(1)), short_side=short_side)
    file = picture.data if isinstance(picture, EncodedPicture) else noted_path(picture)
    if (num_frames := source.probe(file).num_frames) > 1:
        name = NAME_OF_BYTES if isinstance(file, bytes) else file
        raise InputError(f"{name}: a video of {num_frames} frames, not a picture; search with a video")
    return source.read_frames(file, sampling, short_side=short_side).pixels


def still_frames(pixels: np.ndarray, num_frames: int, *, short_side: int | None = None) -> np.ndarray:
    """Return a picture as a video of one frame gives it to a model: that frame, as often as frames are wanted.

    Args:
        pixels: uint8 (H, W, 3) in RGB, or (H, W, 4) with transparency, which is laid on white.
        num_frames: F.
        short_side: scale a larger picture down so that its short side is this long; ``None`` for full size.

    Returns:
        uint8 (F, H', W', 3), read-only: the frames share one memory.
    """
    layout = "rgba" if pixels.shape[2] == 4 else "rgb24"
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=layout)
    shown = RgbConverter(short_side=short_side)(frame)
    return np.broadcast_to(shown[None], (num_frames, *shown.shape))
