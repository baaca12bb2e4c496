"""How the ranks of a direction are spread, in bins that grow like a logarithm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np

__all__ = ["Bin", "rank_bins"]


@dataclass(frozen=True)
class Bin:
    """Ranks from one to another.

    Attributes:
        first: the lowest rank.
        last: the highest.
        number: how many queries have such a rank.
        percent: how many of a hundred.
    """

    first: int
    last: int
    number: int
    percent: float

    @property
    def label(self) -> str:
        """The ranks in words."""
        return f"{self.first}" if self.first == self.last else f"{self.first}-{self.last}"


def rank_bins(ranks: np.ndarray, num_candidates: int) -> list[Bin]:
    """Return how many ranks lie in 1, 2, 3-5, 6-10, 11-20, 21-50 and so on, up to the number of candidates.

    The bins end where recalls are measured, so R@1, R@5, R@10 and R@50 are sums of bins.

    Args:
        ranks: int64 (Q,), 1 is best.
        num_candidates: how many there were to rank, the last rank. What could not be ranked has a rank beyond it, and
            is in the last bin.
    """
    bins = []
    first = 1
    for end in _ends():
        last = min(end, num_candidates)
        beyond = last == num_candidates
        number = int(np.count_nonzero((ranks >= first) & ((ranks <= last) | beyond)))
        bins.append(Bin(first, last, number, 100.0 * number / len(ranks)))
        if beyond:
            return bins
        first = last + 1
    raise AssertionError  # the ends have no end


def _ends() -> Iterator[int]:
    for power in count():
        yield from (10**power, 2 * 10**power, 5 * 10**power)
