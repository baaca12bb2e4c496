"""Two orders of the same things fused into one by reciprocal rank: pure arithmetic on ranks.

Cormack, Clarke and Buettcher (2009): a thing's value is the sum of 1 / (60 + rank) over the orders that have it. Ranks
are used because the two scores, cosines and BM25, cannot be compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

__all__ = ["SMOOTHING", "fuse", "shared_ranks"]

SMOOTHING = 60

K = TypeVar("K", bound=Hashable)


def shared_ranks(scored: Iterable[tuple[K, float]]) -> dict[K, int]:
    """Give each key its rank, 1 the best, by its first score; equal scores share the better rank.

    Args:
        scored: keys with scores, descending; a key may come again and is not counted again.
    """
    ranks: dict[K, int] = {}
    last_score, last_rank = None, 0
    for key, score in scored:
        if key in ranks:
            continue
        if score != last_score:
            last_score, last_rank = score, len(ranks) + 1
        ranks[key] = last_rank
    return ranks


def fuse(orders: Sequence[Mapping[K, int]]) -> dict[K, float]:
    """Give each key that is in any of the orders its value, more is better.

    Args:
        orders: the rank of each key, 1 the best.
    """
    values: dict[K, float] = {}
    for ranks in orders:
        for key, rank in ranks.items():
            values[key] = values.get(key, 0.0) + 1 / (SMOOTHING + rank)
    return values
