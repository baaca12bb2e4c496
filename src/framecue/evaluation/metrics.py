"""Retrieval metrics: ranks in both directions from similarities or from embeddings, and twin accuracy.

Rank 1 is best, and a tie counts against the model: everything that is *at least* as similar as the right answer ranks
before it, so with a constant similarity every right answer ranks last. Nothing is dropped: a value that is not finite,
a text without a video or a video without a text is an error, because a metric over the rest would flatter the model.

If a video has several captions, each is a query of its own from text to video. From video to text, a video ranks the
captions' *groups* (one group for each video), each by its best caption.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.arrays import as_numbers, as_numpy, require_finite
from framecue.evaluation.exact import embedding_pair, grid_products, on_grid

if TYPE_CHECKING:
    from framecue.evaluation.arrays import Array

__all__ = [
    "RankMetrics",
    "RetrievalMetrics",
    "retrieval_metrics",
    "retrieval_metrics_from_embeddings",
    "retrieval_ranks",
    "twin_accuracy",
]

# How many rows of the similarity matrix are held at a time: with 10 000 videos, 41 MB of float64.
BLOCK_TEXTS = 512


@dataclass(frozen=True)
class RankMetrics:
    """One direction's summary.

    Attributes:
        recall_at_1: per cent of the queries whose right answer is first.
        recall_at_5: per cent of those with the right answer among the first five.
        recall_at_10: per cent of those with the right answer among the first ten.
        median_rank: median rank of the right answer, 1 is best; it can end in .5.
        mean_rank: mean rank of the right answer, 1 is best.
    """

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    median_rank: float
    mean_rank: float

    @classmethod
    def from_ranks(cls, ranks: np.ndarray) -> RankMetrics:
        """Return the summary of ranks.

        Args:
            ranks: integers (Q,), one a query, 1 is best.

        Raises:
            InputError: there are no ranks, or they are not integers of at least 1.
        """
        ranks = np.asarray(ranks)
        if ranks.ndim != 1 or ranks.size == 0 or not np.issubdtype(ranks.dtype, np.integer) or ranks.min() < 1:
            raise InputError(
                f"ranks: got {ranks.dtype} of shape {ranks.shape}; give one integer of at least 1 for each query"
            )
        at_1, at_5, at_10 = (100.0 * float(np.count_nonzero(ranks <= k)) / ranks.size for k in (1, 5, 10))
        return cls(at_1, at_5, at_10, median_rank=float(np.median(ranks)), mean_rank=float(ranks.mean()))

    def to_dict(self) -> dict[str, float]:
        """Return the numbers under the names that tables and JSON use; recalls in per cent."""
        return {
            "R@1": self.recall_at_1,
            "R@5": self.recall_at_5,
            "R@10": self.recall_at_10,
            "median_rank": self.median_rank,
            "mean_rank": self.mean_rank,
        }


@dataclass(frozen=True)
class RetrievalMetrics:
    """Both directions of a retrieval test.

    Attributes:
        text_to_video: each text is a query over the videos.
        video_to_text: each video is a query over the videos' captions.
    """

    text_to_video: RankMetrics
    video_to_text: RankMetrics

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Return `RankMetrics.to_dict` of both directions, under ``text_to_video`` and ``video_to_text``."""
        return {"text_to_video": self.text_to_video.to_dict(), "video_to_text": self.video_to_text.to_dict()}


def retrieval_metrics(similarities: Array, video_of_text: Array) -> RetrievalMetrics:
    """Compute the metrics of both directions from a similarity matrix.

    Args:
        similarities: numbers (N, B), texts x videos, higher is more similar.
        video_of_text: integers (N,), the column of each text's own video. Every video needs at least one text.

    Raises:
        InputError: a shape or type is wrong, there is nothing to rank, a value is not finite, or there is a text
            without a video or a video without a text; the message names which.
    """
    return _summary(*retrieval_ranks(similarities, video_of_text))


