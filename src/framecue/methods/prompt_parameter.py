"""The initial values of learned prompts."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["new_prompts"]


def new_prompts(*shape: int) -> nn.Parameter:
    """Return new prompts, initialised as in VoP: normal, with a standard deviation of 0.02."""
    return nn.Parameter(torch.randn(*shape) * 0.02)
