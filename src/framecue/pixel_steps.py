"""The steps from frames to a model's pixel values, in NumPy and Pillow: what needs no torch to encode takes them too.

Shapes: F frames, (H, W) their size, S the side of a model's pictures.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from framecue.errors import InputError

__all__ = ["crop_place", "normalise", "resize_and_crop", "target_size", "without_ends"]

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
# A frame is resized as a whole if it is at most so many times as large as what is cut out of it then.
_MOST_CROPS = 200


def resize_and_crop(
    frames: np.ndarray, *, resize: int | tuple[int, int], crop: tuple[int, int] | None, filter: str
) -> np.ndarray:
    """Turn frames uint8 (F, H, W, 3) into pixels uint8 (F, 3, S, S).

    Args:
        frames: RGB, 0..255.
        resize: the short side after resizing, or (height, width) to ignore the aspect ratio.
        crop: (height, width) of the centre crop, or None.
        filter: "bicubic" or "bilinear", both with antialiasing.

    Raises:
        InputError: the frames are not uint8, not (F, H, W, 3), or empty.
    """
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[-1] != 3 or not frames.size:
        raise InputError(f"frames must be uint8 (F, H, W, 3) in RGB; got {frames.dtype} of shape {frames.shape}")
    height, width = frames.shape[1:3]
    size, box = without_ends((height, width), target_size(height, width, resize), crop)
    resized = np.empty((len(frames), *size, 3), dtype=np.uint8)
    for index, frame in enumerate(frames):
        # With Pillow: torch's antialiased resize of bytes is up to 16 levels off if the two sides shrink by
        # different factors.
        image = Image.fromarray(np.ascontiguousarray(frame))
        resized[index] = np.asarray(image.resize(size[::-1], FILTERS[filter], box=box))
    pixels = resized.transpose(0, 3, 1, 2)
    return pixels if crop is None else _centre_crop(pixels, crop)


def normalise(pixels: np.ndarray, *, mean: tuple[float, ...], std: tuple[float, ...]) -> np.ndarray:
    """Turn pixels uint8 (..., 3, S, S) into float32; a channel's mean and deviation, in [0, 1], become 0 and 1."""
    deviation = np.asarray(std, dtype=np.float32)
    scale = np.float32(1.0) / (np.float32(255.0) * deviation)
    offset = np.asarray(mean, dtype=np.float32) / deviation
    # In place, on a contiguous copy: a video's pixels do not fit into a processor's caches.
    values = np.array(pixels, dtype=np.float32, order="C")
    values *= scale[:, None, None]
    values -= offset[:, None, None]
    return values


def target_size(height: int, width: int, resize: int | tuple[int, int]) -> tuple[int, int]:
    """Return the size (height, width) of a frame (height, width) after resizing; see `resize_and_crop`."""
    if isinstance(resize, tuple):
        return resize
    short, long = min(height, width), max(height, width)
    scaled = int(resize * long / short)  # truncated, as in transformers and torchvision
    return (resize, scaled) if height <= width else (scaled, resize)


def without_ends(
    shape: tuple[int, int], size: tuple[int, int], crop: tuple[int, int] | None
) -> tuple[tuple[int, int], tuple[float, float, float, float] | None]:
    """Return to which size (height, width) a frame is resized, and which part of it, for Pillow; None for all of it.

    A strip of pixels, whose short side grows, would become larger than memory before its middle is cut out; of such a
    one no more than the middle is resized.
    """
    if crop is None or size[0] * size[1] <= _MOST_CROPS * crop[0] * crop[1]:
        return size, None
    kept = (min(size[0], crop[0]), min(size[1], crop[1]))
    starts = [(whole - part) // 2 for whole, part in zip(size, kept, strict=True)]
    top, left = (shape[axis] * starts[axis] / size[axis] for axis in (0, 1))
    bottom, right = (shape[axis] * (starts[axis] + kept[axis]) / size[axis] for axis in (0, 1))
    return kept, (left, top, right, bottom)


def crop_place(length: int, size: int) -> tuple[int, int, int]:
    """Return where a centre crop takes `size` pixels of a side: black ones before it, black ones behind it, its start.

    The start counts the black ones; where there are enough pixels there are none of these.
    """
    missing = max(0, size - length)
    before = (missing + 1) // 2  # the image processor's own rounding
    return before, missing - before, (length + missing - size) // 2


def _centre_crop(pixels: np.ndarray, crop: tuple[int, int]) -> np.ndarray:
    """Cut (height, width) from the middle; where the frame is too small, it is padded with black."""
    for axis, size in zip((-2, -1), crop, strict=True):
        before, behind, start = crop_place(pixels.shape[axis], size)
        if before:
            widths = [(0, 0)] * pixels.ndim
            widths[axis] = (before, behind)
            pixels = np.pad(pixels, widths)
        pixels = _narrow(pixels, axis, start, size)
    return pixels


def _narrow(pixels: np.ndarray, axis: int, start: int, size: int) -> np.ndarray:
    cut: list[slice] = [slice(None)] * pixels.ndim
    cut[axis] = slice(start, start + size)
    return pixels[tuple(cut)]
