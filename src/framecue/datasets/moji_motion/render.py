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
        dx = (pixel[None, :] - sprites.x[shown, k, None]) * (2 / size[:, None])
        dy = (pixel[None, :] - sprites.y[shown, k, None]) * (2 / size[:, None])
        # Turn the frame's axes into the texture's.
        u = cos[:, None, None] * dx[:, None, :] + sin[:, None, None] * dy[:, :, None]
        v = -sin[:, None, None] * dx[:, None, :] + cos[:, None, None] * dy[:, :, None]
        drawn = functional.grid_sample(
            texture, torch.stack([u, v], dim=-1), mode="bilinear", padding_mode="zeros", align_corners=False
        )
        frames[shown] = frames[shown] * (1 - drawn[:, 3:]) + drawn[:, :3]
    return (frames.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


@cache
def _levels(image_size: int, *, walk_ons: bool) -> tuple[Tensor, float]:
    """Return textures for a frame size, (2 levels, actors, 4, side, side), and the pixels at which level 1 begins."""
    side = max(8, round(0.5 * image_size))
    details = (None, max(4, side // 2))
    levels = torch.stack([textures(side, detail=detail, strangers=True, walk_ons=walk_ons) for detail in details])
    assert levels.shape[1] == _NUM_NAMED + (len(WALK_ONS) if walk_ons else 0)
    return levels, 0.6 * side
