"""How a picture is shown: pixels that are not square, and margins that the file says are not part of the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image, ImageOps

__all__ = [
    "SQUARE",
    "DeclaredShape",
    "Decoded",
    "Margins",
    "Shape",
    "ShapeReader",
    "fitted",
    "of_one_size",
    "shown_size",
]

SQUARE = Fraction(1)
# Pixels more oblong than this are a mistake of the file, and so is a picture that they would make longer than that.
_MOST_OBLONG = 8
_LONGEST_SIDE = 16_384


class Margins(NamedTuple):
    """Pixels at a stored picture's edges that are not shown."""

    left: int
    right: int
    top: int
    bottom: int

    def shown(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and the height of what is shown of a picture."""
        return width - self.left - self.right, height - self.top - self.bottom


class Shape(NamedTuple):
    """How one frame is shown.

    Attributes:
        pixel: the width of a pixel divided by its height.
        margins: what is cut off, None for nothing.
    """

    pixel: Fraction = SQUARE
    margins: Margins | None = None


class Decoded(NamedTuple):
    """A frame as the decoder gives it, and how it is shown."""

    frame: VideoFrame
    shape: Shape


# How many times longer the long side may be than the short side that is asked for.
_LONGEST = 16


@dataclass(frozen=True)
class DeclaredShape:
    """What a file's container says of the shape of its pictures.

    Attributes:
        pixel: the width of a pixel divided by its height; None if the container has no word on it, or none that
            differs from the codec's at the beginning.
        margins: what is not shown of pictures of the stored size, None for nothing.
        stored_size: width and height of the pictures that have these margins.
    """

    pixel: Fraction | None = None
    margins: Margins | None = None
    stored_size: tuple[int, int] | None = None

    @classmethod
    def of(cls, stream: VideoStream, margins: Margins | None = None) -> DeclaredShape:
        """Return what the container says of the stream of a newly opened file."""
        guessed, codec = stream.sample_aspect_ratio, stream.codec_context.sample_aspect_ratio
        pixel = guessed if (guessed or SQUARE) != (codec or SQUARE) else None
        return cls(pixel, margins, (stream.width, stream.height) if margins else None)


class ShapeReader:
    """Says how the frames of a stream are shown, while it is decoded.

    The container's word goes before the codec's, as in players. What the codec says may change from one part of a
    recording to the next (a broadcast that goes from 4:3 to 16:9).

    Args:
        stream: that is decoded.
        declared: what the container says.
    """

    def __init__(self, stream: VideoStream, declared: DeclaredShape) -> None:
        self._context, self._declared = stream.codec_context, declared
        self._of_size: dict[tuple[int, int], Fraction | None] = {}

    def __call__(self, frame: VideoFrame) -> Shape:
        """Return how a frame is shown that was just decoded."""
        context, size = self._context, (frame.width, frame.height)
        # Where the size changes, the decoder speaks of the next part before it has given all frames of the last.
        self._of_size[context.width, context.height] = context.sample_aspect_ratio
        margins = self._declared.margins if size == self._declared.stored_size else None
        for said in (self._declared.pixel, self._of_size.get(size)):
            if said is not None and _is_sensible(said, *size):
                return Shape(said, margins)
        return Shape(SQUARE, margins)


def _is_sensible(pixel: Fraction, width: int, height: int) -> bool:
    if not Fraction(1, _MOST_OBLONG) <= pixel <= _MOST_OBLONG:
        return False
    return pixel == 1 or max(shown_size(width, height, pixel)) <= _LONGEST_SIDE


def shown_size(width: int, height: int, pixel: Fraction, *, short_side: int | None = None) -> tuple[int, int]:
    """Return the size at which a stored picture is shown, without losing detail: one of its sides is drawn out.

    Args:
        width: of the stored picture.
        height: of the stored picture.
        pixel: the width of a pixel divided by its height.
        short_side: the longest that the short side may be, and the long one 16 times as long; rounded once. None for
            no limit.

    Returns:
        Width and height in square pixels, at least 1.
    """
    wide, high = (width * pixel, Fraction(height)) if pixel >= 1 else (Fraction(width), height / pixel)
    short, long = min(wide, high), max(wide, high)
    if short_side is not None and long > _LONGEST * short_side and long > _LONGEST * short:
        # A strip, which may be a million pixels long: its long side is what counts.
        wide, high = wide * _LONGEST * short_side / long, high * _LONGEST * short_side / long
    elif short_side is not None and short > short_side:
        wide, high = wide * short_side / short, high * short_side / short
    return max(1, round(wide)), max(1, round(high))


def of_one_size(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Put pictures into one array; those of another size than most are fitted into that size, with black bars.

    Args:
        pictures: at least one, each uint8 (H, W, 3).

    Returns:
        uint8 (F, H, W, 3), of the size that most have, the earlier one of two that are as frequent.
    """
    sizes = [picture.shape[:2] for picture in pictures]
    size = max(sizes, key=sizes.count)
    return np.stack([fitted(picture, size) for picture in pictures])


def fitted(pixels: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """Return a picture, uint8 (H, W, 3), scaled to fit a height and a width, with black bars; unchanged if it is so."""
    if pixels.shape[:2] == size:
        return pixels
    height, width = size
    picture = ImageOps.pad(Image.fromarray(np.ascontiguousarray(pixels)), (width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture)
