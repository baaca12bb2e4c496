"""Whether a quantised graph may stand for a model: what it makes of a run's own first frames says so.

Shapes: B videos, N queries, E the embedding's width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["LEAST_COSINE", "LEAST_RANK_CORRELATION", "Check", "check", "first_that_passes"]

LEAST_COSINE = 0.999
"""Of a video's vector by the quantised graph and by the one in float32."""
LEAST_RANK_CORRELATION = 0.99
"""Spearman's, of the ranking of the ordinary queries for a video by the two."""


@dataclass(frozen=True)
class Check:
    """How far one encoder's vectors are from another's, by the video for which they differ most.

    Attributes:
        cosine: of the two vectors of a video.
        rank_correlation: Spearman's, of the two rankings of the queries for a video.
        num_videos: how many videos were looked at.
    """

    cosine: float
    rank_correlation: float
    num_videos: int

    @property
    def passes(self) -> bool:
        """Whether the one may stand for the other."""
        return self.cosine >= LEAST_COSINE and self.rank_correlation >= LEAST_RANK_CORRELATION


def check(wanted: np.ndarray, found: np.ndarray, queries: np.ndarray) -> Check:
    """Compare two encoders' vectors of the same videos.

    Args:
        wanted: float32 (B, E), unit length.
        found: of the other encoder, likewise.
        queries: vectors of texts (N, E), unit length.

    Returns:
        The smallest values over the videos; a vector that is not finite makes both -1.
    """
    if not (np.isfinite(wanted).all() and np.isfinite(found).all()):
        return Check(-1.0, -1.0, len(wanted))
    cosines = (wanted.astype(np.float64) * found).sum(axis=1)
    cosines /= np.linalg.norm(wanted.astype(np.float64), axis=1) * np.linalg.norm(found.astype(np.float64), axis=1)
    ranks = [_spearman(one, other) for one, other in zip(wanted @ queries.T, found @ queries.T, strict=True)]
    return Check(float(cosines.min()), min(ranks), len(wanted))


def first_that_passes(tries: Sequence[Callable[[], Check]]) -> tuple[int, list[Check]]:
    """Return which try passes first, -1 for none, and the checks of those that were made."""
    made: list[Check] = []
    for place, attempt in enumerate(tries):
        made.append(attempt())
        if made[-1].passes:
            return place, made
    return -1, made


def _spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Return the correlation of two rankings; equal values have the mean of their ranks."""
    ranks = [_ranks(values) for values in (one, other)]
    centred = [values - values.mean() for values in ranks]
    lengths = [float(np.linalg.norm(values)) for values in centred]
    if not all(lengths):  # all queries are alike to one of them: the same, if they are so to both
        return 1.0 if not any(lengths) else -1.0
    return float(centred[0] @ centred[1] / (lengths[0] * lengths[1]))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the rank of each value from 0 on, float64 (N,); equal ones have the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    means: np.ndarray = (ends - (counts + 1) / 2)[group]
    return means
