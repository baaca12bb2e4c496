"""Pictures that a caller hands over in memory: pixels as arrays or as Pillow's images, or the bytes of a picture file.

Both kinds here never change, and can be compared, hashed and pickled. They are not read from any file by this module:
pixels are the caller's own, and bytes are decoded where files are.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageOps

from framecue.arrays import as_array, is_array
from framecue.errors import InputError

__all__ = ["EncodedPicture", "ImageLike", "Picture", "as_image", "as_images", "is_image"]

# Pillow's modes with more than 8 bits a channel: turned into RGB, their values would be cut off.
_DEEP_MODES = ("I", "F")
_EIGHT_BITS = "give uint8, 0 to 255 (from floats between 0 and 1: (255 * x).round().astype('uint8'))"


@dataclass(frozen=True)
class Picture:
    """The pixels of a picture.

    Attributes:
        height: in pixels.
        width: in pixels.
        channels: 3 for RGB, 4 for RGB with transparency.
        data: height * width * channels bytes, row by row.
    """

    height: int
    width: int
    channels: int
    data: bytes = field(repr=False)

    @property
    def pixels(self) -> np.ndarray:
        """The pixels, uint8 (H, W, C), read-only."""
        return np.frombuffer(self.data, dtype=np.uint8).reshape(self.height, self.width, self.channels)

    def __str__(self) -> str:
        return f"in memory, {self.width}x{self.height}"


@dataclass(frozen=True)
class EncodedPicture:
    """The content of a picture file.

    Attributes:
        data: the bytes, in any format that a file may have.
    """

    data: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"in memory, {len(self.data)} bytes"


ImageLike = str | os.PathLike[str] | bytes | np.ndarray | Image.Image | Picture | EncodedPicture
"""A picture as callers give one: a file's path, a file's bytes, an array uint8 (H, W, 3), or an image of Pillow."""


def is_image(value: object) -> bool:
    """Whether a value is one picture, and neither several nor something else."""
    if is_array(value):
        return getattr(value, "ndim", 3) != 4
    return isinstance(value, (str, os.PathLike, bytes, bytearray, memoryview, Image.Image, Picture, EncodedPicture))


def as_images(given: ImageLike | Iterable[ImageLike]) -> list[str | os.PathLike[str] | Picture | EncodedPicture]:
    """Return one picture or several, each as :func:`as_image` returns it; an array (N, H, W, 3) is several.

    Raises:
        InputError: there is none, or one cannot be used.
    """
    if not is_image(given) and not isinstance(given, Iterable):
        raise InputError(f"{_kind(given)} is no picture; give {_ALLOWED}, or several")
    images = [as_image(item) for item in ([given] if is_image(given) else given)]  # type: ignore[union-attr]
    if not images:
        raise InputError(f"no picture given; give at least one: {_ALLOWED}")
    return images


_ALLOWED = "a path, a file's bytes, an image of Pillow, or an array uint8 (H, W, 3)"


def as_image(value: object) -> str | os.PathLike[str] | Picture | EncodedPicture:
    """Return a picture that was given as one of three: a path as it is, a file's bytes, or pixels.

    Args:
        value: a path; the bytes of a file; an image of Pillow, which is turned as its EXIF data say; an array uint8
            (H, W, 3) in RGB, (H, W, 4) with transparency, or (H, W) in grey.

    Raises:
        InputError: it is something else, has another type or shape, or Pillow cannot read it.
    """
    if isinstance(value, (str, os.PathLike, Picture, EncodedPicture)):
        return value
    if isinstance(value, (bytes, bytearray, memoryview)):
        if not len(value):
            raise InputError("the picture has no bytes; give the content of a picture file")
        return EncodedPicture(bytes(value))
    if isinstance(value, Image.Image):
        return _of_pillow(value)
    if is_array(value):
        return _of_array(as_array(value, "the picture"))
    raise InputError(f"{_kind(value)} is no picture; give {_ALLOWED}")


def _of_array(array: np.ndarray) -> Picture:
    shape = array.shape
    if array.dtype != np.uint8:
        raise InputError(f"the picture is an array of {array.dtype}; {_EIGHT_BITS}")
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size:
        hint = ""
        if array.ndim == 3 and shape[0] in (3, 4):
            hint = "; the channels come last here: x.transpose(1, 2, 0)"
        raise InputError(f"the picture is an array of shape {shape}; give (H, W, 3), (H, W, 4) or (H, W){hint}")
    height, width, channels = array.shape
    return Picture(height, width, channels, np.ascontiguousarray(array).tobytes())


def _of_pillow(image: Image.Image) -> Picture:
    if image.mode in _DEEP_MODES or image.mode.startswith("I;"):
        raise InputError(f"the picture has Pillow's mode {image.mode!r}, of more than 8 bits; turn it into RGB first")
    try:
        image = ImageOps.exif_transpose(image)
        is_clear = "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La")
        array = np.asarray(image.convert("RGBA" if is_clear else "RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:  # it may be read only now
        raise InputError(f"the picture cannot be read by Pillow: {str(error).splitlines()[0] or error!r}") from error
    return _of_array(array)


def _kind(value: object) -> str:
    return f"{value!r}" if isinstance(value, (int, float, bool, type(None))) else f"a {type(value).__name__}"
