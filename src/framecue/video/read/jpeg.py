"""Frames as JPEG pictures, which is how a store of frames keeps them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from framecue.video.read.shape import SQUARE, shown_size

__all__ = ["JPEG_QUALITY", "decode_jpeg", "encode_jpeg"]

JPEG_QUALITY = 90
"""The quality of JPEG that is kept, unless told."""


def encode_jpeg(pixels: np.ndarray, *, quality: int = JPEG_QUALITY) -> bytes:
    """Return one frame, uint8 (H, W, 3), as a JPEG picture whose colours have half its resolution, as in videos."""
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, format="JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def decode_jpeg(data: bytes, *, short_side: int | None = None) -> np.ndarray:
    """Return the pixels of a JPEG picture, uint8 (H, W, 3).

    Args:
        data: the picture.
        short_side: scale a larger picture down so that its short side is this long; ``None`` for full size. Where it is
            to be half as large or less, most of that is done by decoding fewer of its frequencies, which is faster.

    Raises:
        OSError: it is no JPEG picture, or is cut off.
    """
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as opened:
        size = shown_size(*opened.size, SQUARE, short_side=short_side)
        opened.draft("RGB", size)
        picture = opened.convert("RGB")
        if picture.size != size:
            picture = picture.resize(size, Image.Resampling.BICUBIC)
        return np.asarray(picture)
