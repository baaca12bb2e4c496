"""Small pictures of what a segment shows."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from framecue.video.read.frames import Frames

__all__ = ["THUMBNAIL_SIDE", "make_thumbnail", "middle_frame"]

THUMBNAIL_SIDE = 192
"""The longest side of a thumbnail, in pixels."""


def make_thumbnail(pixels: np.ndarray) -> bytes:
    """Make a WebP picture, at most THUMBNAIL_SIDE on its long side, of one frame uint8 (H, W, 3)."""
    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=60)
    return buffer.getvalue()


def middle_frame(frames: Frames) -> np.ndarray:
    """Return the frame in the middle by time, uint8 (H, W, 3), in whichever order the frames are."""
    order = np.argsort(frames.times_seconds, kind="stable")
    middle: np.ndarray = frames.pixels[order[len(order) // 2]]
    return middle
