"""Retrieval metrics: ranks in both directions from similarities or from embeddings, and twin accuracy.

Rank 1 is best, and a tie counts against the model: everything that is *at least* as similar as the right answer ranks
before it, so with a constant similarity every right answer ranks last. Nothing is dropped: a value that is not finite,
a text without a video or a video without a text is an error, because a metric over the rest would flatter the model.

If a video has several captions, each is a query of its own from text to video. From video to text, a video ranks the
captions' *groups* (one group for each video), each by its best caption, as the methods' reference code does. The other
convention of the field, its best caption among all captions, stands beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.arrays import as_numbers, as_numpy, require_finite
from framecue.evaluation.ranking import gains_of_ranks, text_ranks, video_ranks
from framecue.evaluation.similarities import BLOCK_NUMBERS, DenseSimilarities, EmbeddingSimilarities, Similarities

if TYPE_CHECKING:
    from framecue.evaluation.arrays import Array

__all__ = [
    "RECALL_DEPTHS",
    "RankMetrics",
    "RetrievalMetrics",
    "metrics_of",
    "recall_limits",
    "retrieval_metrics",
    "retrieval_metrics_from_embeddings",
    "retrieval_ranks",
    "twin_accuracy",
]

RECALL_DEPTHS = (1, 5, 10, 50)


def recall_limits(num_candidates: int | None) -> tuple[int, ...]:
    """Return the last rank that each of `RECALL_DEPTHS` counts: a rank beyond the candidates, if given, is a miss."""
    return tuple(depth if num_candidates is None else min(depth, num_candidates) for depth in RECALL_DEPTHS)


@dataclass(frozen=True)
class RankMetrics:
    """One direction's summary.

    Attributes:
        recall_at_1: per cent of the queries whose right answer is first.
        recall_at_5: per cent of those with the right answer among the first five.
        recall_at_10: per cent of those with the right answer among the first ten.
        recall_at_50: per cent of those with the right answer among the first fifty.
        median_rank: median rank of the right answer, 1 is best; it can end in .5.
        mean_rank: mean rank of the right answer, 1 is best.
        ndcg_at_10: per cent, the mean over the queries of nDCG@10 with binary relevance.
    """

    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    recall_at_50: float
    median_rank: float
    mean_rank: float
    ndcg_at_10: float

    @classmethod
    def from_ranks(
        cls, ranks: np.ndarray, gains: np.ndarray | None = None, *, num_candidates: int | None = None
    ) -> RankMetrics:
        """Return the summary of ranks.

        Args:
            ranks: integers (Q,), one a query, 1 is best.
            gains: (Q,) in [0, 1], nDCG@10 of each query, where a query has several right answers; None for one each.
            num_candidates: how many candidates a query ranks; a rank beyond it is a miss for every k. None for no miss.

        Raises:
            InputError: there are no ranks, or they are not integers of at least 1.
        """
        ranks = np.asarray(ranks)
        if ranks.ndim != 1 or ranks.size == 0 or not np.issubdtype(ranks.dtype, np.integer) or ranks.min() < 1:
            raise InputError(
                f"ranks: got {ranks.dtype} of shape {ranks.shape}; give one integer of at least 1 for each query"
            )
        depths = recall_limits(num_candidates)
        at_1, at_5, at_10, at_50 = (100.0 * float(np.count_nonzero(ranks <= k)) / ranks.size for k in depths)
        if gains is None:
            gains = gains_of_ranks(ranks, num_candidates=num_candidates)
        return cls(
            at_1,
            at_5,
            at_10,
            at_50,
            median_rank=float(np.median(ranks)),
            mean_rank=float(ranks.mean()),
            ndcg_at_10=100.0 * float(np.mean(gains)),
        )

    @property
    def recall_sum(self) -> float:
        """The sum of R@1, R@5 and R@10, at most 300."""
        return self.recall_at_1 + self.recall_at_5 + self.recall_at_10

    def to_dict(self) -> dict[str, float]:
        """Return the numbers under the names that tables and JSON use; all but the ranks are per cent."""
        return {
            "R@1": self.recall_at_1,
            "R@5": self.recall_at_5,
            "R@10": self.recall_at_10,
            "R@50": self.recall_at_50,
            "median_rank": self.median_rank,
            "mean_rank": self.mean_rank,
            "Rsum": self.recall_sum,
            "nDCG@10": self.ndcg_at_10,
        }


@dataclass(frozen=True)
class RetrievalMetrics:
    """Both directions of a retrieval test.

    Attributes:
        text_to_video: each text is a query over the videos.
        video_to_text: each video is a query over the videos' groups of captions, each group by its best caption.
        video_to_text_by_caption: each video is a query over all captions, and each of its own is right; None where
            every video has one caption, as that is the same.
    """

    text_to_video: RankMetrics
    video_to_text: RankMetrics
    video_to_text_by_caption: RankMetrics | None = None

    @property
    def recall_sum(self) -> float:
        """The sum of R@1, R@5 and R@10 of both directions, at most 600."""
        return self.text_to_video.recall_sum + self.video_to_text.recall_sum

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Return `RankMetrics.to_dict` of each direction, under its name; the third only where there is one."""
        directions = {"text_to_video": self.text_to_video.to_dict(), "video_to_text": self.video_to_text.to_dict()}
        if self.video_to_text_by_caption is not None:
            directions["video_to_text_by_caption"] = self.video_to_text_by_caption.to_dict()
        return directions


