"""Token merging in loops over pairs, to which the real one is compared."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["slow_merge"]


def slow_merge(
    tokens: Tensor, sizes: Tensor, likeness: Tensor, *, num_merged: int, num_classes: int
) -> tuple[Tensor, Tensor]:
    """Merge the tokens of one sequence by bipartite soft matching, pair by pair.

    Sources stand at even places, targets at odd ones.
    """
    patches = range(num_classes, len(tokens))
    sources, targets = [p for p in patches if p % 2 == 0], [p for p in patches if p % 2 == 1]
    matches = []
    for source in sources:
        best, partner = -math.inf, -1
        for target in targets:
            dot = (likeness[source] @ likeness[target]).item()
            cosine = dot / math.sqrt((likeness[source] ** 2).sum().item() * (likeness[target] ** 2).sum().item())
            if cosine > best:
                best, partner = cosine, target
        matches.append((best, source, partner))
    matches.sort(key=lambda match: -match[0])
    gone = {source: target for _, source, target in matches[: min(num_merged, len(patches) // 2)]}
    made, counts = [], []
    for place in [*range(num_classes), *(source for source in sources if source not in gone), *targets]:
        group = [place, *(source for source, target in gone.items() if target == place)]
        total = sum(sizes[member].item() for member in group)
        made.append(torch.stack([tokens[member] * (sizes[member].item() / total) for member in group]).sum(dim=0))
        counts.append(total)
    return torch.stack(made), torch.tensor(counts, dtype=torch.float64)
