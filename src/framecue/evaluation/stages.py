"""What one way of ranking scores: the ranks of its directions, their metrics and intervals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from framecue.evaluation.bootstrap import NUM_RESAMPLES, Direction, Interval, intervals
from framecue.evaluation.metrics import RetrievalMetrics
from framecue.evaluation.ranking import text_ranks, video_ranks
from framecue.evaluation.similarities import RowBlocks, Similarities

__all__ = ["BY_CAPTION", "DUAL_SOFTMAX", "QB_NORM", "T2V", "V2T", "Stage", "stage_of", "text_directions"]

DUAL_SOFTMAX, QB_NORM = "dual_softmax", "qb_norm"
T2V, V2T, BY_CAPTION = "text_to_video", "video_to_text", "video_to_text_by_caption"


@dataclass(frozen=True, eq=False)
class Stage:
    """The scores of one way of ranking.

    Attributes:
        directions: by name: text_to_video, video_to_text (each video ranks the videos' groups of captions), and
            video_to_text_by_caption (each ranks all captions) where videos have several captions.
        num_videos: the size of the gallery.
        twin_accuracy: in per cent; None if the split has no twins.
        num_resamples: how many resamples the intervals come from.
        said: what else `to_dict` says of it, before the numbers.
    """

    directions: Mapping[str, Direction]
    num_videos: int
    twin_accuracy: float | None = None
    num_resamples: int = NUM_RESAMPLES
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def retrieval(self) -> RetrievalMetrics:
        """The metrics of both directions; not of a stage that has one alone."""
        made = {name: direction.metrics for name, direction in self.directions.items()}
        return RetrievalMetrics(made[T2V], made[V2T], made.get(BY_CAPTION))

    @cached_property
    def intervals(self) -> dict[str, dict[str, Interval]]:
        """The interval of each metric of each direction."""
        return {
            name: intervals(direction, self.num_videos, num_resamples=self.num_resamples)
            for name, direction in self.directions.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers under the names of tables and JSON; what this way of ranking does not have is None."""
        metrics = {name: direction.metrics.to_dict() for name, direction in self.directions.items()}
        return {
            **self.said,
            **{name: metrics.get(name) for name in (T2V, V2T, BY_CAPTION)},
            "Rsum": self.retrieval.recall_sum if V2T in metrics else None,
            "twin_accuracy": self.twin_accuracy,
            "intervals": {
                name: {metric: list(interval) for metric, interval in of_metrics.items()}
                for name, of_metrics in self.intervals.items()
            },
        }


def stage_of(similarities: Similarities, **rest: Any) -> Stage:
    """Return the scores of both directions; other arguments are those of `Stage`."""
    directions = text_directions(similarities)
    by_video, videos = video_ranks(similarities), np.arange(similarities.num_videos)
    directions[V2T] = Direction.of(by_video.groups, videos, num_candidates=similarities.num_videos)
    if similarities.has_groups:
        gains, count = by_video.caption_gains, similarities.num_texts
        directions[BY_CAPTION] = Direction.of(by_video.captions, videos, gains, num_candidates=count)
    return Stage(directions, similarities.num_videos, **rest)


def text_directions(similarities: RowBlocks) -> dict[str, Direction]:
    """Return the direction that a method has which knows texts as queries alone."""
    owners = np.empty_like(similarities.owners)
    owners[similarities.order] = similarities.owners
    # Every video has a text, so there are as many videos as owners.
    count = int(similarities.owners[-1]) + 1
    return {T2V: Direction.of(text_ranks(similarities), owners, num_candidates=count)}