def retrieval_metrics(similarities: Array, video_of_text: Array) -> RetrievalMetrics:
    """Compute the metrics of both directions from a similarity matrix.

    Args:
        similarities: numbers (N, B), texts x videos, higher is more similar.
        video_of_text: integers (N,), the column of each text's own video. Every video needs at least one text.

    Raises:
        InputError: a shape or type is wrong, there is nothing to rank, a value is not finite, or there is a text
            without a video or a video without a text; the message names which.
    """
    return metrics_of(DenseSimilarities(similarities, video_of_text))


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
    dense = DenseSimilarities(similarities, video_of_text)
    return text_ranks(dense), video_ranks(dense).groups


def retrieval_metrics_from_embeddings(
    text_embeddings: Array, video_embeddings: Array, video_of_text: Array, *, block_texts: int | None = None
) -> RetrievalMetrics:
    """Compute the metrics of both directions from embeddings, never holding the whole similarity matrix.

    The result is exactly that of `retrieval_metrics` on `inner_products` of the same embeddings, for any block size.

    Args:
        text_embeddings: numbers (N, E). The inner product is the similarity: use unit vectors to rank by cosine.
        video_embeddings: numbers (B, E).
        video_of_text: integers (N,), the row of each text's own video in ``video_embeddings``.
        block_texts: how many texts are compared at a time; ``block_texts * B`` float64 numbers and little more are
            held, besides the embeddings. None for as many as make four million numbers.

    Raises:
        InputError: as `retrieval_metrics`, or ``block_texts`` is less than 1.
    """
    if block_texts is not None and block_texts < 1:
        raise InputError(f"block_texts is {block_texts}; give at least 1")
    numbers = BLOCK_NUMBERS if block_texts is None else block_texts * as_numpy(video_embeddings, "videos").shape[0]
    return metrics_of(EmbeddingSimilarities(text_embeddings, video_embeddings, video_of_text, block_numbers=numbers))


def metrics_of(similarities: Similarities) -> RetrievalMetrics:
    """Compute the metrics of both directions from similarities that come a block at a time."""
    by_text, by_video = text_ranks(similarities), video_ranks(similarities)
    return RetrievalMetrics(
        RankMetrics.from_ranks(by_text, num_candidates=similarities.num_videos),
        RankMetrics.from_ranks(by_video.groups, num_candidates=similarities.num_videos),
        RankMetrics.from_ranks(by_video.captions, by_video.caption_gains, num_candidates=similarities.num_texts)
        if similarities.has_groups
        else None,
    )


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
