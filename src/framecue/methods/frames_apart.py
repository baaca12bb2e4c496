"""The attention mask under which the frames of one sequence meet in a few tokens alone (as in CLIP-ViP and DGL)."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["frames_apart"]


def frames_apart(num_global: int, frame_tokens: Tensor) -> Tensor:
    """Return the additive mask (1, 1, T, T), T = M + F * P, for M global tokens in front of those of F frames.

    A global token attends to everything; a frame's token to those of its own frame and to the global ones.

    Args:
        num_global: M.
        frame_tokens: (B, F, P, D), of which the shape, the type and the device count.
    """
    frames, count = frame_tokens.shape[1:3]
    # Global tokens are in a frame of their own, which sees everything and is seen by all.
    frame = torch.arange(frames, device=frame_tokens.device).repeat_interleave(count)
    frame = torch.cat([frame.new_full((num_global,), -1), frame])
    seen = (frame[:, None] == frame) | (frame[:, None] < 0) | (frame < 0)
    mask = torch.zeros(seen.shape, dtype=frame_tokens.dtype, device=frame_tokens.device)
    return mask.masked_fill(~seen, torch.finfo(frame_tokens.dtype).min)[None, None]
