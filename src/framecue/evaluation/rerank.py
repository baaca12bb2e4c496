"""Reranking: a first stage ranks everything, and a second stage looks again at each query's best candidates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.arrays import as_numbers, require_finite
from framecue.evaluation.metrics import RetrievalMetrics, metrics_of
from framecue.evaluation.similarities import DenseSimilarities, Similarities

if TYPE_CHECKING:
    from framecue.evaluation.arrays import Array

__all__ = ["RerankedSimilarities", "check_depth", "rerank", "reranked_metrics"]

Rescore = Callable[[int, np.ndarray], np.ndarray]
Pairs = Callable[[np.ndarray, np.ndarray], np.ndarray]


def check_depth(depth: int) -> None:
    """Refuse a depth below 1.

    Raises:
        InputError: the depth is below 1.
    """
    if depth < 1:
        raise InputError(f"depth is {depth}; give at least 1, the number of candidates that the second stage looks at")


def rerank(similarities: Array, rescore: Rescore, *, depth: int) -> np.ndarray:
    """Return similarities by which a second stage orders the best candidates of each query, above all others.

    The others keep their order.

    Args:
        similarities: numbers (Q, C), queries x candidates, from the first stage. Of candidates that tie for the last
            place, the first in the row is taken.
        rescore: the second stage: from a query's index and the indices of some candidates (k,) it computes their
            similarities (k,). It is called once for each query, for `depth` candidates or all if there are fewer.
        depth: how many candidates of each query the second stage looks at.

    Returns:
        float64 (Q, C). In each row, the candidates of the second stage have its similarities plus a whole number, which
        puts them above the others; these have the first stage's. Rows cannot be compared with each other.

    Raises:
        InputError: `depth` is less than 1, a shape or type is wrong, or a similarity of either stage is not finite.
    """
    check_depth(depth)
    first = as_numbers(similarities, "similarities", "(queries, candidates)", num_dimensions=2)
    require_finite(first, "similarities")
    reranked = first.astype(np.float64)
    for query, row in enumerate(first):
        best = np.argsort(-row, kind="stable")[:depth]
        second = as_numbers(rescore(query, best), "second stage's similarities", "(candidates,)", num_dimensions=1)
        require_finite(second, "second stage's similarities")
        # A whole number: float64 adds it to cosines without rounding away the difference between two of them.
        reranked[query, best] = second.astype(np.float64) + np.ceil(row.max() - second.min() + 1)
    return reranked


def reranked_metrics(similarities: Array, pairs: Pairs, video_of_text: Array, *, depth: int) -> RetrievalMetrics:
    """Return both directions' metrics after reranking: each text's best videos, and each video's best texts.

    Args:
        similarities: numbers (N, B), texts x videos, from the first stage.
        pairs: the second stage: from indices of texts (n,) and of videos (b,) it computes the similarities (n, b).
        video_of_text: integers (N,), as for `retrieval_metrics`.
        depth: how many candidates of each query the second stage looks at.

    Raises:
        InputError: as `rerank` and `retrieval_metrics`.
    """
    return metrics_of(RerankedSimilarities(DenseSimilarities(similarities, video_of_text), pairs, depth=depth))


class RerankedSimilarities(Similarities):
    """What both stages make of texts and videos: rows order a text's videos, columns a video's texts.

    A text ranks only the values of its row, and a video those of its column: others cannot be compared.

    Args:
        first: the first stage.
        pairs: the second stage: from indices of texts (n,), as they were given, and of videos (b,) it computes the
            similarities (n, b).
        depth: how many candidates of each query the second stage looks at.

    Raises:
        InputError: `depth` is less than 1.
    """

    def __init__(self, first: Similarities, pairs: Pairs, *, depth: int) -> None:
        check_depth(depth)
        self._first, self._pairs, self._depth = first, pairs, depth
        self.owners, self.order, self.firsts = first.owners, first.order, first.firsts
        self.missing, self.block_numbers = first.missing, first.block_numbers

    def _rows(self, texts: slice) -> np.ndarray:
        block = self._first.rows(texts).astype(np.float64)
        # Videos that could not be read are no candidates.
        shown = np.flatnonzero(~self.missing)

        def rescore(row: int, candidates: np.ndarray) -> np.ndarray:
            return self._pairs(self.order[texts][row : row + 1], shown[candidates])[0]

        block[:, shown] = rerank(block[:, shown], rescore, depth=self._depth)
        return block

    def _columns(self, videos: slice) -> np.ndarray:
        block = self._first.columns(videos).astype(np.float64)
        shown = np.flatnonzero(~self.missing[videos])
        if not shown.size:
            return block
        chosen = np.arange(self.num_videos)[videos][shown]
        # Texts in the order in which they were given: of those that tie for the last place, the first is looked at.
        by_index = np.argsort(self.order)

        def rescore(row: int, candidates: np.ndarray) -> np.ndarray:
            return self._pairs(candidates, chosen[row : row + 1])[:, 0]

        block[:, shown] = rerank(block[by_index][:, shown].T, rescore, depth=self._depth).T[self.order]
        return block

    def _block(self, texts: slice, videos: slice) -> np.ndarray:
        raise NotImplementedError("a block that is neither whole rows nor whole columns has no order")
