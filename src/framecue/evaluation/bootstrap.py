"""Bootstrap intervals of retrieval metrics: what they would be on other videos of the same kind.

Videos are drawn with replacement, each with all of its captions: captions of one video succeed and fail together, and
drawn one by one they would make the intervals too narrow. The gallery stays as it is: ranks are not computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.metrics import RECALL_DEPTHS, RankMetrics, recall_limits
from framecue.evaluation.ranking import gains_of_ranks

__all__ = ["LEVEL", "NUM_RESAMPLES", "Direction", "Interval", "draws", "intervals", "percentiles", "resampled"]

NUM_RESAMPLES = 1000
LEVEL = 95.0
"""Per cent of the resamples that are inside an interval."""
SEED = 0
# How many numbers a block of resamples has.
BLOCK_NUMBERS = 2**22


class Interval(NamedTuple):
    """Where a metric lies in `LEVEL` per cent of the resamples."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Direction:
    """The ranks of one direction.

    Attributes:
        ranks: int64 (Q,), one a query, 1 is best.
        videos: int64 (Q,), the video that a query belongs to.
        gains: float64 (Q,), nDCG@10 of each query in [0, 1].
        has_many: whether a query has several right answers, so that the gains do not follow from the ranks.
        num_candidates: how many candidates a query ranks; a rank beyond it is a miss for every k. None for no miss.
    """

    ranks: np.ndarray
    videos: np.ndarray
    gains: np.ndarray
    has_many: bool = False
    num_candidates: int | None = None

    @classmethod
    def of(
        cls,
        ranks: np.ndarray,
        videos: np.ndarray,
        gains: np.ndarray | None = None,
        *,
        num_candidates: int | None = None,
    ) -> Direction:
        """Return a direction of ranks; the gains are None where each query has one right answer."""
        of_queries = gains_of_ranks(ranks, num_candidates=num_candidates) if gains is None else gains
        return cls(ranks, videos, of_queries, gains is not None, num_candidates)

    @property
    def metrics(self) -> RankMetrics:
        """The summary of the ranks."""
        return RankMetrics.from_ranks(self.ranks, self.gains, num_candidates=self.num_candidates)


def draws(num_videos: int, num_resamples: int, *, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each video is drawn, int64 (r, B), for some resamples at a time, `num_resamples` in all.

    Raises:
        InputError: there are no resamples.
    """
    if num_resamples < 1:
        raise InputError(f"num_resamples is {num_resamples}; give at least 1")
    rng = np.random.default_rng(seed)
    size = max(1, BLOCK_NUMBERS // num_videos)
    for start in range(0, num_resamples, size):
        count = min(size, num_resamples - start)
        drawn = rng.integers(num_videos, size=(count, num_videos)) + num_videos * np.arange(count)[:, None]
        yield np.bincount(drawn.ravel(), minlength=count * num_videos).reshape(count, num_videos)


def resampled(direction: Direction, drawn: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics of resamples, each (r,), under the names of `RankMetrics.to_dict`.

    Args:
        direction: the ranks.
        drawn: int64 (r, B), how often each resample has each video.
    """
    num_videos = drawn.shape[1]
    depths = recall_limits(direction.num_candidates)
    parts = [direction.ranks <= depth for depth in depths] + [direction.ranks, direction.gains]
    # Sums over the queries of a video, then over the videos of a resample.
    of_videos = np.stack(
        [np.bincount(direction.videos, weights=part, minlength=num_videos) for part in parts]
        + [np.bincount(direction.videos, minlength=num_videos)],
        axis=1,
    )
    sums = drawn @ of_videos
    *recalls, mean_rank, gain = (sums[:, :-1] / sums[:, -1:]).T
    at = {f"R@{depth}": 100.0 * recall for depth, recall in zip(RECALL_DEPTHS, recalls, strict=True)}
    return {
        **at,
        "median_rank": _medians(direction, drawn),
        "mean_rank": mean_rank,
        "Rsum": at["R@1"] + at["R@5"] + at["R@10"],
        "nDCG@10": 100.0 * gain,
    }


def intervals(
    direction: Direction, num_videos: int, *, num_resamples: int = NUM_RESAMPLES, seed: int = SEED
) -> dict[str, Interval]:
    """Return the interval of each metric, by percentiles, under the names of `RankMetrics.to_dict`.

    Raises:
        InputError: there are no resamples.
    """
    blocks = [resampled(direction, drawn) for drawn in draws(num_videos, num_resamples, seed=seed)]
    return {name: percentiles(np.concatenate([block[name] for block in blocks])) for name in blocks[0]}


def percentiles(values: np.ndarray) -> Interval:
    """Return the middle `LEVEL` per cent of values (R,)."""
    low, high = np.percentile(values, [(100 - LEVEL) / 2, (100 + LEVEL) / 2])
    return Interval(float(low), float(high))


def _medians(direction: Direction, drawn: np.ndarray) -> np.ndarray:
    """Return the median rank of each resample, (r,); of an even number of queries, the middle of the two."""
    order = np.argsort(direction.ranks, kind="stable")
    ranks, videos = direction.ranks[order], direction.videos[order]
    medians = np.empty(len(drawn))
    size = max(1, BLOCK_NUMBERS // len(ranks))
    for start in range(0, len(drawn), size):
        # How many queries of a resample have at most this rank.
        reached = drawn[start : start + size][:, videos].cumsum(axis=1)
        total = reached[:, -1:]
        middle = [ranks[(reached <= place).sum(axis=1)] for place in ((total - 1) // 2, total // 2)]
        medians[start : start + size] = (middle[0] + middle[1]) / 2
    return medians
