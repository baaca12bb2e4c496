"""Ways to switch prompts between the frames of a chunk.

Cubes are (C, P, P, m, D): of each of C chunks, frame i's j-th block of m prompts, for P frames and P blocks a frame.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

__all__ = ["LearnedSwitch", "cyclic", "transposed"]

# Normalisations of the rows and columns of a learned switch: at its start it needs none, and training moves it slowly.
_ROUNDS = 10
_START_SHARE = 0.9


def transposed(cubes: Tensor) -> Tensor:
    """Return the cubes with frame i's j-th block as frame j's i-th: the paper's Prompt Switch."""
    return cubes.transpose(1, 2)


def cyclic(cubes: Tensor) -> Tensor:
    """Return the cubes with each j-th block moved on by j frames, round the chunk: frame i gets frame (i - j)'s."""
    place = torch.arange(cubes.shape[1], device=cubes.device)
    return cubes[:, (place[:, None] - place) % len(place), place]


class LearnedSwitch(nn.Module):
    """Mixes all blocks of a chunk by a relaxed permutation for each layer, which is learned.

    A matrix of P * P rows and columns is made doubly stochastic by normalising its rows and columns in turns (Sinkhorn,
    as in Mena et al., ICLR 2018, arXiv 1802.08665). At the start nine tenths of each block come from where the
    transposition takes it, the rest from all others alike.

    Args:
        num_layers: how many layers switch.
        num_frames: P.
    """

    def __init__(self, *, num_layers: int, num_frames: int) -> None:
        super().__init__()
        size = num_frames**2
        # Of size - 1 others at 0, this much above them is a share of nine tenths.
        start = math.log(max(size - 1, 1) * _START_SHARE / (1 - _START_SHARE))
        places = torch.arange(size).unflatten(0, (num_frames, num_frames))
        self.logits = nn.Parameter(start * torch.eye(size)[places.T.flatten()].repeat(num_layers, 1, 1))

    def forward(self, cubes: Tensor, layer: int) -> Tensor:
        """Return the mixed cubes of the `layer`-th layer that switches."""
        mixed = self.shares(layer).to(cubes.dtype) @ cubes.flatten(1, 2).flatten(2)
        return mixed.reshape(cubes.shape)

    def shares(self, layer: int) -> Tensor:
        """Return what share of each block (column) is in each place (row), (P * P, P * P), in at least float32."""
        logits = self.logits[layer].to(torch.promote_types(self.logits.dtype, torch.float32))
        for _ in range(_ROUNDS):
            logits = logits.log_softmax(dim=0).log_softmax(dim=1)
        return logits.exp()
