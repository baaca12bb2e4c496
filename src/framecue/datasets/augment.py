"""Changes to a video's frames in training, the same ones for all frames of a video."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from framecue.backbone import Preprocess

__all__ = ["RandomResizedCrop", "draw_box"]

# As in torchvision's RandomResizedCrop: aspect ratios, and how often a box that does not fit is drawn again.
ASPECT_RATIOS = (3 / 4, 4 / 3)
ATTEMPTS = 10


@dataclass(frozen=True)
class RandomResizedCrop:
    """Cuts the same random part out of each frame, resizes it to the model's square, and mirrors half of all videos.

    So X-Pool and Prompt Switch train: `RandomResizedCrop(224, scale=(0.5, 1.0))` and `RandomHorizontalFlip()`. What is
    cut out is resized with the model's own filter and antialiased; theirs is bilinear. A video that is mirrored keeps
    its caption, though that may speak of left and right.

    Attributes:
        preprocess: the model's own steps, which say the square's size and the filter.
        least_area: the smallest share of a frame that may be cut out; the largest is all of it.
    """

    preprocess: Preprocess
    least_area: float = 0.5

    def __call__(self, frames: np.ndarray, rng: np.random.Generator) -> Tensor:
        """Turn frames uint8 (F, H, W, 3) of one video into uint8 (F, 3, S, S)."""
        top, left, height, width = draw_box(frames.shape[1], frames.shape[2], rng, least_area=self.least_area)
        part = frames[:, top : top + height, left : left + width]
        if rng.random() < 0.5:
            part = part[:, :, ::-1]
        resize = self.preprocess.resize
        size = self.preprocess.crop or (resize if isinstance(resize, tuple) else (resize, resize))
        return replace(self.preprocess, resize=size, crop=None).resize_and_crop(part)


def draw_box(height: int, width: int, rng: np.random.Generator, *, least_area: float) -> tuple[int, int, int, int]:
    """Draw a part of a picture whose area and aspect ratio are random, and whose place is.

    The area is uniform between `least_area` and 1 of the picture's, the logarithm of the ratio between those of 3/4 and
    4/3. If ten such parts do not fit into a picture, which is very long then, it is its middle, at the nearest ratio.

    Args:
        height: of the picture, in pixels.
        width: of the picture.
        rng: where the randomness comes from.
        least_area: between 0 and 1.

    Returns:
        Top, left, height and width of the part.
    """
    narrowest, widest = (math.log(ratio) for ratio in ASPECT_RATIOS)
    for _ in range(ATTEMPTS):
        area = height * width * rng.uniform(least_area, 1)
        ratio = math.exp(rng.uniform(narrowest, widest))
        tall, wide = round(math.sqrt(area / ratio)), round(math.sqrt(area * ratio))
        if 0 < tall <= height and 0 < wide <= width:
            return int(rng.integers(height - tall + 1)), int(rng.integers(width - wide + 1)), tall, wide
    tall = min(height, max(1, round(width / ASPECT_RATIOS[0])))
    wide = min(width, max(1, round(height * ASPECT_RATIOS[1])))
    return (height - tall) // 2, (width - wide) // 2, tall, wide
