"""Self-attention written out token by token and head by head, as slow constructions of methods need it."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

__all__ = ["attend"]


def attend(layer: Any, query_token: Tensor, seen: Tensor, num_heads: int) -> Tensor:
    """What one normed token (D,) takes from those that it sees (K, D), head by head."""
    query, keys, values = layer.q_proj(query_token), layer.k_proj(seen), layer.v_proj(seen)
    size = len(query) // num_heads
    outputs = []
    for head in range(num_heads):
        part = slice(head * size, (head + 1) * size)
        outputs.append((keys[:, part] @ query[part] / math.sqrt(size)).softmax(dim=0) @ values[:, part])
    made: Tensor = layer.out_proj(torch.cat(outputs))
    return made
