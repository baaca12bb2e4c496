"""Reranking: a first stage ranks everything, and a second stage looks again at each query's best candidates."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.arrays import as_numbers, require_finite
from framecue.evaluation.metrics import RankMetrics, RetrievalMetrics, retrieval_ranks

if TYPE_CHECKING:
    from framecue.evaluation.arrays import Array

__all__ = ["check_depth", "rerank", "reranked_metrics"]

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
    first = as_numbers(similarities, "similarities", "(texts, videos)", num_dimensions=2)
    by_text = rerank(first, lambda text, videos: pairs(np.array([text]), videos)[0], depth=depth)
    text_ranks, _ = retrieval_ranks(by_text, video_of_text)
    by_video = rerank(first.T, lambda video, texts: pairs(texts, np.array([video]))[:, 0], depth=depth)
    # A video ranks only the values in its column, so it does not matter that columns cannot be compared.
    _, video_ranks = retrieval_ranks(by_video.T, video_of_text)
    return RetrievalMetrics(RankMetrics.from_ranks(text_ranks), RankMetrics.from_ranks(video_ranks))
