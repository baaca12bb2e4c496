"""Context-specific video prompts: VoP^C (Huang et al., CVPR 2023, arXiv 2211.12764).

Shapes: B videos, F frames a video, K prompts, D the vision tower's width.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from framecue.backbone import VisionTower
from framecue.methods.frame_positions import FramePositions
from framecue.methods.prompt_parameter import new_prompts
from framecue.methods.visual_prompts import FramePrompts

__all__ = ["CONTEXT_MODULES", "ContextModule", "ContextPrompts"]

ContextModule = Literal["bilstm", "lstm", "transformer"]


class _Recurrent(nn.Module):
    """A one-layer LSTM over the frames: (B, F, D) to (B, F, `width`)."""

    def __init__(self, vision: VisionTower, num_frames: int, *, bidirectional: bool) -> None:
        super().__init__()
        self.width = vision.width * (2 if bidirectional else 1)
        self.lstm = nn.LSTM(vision.width, vision.width, batch_first=True, bidirectional=bidirectional)

    def forward(self, class_tokens: Tensor) -> Tensor:
        return self.lstm(class_tokens)[0]


class _Transformer(nn.Module):
    """Four pre-norm layers of the tower's shape over the frames: (B, F, D) to (B, F, D).

    Attention alone does not know which frame comes first, so the frames' positions are added to its input.
    """

    NUM_LAYERS = 4

    def __init__(self, vision: VisionTower, num_frames: int) -> None:
        super().__init__()
        self.width = vision.width
        self.frame_positions = FramePositions(num_frames=num_frames, width=vision.width)
        layer = nn.TransformerEncoderLayer(
            vision.width,
            vision.num_heads,
            dim_feedforward=vision.feed_forward_width,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, self.NUM_LAYERS, norm=nn.LayerNorm(vision.width), enable_nested_tensor=False
        )

    def forward(self, class_tokens: Tensor) -> Tensor:
        return self.layers(class_tokens + self.frame_positions(class_tokens.shape[1]))


CONTEXT_MODULES: dict[ContextModule, Callable[[VisionTower, int], _Recurrent | _Transformer]] = {
    "bilstm": partial(_Recurrent, bidirectional=True),
    "lstm": partial(_Recurrent, bidirectional=False),
    "transformer": _Transformer,
}
"""The modules that can look at the frames of a video, as in the paper's ablation."""


class ContextPrompts(FramePrompts):
    """In each layer some prompts are shared by all frames, the others are made for each frame from its video.

    The class tokens that enter the layer pass as a sequence through the context module, and a linear layer maps each
    step to the frame's prompts. Both modules are the same for all layers. They make only prompts: the class tokens
    themselves stay unchanged.

    Args:
        vision: the tower.
        num_layers: layers that have prompts.
        num_frames: frames a video in training.
        num_shared: shared prompts in each layer.
        num_specific: prompts made for a frame in each layer; K is the sum of both.
        context_module: one of `CONTEXT_MODULES`.

    Attributes:
        shared: (layers, shared, D).
    """

    def __init__(
        self,
        vision: VisionTower,
        *,
        num_layers: int,
        num_frames: int,
        num_shared: int,
        num_specific: int,
        context_module: ContextModule,
    ) -> None:
        super().__init__()
        self.shared = new_prompts(num_layers, num_shared, vision.width)
        self.context = CONTEXT_MODULES[context_module](vision, num_frames)
        self.to_prompts = nn.Linear(self.context.width, num_specific * vision.width)

    def forward(self, index: int, *, shape: tuple[int, int], class_tokens: Callable[[], Tensor]) -> Tensor:
        """See `FramePrompts.forward`."""
        shared = self.shared[index]
        made = self.to_prompts(self.context(class_tokens())).unflatten(-1, (-1, shared.shape[-1]))
        return torch.cat([shared.to(made.dtype).expand(*shape, -1, -1), made], dim=2)
