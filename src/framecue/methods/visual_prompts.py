"""Visual prompts of VoP (Huang et al., CVPR 2023, arXiv 2211.12764): learned tokens in every layer, frame by frame.

Shapes: B videos, F frames a video, S pixels, T a frame's own tokens, K prompts, D the vision tower's width.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from framecue.backbone import VisionTower
from framecue.methods.prompt_parameter import new_prompts

__all__ = ["CommonPrompts", "FramePrompts", "run_frame_layers"]


class FramePrompts(nn.Module, ABC):
    """Makes the prompts of each frame in each of the first layers of a vision tower."""

    @abstractmethod
    def forward(self, index: int, *, shape: tuple[int, int], class_tokens: Callable[[], Tensor]) -> Tensor:
        """Return the prompts of one layer.

        Args:
            index: the layer, from 0.
            shape: (B, F).
            class_tokens: returns the frames' class tokens (or those in their place) that enter the layer, (B, F, D).

        Returns:
            (B, F, K, D).
        """


class CommonPrompts(FramePrompts):
    """Plain VoP: in each layer the same K prompts for all frames. `prompts` is (layers, K, D)."""

    def __init__(self, *, num_layers: int, num_prompts: int, width: int) -> None:
        super().__init__()
        self.prompts = new_prompts(num_layers, num_prompts, width)

    def forward(self, index: int, *, shape: tuple[int, int], class_tokens: Callable[[], Tensor]) -> Tensor:
        """See `FramePrompts.forward`."""
        return self.prompts[index].expand(*shape, -1, -1)


def run_frame_layers(vision: VisionTower, pixel_values: Tensor, prompts: FramePrompts, *, num_layers: int) -> Tensor:
    """Run the first layers of a tower on frames, each frame by itself with its prompts, and return the tokens.

    A layer sees `[class, prompts, patches]`. After it the prompts are dropped, and the next layer gets its own. The
    prompts of layer 0 pass the norm in front of it, as in the released code; later ones pass only the layer's norm.

    Args:
        vision: the tower.
        pixel_values: (B, F, 3, S, S), normalised.
        prompts: makes the prompts.
        num_layers: how many layers to run, at least 1.

    Returns:
        (B, F, T, D), the frames' own tokens.
    """
    shape = (pixel_values.shape[0], pixel_values.shape[1])
    images, start = pixel_values.flatten(0, 1), vision.num_class_tokens

    def class_tokens(tokens: Tensor) -> Tensor:
        return vision.summarise(tokens).unflatten(0, shape)

    def join(own: Tensor, index: int) -> Tensor:
        made = prompts(index, shape=shape, class_tokens=partial(class_tokens, own)).flatten(0, 1).to(own.dtype)
        return torch.cat([own[:, :start], made, own[:, start:]], dim=1)

    made = prompts(0, shape=shape, class_tokens=lambda: class_tokens(vision.embed(images))).flatten(0, 1)
    tokens, end = vision.embed(images, prompts=made), start + made.shape[1]
    own, places = tokens, vision.places(prompts_before=end - start, device=tokens.device)
    for index in range(num_layers):
        tokens = vision.run_layer(index, join(own, index) if index else tokens, places=places)
        own = torch.cat([tokens[:, :start], tokens[:, end:]], dim=1)
    return own.unflatten(0, shape)
