"""DGL's local prompts (AAAI 2024, arXiv 2401.10588): those of frames and of texts are made from one set of parameters.

Shapes: L layers, F frames, K prompts a frame, D the image encoder's width, W the text encoder's, P prompts of a text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.methods.adapter_block import adapter_block, quick_gelu
from framecue.methods.frame_positions import nearest_positions

__all__ = ["LinearPrompts", "LocalPrompts", "TransformerPrompts"]

_HEAD_WIDTH = 64


class LocalPrompts(nn.Module, ABC):
    """Makes the prompts of each layer of both towers."""

    @abstractmethod
    def for_frames(self, num_frames: int) -> Tensor:
        """Return the prompts of each frame in each layer of the image encoder, (L, F, K, D)."""

    @abstractmethod
    def for_texts(self) -> Tensor:
        """Return the prompts of a text in each layer of the text encoder, (L', P, W): prefix first, then postfix."""


class LinearPrompts(LocalPrompts):
    """Frames share learned prompts, and two linear maps make a text's prefix and postfix of them.

    A layer of the text encoder takes those of the same layer of the image encoder; if it has more layers, the last ones
    of these take the last.

    Args:
        backbone: has the widths and depths.
        num_local: K; prefix and postfix have as many.
        spread: prompts start uniform in +- this.
    """

    def __init__(self, backbone: Backbone, *, num_local: int, spread: float) -> None:
        super().__init__()
        vision, text = backbone.vision, backbone.text
        self.prompts = nn.Parameter(torch.empty(vision.num_layers, num_local, vision.width).uniform_(-spread, spread))
        self.prefix = nn.Linear(vision.width, text.width)
        self.postfix = nn.Linear(vision.width, text.width)
        self._rows = [min(layer, vision.num_layers - 1) for layer in range(text.num_layers)]

    def for_frames(self, num_frames: int) -> Tensor:
        """See `LocalPrompts.for_frames`."""
        return self.prompts[:, None].expand(-1, num_frames, -1, -1)

    def for_texts(self) -> Tensor:
        """See `LocalPrompts.for_texts`."""
        shared = self.prompts[self._rows]
        return torch.cat([self.prefix(shared), self.postfix(shared)], dim=1)


class TransformerPrompts(LocalPrompts):
    """A layer's prompts, those of a text and of each frame, attend to each other in one Transformer layer.

    Those of a text then pass an MLP to the text encoder's width. Another number of frames than in training takes the
    prompts of the nearest.

    Args:
        backbone: has the widths and depths.
        num_local: K; prefix and postfix have as many.
        num_frames: frames a video in training.
    """

    def __init__(self, backbone: Backbone, *, num_local: int, num_frames: int) -> None:
        super().__init__()
        vision, text = backbone.vision, backbone.text
        self.num_local, self._text_layers = num_local, text.num_layers
        self._vision_layers = vision.num_layers
        depth = max(vision.num_layers, text.num_layers)
        # As a token embedding of the released code starts: standard normal.
        self.prompts = nn.Parameter(torch.randn(depth, (2 + num_frames) * num_local, vision.width))
        self.unify = adapter_block(vision.width, num_heads=max(1, vision.width // _HEAD_WIDTH))
        self.widen = nn.Linear(vision.width, 2 * vision.width)
        self.narrow = nn.Linear(2 * vision.width, text.width)

    def for_frames(self, num_frames: int) -> Tensor:
        """See `LocalPrompts.for_frames`."""
        known = self.unify(self.prompts[: self._vision_layers])[:, 2 * self.num_local :]
        known = known.unflatten(1, (-1, self.num_local))
        return known[:, nearest_positions(num_frames, known.shape[1])]

    def for_texts(self) -> Tensor:
        """See `LocalPrompts.for_texts`."""
        made = self.unify(self.prompts[: self._text_layers])[:, : 2 * self.num_local]
        return self.narrow(quick_gelu(self.widen(made)))
