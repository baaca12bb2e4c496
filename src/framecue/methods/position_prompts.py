"""Position-specific video prompts: VoP^P (Huang et al., CVPR 2023, arXiv 2211.12764).

Shapes: B videos, F frames a video, K prompts, D the vision tower's width.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from framecue.methods.frame_positions import nearest_positions
from framecue.methods.prompt_parameter import new_prompts
from framecue.methods.visual_prompts import FramePrompts

__all__ = ["PositionPrompts"]


class PositionPrompts(FramePrompts):
    """In each layer some prompts are shared by all frames, the others belong to the frame's position in the video.

    With another number of frames than in training, a frame takes the prompts of the nearest relative position.

    Args:
        num_layers: layers that have prompts.
        num_frames: frames a video in training.
        num_shared: shared prompts in each layer.
        num_specific: a position's own prompts in each layer; K is the sum of both.
        width: D.

    Attributes:
        shared: (layers, shared, D).
        specific: (layers, frames, specific, D).
    """

    def __init__(self, *, num_layers: int, num_frames: int, num_shared: int, num_specific: int, width: int) -> None:
        super().__init__()
        self.shared = new_prompts(num_layers, num_shared, width)
        self.specific = new_prompts(num_layers, num_frames, num_specific, width)

    def forward(self, index: int, *, shape: tuple[int, int], class_tokens: Callable[[], Tensor]) -> Tensor:
        """See `FramePrompts.forward`."""
        videos, frames = shape
        rows = nearest_positions(frames, self.specific.shape[1])
        specific = self.specific[index, torch.tensor(rows, device=self.specific.device)]
        both = torch.cat([self.shared[index].expand(frames, -1, -1), specific], dim=1)
        return both.expand(videos, -1, -1, -1)
