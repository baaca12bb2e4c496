"""Learned tables over a video's frames, and the row of a frame if there are more or fewer frames than rows."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from framecue.methods.prompt_parameter import new_prompts

__all__ = ["FramePositions", "nearest_positions"]


def nearest_positions(num_frames: int, num_known: int) -> list[int]:
    """Return which of `num_known` frames has the nearest relative position to each of `num_frames`.

    A video of n frames shows n equal intervals, so frame f is at (f + 1/2) / n of it. If two are equally near, the
    later one is taken.

    Returns:
        `num_frames` indices in [0, num_known).
    """
    # While a model is traced, as for an export, PyTorch hands a tensor's sizes as tensors, which divide otherwise.
    num_frames, num_known = int(num_frames), int(num_known)
    return [(2 * frame + 1) * num_known // (2 * num_frames) for frame in range(num_frames)]


class FramePositions(nn.Module):
    """An embedding of a frame's place in the video; other numbers of frames take the nearest relative positions.

    Args:
        num_frames: frames a video in training, one row each.
        width: D.
    """

    def __init__(self, *, num_frames: int, width: int) -> None:
        super().__init__()
        self.embedding = new_prompts(num_frames, width)

    def forward(self, num_frames: int) -> Tensor:
        """Return the embeddings of a number of frames, (F, D)."""
        rows = nearest_positions(num_frames, len(self.embedding))
        return self.embedding[torch.tensor(rows, device=self.embedding.device)]
