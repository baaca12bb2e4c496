"""Frames for an assistant: few, small, as JPEG, and read where a bad file can do no harm."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from framecue.errors import VideoError
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.isolate.questions.looks import LooksQuestion
from framecue.video.read.jpeg import encode_jpeg
from framecue.video.read.looks import Look

__all__ = ["MAX_BYTES", "MAX_SIDE", "Picture", "PictureReader", "as_jpeg"]

MAX_SIDE = 1024
"""How many pixels the long side of a picture has at most."""

MAX_BYTES = 700_000
"""How many bytes the pictures of one answer have together at most: assistants refuse a megabyte of base64."""

_QUALITIES = (85, 70, 50)
_LEAST_SIDE = 64


@dataclass(frozen=True)
class Picture:
    """A frame of a video.

    Attributes:
        at_seconds: the moment that it was asked for at.
        width: pixels.
        height: pixels.
        jpeg: the picture.
    """

    at_seconds: float
    width: int
    height: int
    jpeg: bytes


class PictureReader:
    """Reads frames in a process of its own, which is started when it is first needed; one file at a time.

    Use it in a ``with`` block, or close it. Threads may share it.
    """

    def __init__(self) -> None:
        self._reader = IsolatedReader()
        self._turn = threading.Lock()

    def __enter__(self) -> PictureReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; whoever reads gives up."""
        self._reader.close()

    def read(self, path: str, moments: Sequence[float], *, long_side: int) -> list[Picture]:
        """Return what is shown at moments of a file, in their order.

        Args:
            path: the file.
            moments: seconds; past the last picture, that is shown.
            long_side: scale larger pictures down to so many pixels.

        Raises:
            VideoError: the file is gone, cannot be read or decoded, or takes too long or too much memory.
        """
        question = LooksQuestion(path, tuple(moments), long_side)
        with self._turn:
            looks = [part for part in self._reader.ask(question) if isinstance(part, Look)]
        pictures: list[tuple[float, np.ndarray]] = []
        for moment in moments:
            shown = [look for look in looks if look.first_seconds <= moment <= look.last_seconds]
            # One that cannot be decoded is left out, as long as there are others.
            pictures += [(moment, look.pixels) for look in shown[:1]]
        if not pictures:
            raise VideoError(path, "nothing can be decoded at these times")
        return as_jpeg(pictures)


def as_jpeg(pictures: Sequence[tuple[float, np.ndarray]], *, max_bytes: int = MAX_BYTES) -> list[Picture]:
    """Return pictures as JPEG that have at most so many bytes together.

    Args:
        pictures: (seconds, uint8 (H, W, 3) RGB) each.
        max_bytes: of all of them. They get coarser first, then smaller.
    """
    scale = 1.0
    while True:
        for quality in _QUALITIES:
            made = [_picture(seconds, pixels, scale, quality) for seconds, pixels in pictures]
            sides = [max(each.width, each.height) for each in made]
            if sum(len(each.jpeg) for each in made) <= max_bytes or max(sides) <= _LEAST_SIDE:
                return made
        scale *= 0.7


def _picture(seconds: float, pixels: np.ndarray, scale: float, quality: int) -> Picture:
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
        small = Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), Image.Resampling.LANCZOS)
        pixels = np.asarray(small)
    height, width = pixels.shape[:2]
    return Picture(seconds, width, height, encode_jpeg(pixels, quality=quality))
