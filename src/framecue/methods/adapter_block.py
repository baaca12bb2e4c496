"""A small pre-norm Transformer layer with QuickGELU, as released codes put it into adapters and prompt generators."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["adapter_block", "quick_gelu"]


def quick_gelu(values: Tensor) -> Tensor:
    """Return x * sigmoid(1.702 x), the activation of OpenAI's CLIP."""
    return values * torch.sigmoid(1.702 * values)


def adapter_block(width: int, *, num_heads: int) -> nn.TransformerEncoderLayer:
    """Return a layer that takes (N, T, width), with an MLP four times as wide and no dropout."""
    return nn.TransformerEncoderLayer(
        width,
        num_heads,
        dim_feedforward=4 * width,
        dropout=0.0,
        activation=quick_gelu,
        batch_first=True,
        norm_first=True,
    )