def retrieval_ranks(similarities: Array, video_of_text: Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks of the right answers in both directions.

    Args:
        similarities: numbers (N, B), as for `retrieval_metrics`.
        video_of_text: integers (N,), as for `retrieval_metrics`.

    Returns:
        int64 (N,), each text's rank of its video, and int64 (B,), each video's rank of its captions; 1 is best.

    Raises:
        InputError: as `retrieval_metrics`.
    """
    matrix = as_numbers(similarities, "similarities", "(texts, videos)", num_dimensions=2)
    num_texts, num_videos = matrix.shape
    owners = _owners(video_of_text, num_texts, num_videos)
    require_finite(matrix, "similarities")
    return _ranks(matrix.__getitem__, matrix[np.arange(num_texts), owners], owners, num_videos, BLOCK_TEXTS)


def retrieval_metrics_from_embeddings(
    text_embeddings: Array, video_embeddings: Array, video_of_text: Array, *, block_texts: int = BLOCK_TEXTS
) -> RetrievalMetrics:
    """Compute the metrics of both directions from embeddings, never holding the whole similarity matrix.

    The result is exactly that of `retrieval_metrics` on `inner_products` of the same embeddings, for any block size.

    Args:
        text_embeddings: numbers (N, E). The inner product is the similarity: use unit vectors to rank by cosine.
        video_embeddings: numbers (B, E).
        video_of_text: integers (N,), the row of each text's own video in ``video_embeddings``.
        block_texts: how many texts are compared at a time; ``block_texts * B`` float64 numbers and little more are
            held.

    Raises:
        InputError: as `retrieval_metrics`, or ``block_texts`` is less than 1.
    """
    if block_texts < 1:
        raise InputError(f"block_texts is {block_texts}; give at least 1")
    texts, videos = embedding_pair(text_embeddings, video_embeddings)
    owners = _owners(video_of_text, len(texts), len(videos))
    video_grid = on_grid(videos)
    own = np.empty(len(texts))
    for start in range(0, len(texts), block_texts):
        block = slice(start, start + block_texts)
        own[block] = grid_products(on_grid(texts[block]), video_grid.rows(owners[block]), pairwise=True)

    def rows(chosen: np.ndarray) -> np.ndarray:
        return grid_products(on_grid(texts[chosen]), video_grid)

    return _summary(*_ranks(rows, own, owners, len(videos), block_texts))


def twin_accuracy(similarity_to_own: Array, similarity_to_twin: Array) -> float:
    """Return in how many per cent of the pairs a text is nearer to its own clip than to the clip played backwards.

    Args:
        similarity_to_own: numbers (N,), each text with the clip that it describes.
        similarity_to_twin: numbers (N,), each text with that clip's order twin.

    Returns:
        Per cent, 0 to 100; a tie counts half, so a model that ignores the order of frames gets 50.

    Raises:
        InputError: a shape or type is wrong, there are no pairs, or a value is not finite.
    """
    own = as_numbers(similarity_to_own, "similarity_to_own", "(pairs,)", num_dimensions=1)
    twin = as_numbers(similarity_to_twin, "similarity_to_twin", "(pairs,)", num_dimensions=1)
    if own.shape != twin.shape:
        raise InputError(
            f"similarity_to_own has {len(own)} values and similarity_to_twin {len(twin)}; give one pair for each text"
        )
    require_finite(own, "similarity_to_own")
    require_finite(twin, "similarity_to_twin")
    return 100.0 * float(np.count_nonzero(own > twin) + 0.5 * np.count_nonzero(own == twin)) / len(own)


def _summary(text_ranks: np.ndarray, video_ranks: np.ndarray) -> RetrievalMetrics:
    return RetrievalMetrics(RankMetrics.from_ranks(text_ranks), RankMetrics.from_ranks(video_ranks))


def _ranks(
    rows: Callable[[np.ndarray], np.ndarray], own: np.ndarray, owners: np.ndarray, num_videos: int, block_texts: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ranks in both directions, computed for a block of texts at a time.

    Args:
        rows: returns the similarities (n, B) of the texts with given indices (n,).
        own: (N,), each text's similarity to its own video; the same numbers as in ``rows``.
        owners: int64 (N,), each text's own video.
        num_videos: B.
        block_texts: the most texts for which ``rows`` is called at once.
    """
    num_texts = len(owners)
    own_best = np.full(num_videos, -np.inf, dtype=own.dtype)
    np.maximum.at(own_best, owners, own)
    text_ranks = np.empty(num_texts, dtype=np.int64)
    video_ranks = np.zeros(num_videos, dtype=np.int64)
    # Texts in the order of their videos, so that a group of captions is one run. A run that a block's end cuts in two
    # is carried over into the next block, or it would count twice.
    order = np.argsort(owners, kind="stable")
    carried: np.ndarray | None = None
    carried_owner = -1
    for start in range(0, num_texts, block_texts):
        texts = order[start : start + block_texts]
        block = rows(texts)
        # The right answer itself is counted, so ranks start at 1.
        text_ranks[texts] = np.count_nonzero(block >= own[texts, None], axis=1)
        groups = owners[texts]
        firsts = np.concatenate(([0], np.flatnonzero(np.diff(groups)) + 1))
        reaches = np.logical_or.reduceat(block >= own_best, firsts, axis=0)
        if carried is not None:
            if groups[0] == carried_owner:
                reaches[0] |= carried
            else:
                video_ranks += carried
        video_ranks += np.count_nonzero(reaches[:-1], axis=0)
        carried, carried_owner = reaches[-1], groups[-1]
    if carried is not None:
        video_ranks += carried
    return text_ranks, video_ranks


def _owners(video_of_text: Array, num_texts: int, num_videos: int) -> np.ndarray:
    owners = as_numpy(video_of_text, "video_of_text")
    if owners.shape != (num_texts,) or not np.issubdtype(owners.dtype, np.integer):
        raise InputError(
            f"video_of_text: got {owners.dtype} of shape {owners.shape}; give one integer for each of {num_texts} texts"
        )
    outside = np.flatnonzero((owners < 0) | (owners >= num_videos))
    if outside.size:
        raise InputError(
            f"video_of_text: text {outside[0]} has no video: its index is {owners[outside[0]]}, "
            f"allowed are 0 to {num_videos - 1} ({outside.size} of {num_texts} texts are without a video)"
        )
    owners = owners.astype(np.int64)
    without_text = np.flatnonzero(np.bincount(owners, minlength=num_videos) == 0)
    if without_text.size:
        raise InputError(
            f"video_of_text: video {without_text[0]} has no text ({without_text.size} of {num_videos} videos); "
            "give each video at least one text, or leave it out of the test"
        )
    return owners
