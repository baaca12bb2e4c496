"""Reciprocal rank fusion, which makes one order of several: pure arithmetic on ranks.

Cormack, Clarke and Buettcher (2009): the value of a key is the sum of 1 / (60 + rank) over the orders that contain it.
Ranks are used because the two scores, cosines and BM25, cannot be compared.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

__all__ = ["SMOOTHING", "fuse", "shared_ranks"]

SMOOTHING = 60

K = TypeVar("K", bound=Hashable)


def shared_ranks(scored: Iterable[tuple[K, float]]) -> dict[K, int]:
    """Return the rank of each key, 1 for the best, by its first score; equal scores share the better rank.

    Args:
        scored: keys with scores, descending; a key that comes again is ignored.
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
    """Return the fused value of each key in any of the orders; more is better.

    Args:
        orders: in each, the rank of each key, 1 for the best.
    """
    values: dict[K, float] = {}
    for ranks in orders:
        for key, rank in ranks.items():
            values[key] = values.get(key, 0.0) + 1 / (SMOOTHING + rank)
    return values
