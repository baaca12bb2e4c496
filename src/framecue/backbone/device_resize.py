"""Resizing on the device where a model computes, as Pillow does on the processor.

Pillow resizes bytes along one axis, rounds to bytes, and resizes those along the other axis. So do the two passes here,
in float32, with PyTorch's antialiased filters, whose weights are Pillow's. PyTorch's own resize of bytes is up to 16
levels off where the sides shrink by different factors, and both passes at once up to 30 at edges, as values outside the
bytes' range are not cut off in between.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

__all__ = ["MOST_SHRUNK", "PILLOW_FILTERS", "resize_as_pillow"]

PILLOW_FILTERS = {"bilinear": 2, "bicubic": 3}
"""Pillow's numbers for the filters."""

MOST_SHRUNK = 16
"""By how much a side may shrink here: a GPU's kernel keeps a filter's weights in memory that is small."""


def resize_as_pillow(frames: Tensor, size: tuple[int, int], *, filter: str) -> Tensor:
    """Resize frames; at most 2 grey levels from what Pillow makes of them, and the same at all but 0.5 % of the values.

    Bilinear filters have many ties, which PyTorch's float32 and Pillow's integers may round to either side: there up to
    a quarter of the values is one level off.

    Args:
        frames: uint8 (F, H, W, 3), on any device.
        size: height and width of the result.
        filter: "bicubic" or "bilinear".

    Returns:
        float32 (F, 3, height, width), whole numbers from 0 to 255.
    """
    pixels = frames.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    stored = (frames.shape[1], frames.shape[2])
    if stored == size:
        return pixels
    if size[0] != stored[0] and size[1] != stored[1]:
        is_width_first = _is_width_first(stored, size, filter)
        pixels = _one_pass(pixels, (stored[0], size[1]) if is_width_first else (size[0], stored[1]), filter)
    return _one_pass(pixels, size, filter)


def _one_pass(pixels: Tensor, size: tuple[int, int], filter: str) -> Tensor:
    resized = functional.interpolate(pixels, size=size, mode=filter, antialias=True, align_corners=False)
    return resized.add_(0.5).floor_().clamp_(0, 255)


@lru_cache(maxsize=1024)
def _is_width_first(stored: tuple[int, int], size: tuple[int, int], filter: str) -> bool:
    """Whether Pillow resizes the width before the height; which it does depends on the sizes and on its version.

    It is found out by resizing a frame of noise, in which the two orders differ by some twenty levels.
    """
    noise = np.random.default_rng(0).integers(0, 2, (*stored, 3), dtype=np.uint8) * np.uint8(255)
    told = np.asarray(Image.fromarray(noise).resize(size[::-1], PILLOW_FILTERS[filter])).astype(np.float32)
    pixels = torch.from_numpy(noise).permute(2, 0, 1)[None].to(torch.float32)
    distances = []
    for between in ((stored[0], size[1]), (size[0], stored[1])):
        made = _one_pass(_one_pass(pixels, between, filter), size, filter)
        distances.append(float(np.abs(made[0].permute(1, 2, 0).numpy() - told).mean()))
    return distances[0] <= distances[1]
