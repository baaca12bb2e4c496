"""Drawing sprites on plain backgrounds, a batch of frames at a time.

The unit of length is the frame's side, so a scene can be drawn at any size: in training at the backbone's own image
size, in files at 224 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from framecue.datasets.moji_motion.actors import ACTORS, STRANGERS, WALK_ONS, textures

__all__ = ["Sprites", "draw"]


_NUM_NAMED = len(ACTORS) + len(STRANGERS)


@dataclass(frozen=True)
class Sprites:
    """N frames with up to K sprites each; later sprites cover earlier ones.

    Attributes:
        actor: int64 (N, K), index in `ACTORS`, after them in `STRANGERS` and in `WALK_ONS`.
        x: float32 (N, K), centre, 0 left to 1 right.
        y: float32 (N, K), centre, 0 top to 1 bottom.
        size: float32 (N, K), side of the picture; 0 hides it.
        angle: float32 (N, K), radians, clockwise.
        background: float32 (N, 3), RGB in 0..1.
    """

    actor: Tensor
    x: Tensor
    y: Tensor
    size: Tensor
    angle: Tensor
    background: Tensor


def draw(sprites: Sprites, image_size: int) -> Tensor:
    """Return frames uint8 (N, 3, S, S), RGB.

    Args:
        sprites: what to draw.
        image_size: S, in pixels.
    """
    pixel = (torch.arange(image_size, dtype=torch.float32) + 0.5) / image_size
    frames = sprites.background[:, :, None, None].expand(-1, -1, image_size, image_size).clone()
    pictures, detailed = _levels(image_size, walk_ons=bool((sprites.actor >= _NUM_NAMED).any()))
    for k in range(sprites.actor.shape[1]):
        shown = torch.nonzero(sprites.size[:, k] > 0).squeeze(1)
        if not len(shown):
            continue
        size = sprites.size[shown, k]
        level = (size * image_size < detailed).long()
        texture = pictures[level, sprites.actor[shown, k]]
        cos, sin = torch.cos(sprites.angle[shown, k]), torch.sin(sprites.angle[shown, k])
        # Only pixels at which there may be something of it: most of a frame is background.
        reach = (0.5 + 0.5 / texture.shape[-1]) * image_size * size * (cos.abs() + sin.abs())
        columns = _window(sprites.x[shown, k], reach, image_size)
        rows = _window(sprites.y[shown, k], reach, image_size)
        dx = (pixel[columns] - sprites.x[shown, k, None]) * (2 / size[:, None])
        dy = (pixel[rows] - sprites.y[shown, k, None]) * (2 / size[:, None])
        # Turn the frame's axes into the texture's.
        u = cos[:, None, None] * dx[:, None, :] + sin[:, None, None] * dy[:, :, None]
        v = -sin[:, None, None] * dx[:, None, :] + cos[:, None, None] * dy[:, :, None]
        drawn = functional.grid_sample(
            texture, torch.stack([u, v], dim=-1), mode="bilinear", padding_mode="zeros", align_corners=False
        )
        height, width = drawn.shape[2:]
        corners = zip(rows[:, 0].tolist(), columns[:, 0].tolist(), strict=True)
        for number, picture, (top, left) in zip(shown.tolist(), drawn, corners, strict=True):
            under = frames[number, :, top : top + height, left : left + width]
            under.mul_(1 - picture[3:]).add_(picture[:3])
    return (frames.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def _window(centre: Tensor, reach: Tensor, image_size: int) -> Tensor:
    """Return the pixels of an axis that are within reach of a place, as many for each frame; int64 (N, P).

    Args:
        centre: float32 (N,), in frames' sides.
        reach: float32 (N,), in pixels.
        image_size: S, in pixels.
    """
    number = min(image_size, int(2 * reach.max()) + 3)
    first = (centre * image_size - reach).floor().long().clamp(0, image_size - number)
    return first[:, None] + torch.arange(number)


@cache
def _levels(image_size: int, *, walk_ons: bool) -> tuple[Tensor, float]:
    """Return textures for a frame size, (2 levels, actors, 4, side, side), and the pixels at which level 1 begins."""
    side = max(8, round(0.5 * image_size))
    details = (None, max(4, side // 2))
    levels = torch.stack([textures(side, detail=detail, strangers=True, walk_ons=walk_ons) for detail in details])
    assert levels.shape[1] == _NUM_NAMED + (len(WALK_ONS) if walk_ons else 0)
    return levels, 0.6 * side
