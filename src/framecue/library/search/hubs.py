"""Segments that are near to whatever is asked: querybank normalisation (Bogolin et al., CVPR 2022).

Some segments come near to many queries (hubs), and others to none, as where a title hides who acts. A model's adapter
may bring a bank of queries like those that it was trained on. How near a segment comes to the nearest of them tells how
near something comes to it that is meant; a query is set against that. So a segment that the model knows to show
something else says little for a query, and one that it makes little of is not as good as ruled out.

Shapes: K queries of the bank, N segments, E the embedding's width.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from framecue.library.store.background import Background

__all__ = ["Hubs"]

# To so many of the bank's queries, the nearest ones, a segment is compared. Chosen with the share on films of other
# seeds than benchmarks/answers.py reports; of 3 to 50 queries, and from a quarter on, all do about as well.
_NEAREST = 10
# How much of what a segment is nearer than usual is taken from a score.
_SHARE = 0.5
_SEGMENTS_AT_A_TIME = 4096


@dataclass(frozen=True, eq=False)
class Hubs:
    """Tells what scores with a library's segments have because of the segments, whatever is asked.

    Attributes:
        bank: float32 (K, E), unit vectors of queries.
        usual: how near the library's segments come to those that they are nearest to, on average.
    """

    bank: np.ndarray = field(repr=False)
    usual: float

    @classmethod
    def of(cls, background: Background) -> Hubs | None:
        """Return the hubs of a library; None if its model brings no queries."""
        if background.querybank is None or not len(background.querybank) or not len(background.sample):
            return None
        return cls(background.querybank, _usual(background))

    def corrections(self, vectors: np.ndarray) -> np.ndarray:
        """Return what is to be taken from the scores of segments, float64 (N,); less than 0 where it is to be added.

        Args:
            vectors: float (N, E), the segments', of any length above 0.
        """
        units = np.asarray(vectors, dtype=np.float32)
        units = units / np.maximum(np.linalg.norm(units, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return _SHARE * (_nearness(units, self.bank) - self.usual)


# A process that searches has one background until it is made anew, so that each search need not compare all of it.
@lru_cache(maxsize=4)
def _usual(background: Background) -> float:
    assert background.querybank is not None
    return float(_nearness(background.sample, background.querybank).mean())


def _nearness(units: np.ndarray, bank: np.ndarray) -> np.ndarray:
    """Return the mean cosine of vectors, float32 (N, E), with the nearest queries of a bank, float64 (N,)."""
    count = min(_NEAREST, len(bank))
    nearest = [
        np.partition(units[start : start + _SEGMENTS_AT_A_TIME] @ bank.T, -count, axis=1)[:, -count:]
        for start in range(0, len(units), _SEGMENTS_AT_A_TIME)
    ]
    return np.concatenate(nearest).mean(axis=1, dtype=np.float64) if nearest else np.zeros(0)
