"""Token merging (ToMe, Bolya et al., ICLR 2023, arXiv 2210.09461): tokens that are alike become one, their mean.

Shapes: N sequences, T tokens, D their width. The first tokens of a sequence are class tokens and are never merged.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

__all__ = ["merge_tokens", "size_bias"]


def merge_tokens(
    tokens: Tensor, sizes: Tensor, places: Tensor, likeness: Tensor, *, num_merged: int, num_classes: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Merge pairs of alike tokens by bipartite soft matching.

    Every other patch is a source, beginning so that sources and targets alternate over the whole sequence; the others
    are targets. Each source is matched with the target whose `likeness` has the largest cosine to its own. The
    `num_merged` best matched sources go into their targets; several may go into one. A token that stands for several
    of the image's has their mean, weighted by sizes.

    Args:
        tokens: (N, T, D).
        sizes: how many of the image's tokens each stands for, (N, T).
        places: where each lies in its image, (N, T); a target keeps its own.
        likeness: what is compared, (N, T, C); no gradient goes through it.
        num_merged: r; at most half of the patches are merged.
        num_classes: how many tokens in front are no patches.

    Returns:
        tokens (N, T - r, D): the class tokens, the sources that stay, the targets, each in their order; their sizes
        (N, T - r); and their places (N, T - r).
    """
    num_merged = min(num_merged, (tokens.shape[1] - num_classes) // 2)
    if num_merged <= 0:
        return tokens, sizes, places
    first_source = num_classes + num_classes % 2
    first_target = num_classes + 1 - num_classes % 2
    with torch.no_grad():
        directions = functional.normalize(likeness, dim=-1)
        cosines = directions[:, first_source::2] @ directions[:, first_target::2].transpose(1, 2)
        best, partner = cosines.max(dim=-1)
        ranked = best.argsort(dim=-1, descending=True, stable=True)  # equal ones in their order, on every machine
        merged, kept = ranked[:, :num_merged], ranked[:, num_merged:].sort(dim=-1).values
        into = partner.gather(1, merged)
    # The size is one more channel, so that both are moved at once.
    weights = sizes[..., None]
    weighted = torch.cat([tokens * weights, weights], dim=-1)
    sources, targets = weighted[:, first_source::2], weighted[:, first_target::2]
    targets = targets.scatter_add(1, _rows(into, weighted), sources.gather(1, _rows(merged, weighted)))
    made = torch.cat([weighted[:, :num_classes], sources.gather(1, _rows(kept, weighted)), targets], dim=1)
    lie = [places[:, :num_classes], places[:, first_source::2].gather(1, kept), places[:, first_target::2]]
    return (made[..., :-1] / made[..., -1:]).to(tokens.dtype), made[..., -1], torch.cat(lie, dim=1)


def _rows(places: Tensor, like: Tensor) -> Tensor:
    """Return places (N, K) as an index of whole rows of an array (N, T, D): (N, K, D)."""
    return places[..., None].expand(-1, -1, like.shape[-1])


def size_bias(sizes: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the additive attention mask (N, 1, 1, T) by which a token of size s counts as s tokens: log s."""
    return sizes.log().to(dtype)[:, None, None]
