"""How well moments are found in a whole library, as QVHighlights' evaluation computes it.

A moment is a window of a video. How far one that was found is the right one is the two windows' intersection over
union in time (IoU); in another video it is 0. At a threshold:

- R1: the first moment found reaches the threshold with one of the right moments.
- AP: the moments found, best first and at most ten, are taken one after the other; each is right if the right moment
  that it covers best among those that nobody took reaches the threshold, which it then takes. The average precision
  is the area under precision over recall, at each recall the best precision from there on.

mAP is the mean over the queries, and over the thresholds 0.5, 0.55, ..., 0.95. Nothing is dropped: a query for which
nothing was found counts 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framecue.errors import InputError

__all__ = ["IOU_THRESHOLDS", "MAX_FOUND", "MomentMetrics", "MomentScores", "Window", "moment_scores", "temporal_iou"]

IOU_THRESHOLDS = (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
MAX_FOUND = 10
"""How many of the moments found for a query count."""


@dataclass(frozen=True)
class Window:
    """A moment of a video.

    Attributes:
        video: what the video is known by.
        start_seconds: when it begins.
        end_seconds: when it ends, not before it begins; a picture's window is (0, 0).

    Raises:
        InputError: it ends before it begins, or a time is not a number.
    """

    video: str
    start_seconds: float
    end_seconds: float

    def __post_init__(self) -> None:
        if not 0 <= self.end_seconds - self.start_seconds < math.inf:
            raise InputError(
                f"{self.video}: a moment from {self.start_seconds} s to {self.end_seconds} s; give two numbers of "
                "seconds, the end not before the start"
            )


@dataclass(frozen=True)
class MomentMetrics:
    """How well moments were found; per cent, means over the queries.

    Attributes:
        recall_at_1: the first moment found overlaps a right one, by however little.
        recall_at_1_iou_50: the first one has an IoU of at least 0.5 with a right one.
        recall_at_1_iou_70: the same of 0.7.
        mean_average_precision: over the thresholds of `IOU_THRESHOLDS`.
        mean_average_precision_50: at 0.5.
        mean_average_precision_75: at 0.75.
    """

    recall_at_1: float
    recall_at_1_iou_50: float
    recall_at_1_iou_70: float
    mean_average_precision: float
    mean_average_precision_50: float
    mean_average_precision_75: float

    def to_dict(self) -> dict[str, float]:
        """Return the numbers under the names that QVHighlights gives them; ``R@1`` is not one of its own."""
        return {
            "R@1": self.recall_at_1,
            "MR-full-R1@0.5": self.recall_at_1_iou_50,
            "MR-full-R1@0.7": self.recall_at_1_iou_70,
            "MR-full-mAP": self.mean_average_precision,
            "MR-full-mAP@0.5": self.mean_average_precision_50,
            "MR-full-mAP@0.75": self.mean_average_precision_75,
        }


@dataclass(frozen=True, eq=False)
class MomentScores:
    """What each query contributes, for means over any of them.

    Attributes:
        overlaps: bool (Q,), whether the first moment found overlaps a right one.
        first_iou: float64 (Q,), its greatest IoU with a right one, in [0, 1].
        average_precision: float64 (Q, T), at each of `IOU_THRESHOLDS`, in [0, 1].
    """

    overlaps: np.ndarray
    first_iou: np.ndarray
    average_precision: np.ndarray

    @property
    def metrics(self) -> MomentMetrics:
        """The means over all queries."""
        at = self.average_precision.mean(axis=0)
        return MomentMetrics(
            100.0 * float(self.overlaps.mean()),
            100.0 * float((self.first_iou >= 0.5).mean()),
            100.0 * float((self.first_iou >= 0.7).mean()),
            100.0 * float(at.mean()),
            100.0 * float(at[IOU_THRESHOLDS.index(0.5)]),
            100.0 * float(at[IOU_THRESHOLDS.index(0.75)]),
        )


def temporal_iou(first: Window, second: Window) -> float:
    """Return the intersection over union of two windows in time, in [0, 1]; of two videos 0.

    Of windows without a length, as pictures have, it is 1 if they are the same and 0 otherwise.
    """
    if first.video != second.video:
        return 0.0
    shared = min(first.end_seconds, second.end_seconds) - max(first.start_seconds, second.start_seconds)
    both = max(first.end_seconds, second.end_seconds) - min(first.start_seconds, second.start_seconds)
    if both == 0:
        return 1.0
    return max(0.0, shared) / both


def moment_scores(found: Sequence[Sequence[Window]], right: Sequence[Sequence[Window]]) -> MomentScores:
    """Compare what was found with what is right.

    Args:
        found: for each query the moments found, best first; only the first `MAX_FOUND` count. It may be empty.
        right: for each query the right moments, in any order.

    Raises:
        InputError: there are no queries, the lengths differ, or a query has no right moment.
    """
    if len(found) != len(right) or not right:
        raise InputError(f"found has {len(found)} queries and right {len(right)}; give as many, and at least one")
    for number, windows in enumerate(right):
        if not windows:
            raise InputError(f"query {number} has no right moment; it cannot be measured by what is found")
    overlaps, first_iou, precision = [], [], []
    for windows, truth in zip(found, right, strict=True):
        ious = np.array([[temporal_iou(window, one) for one in truth] for window in windows[:MAX_FOUND]])
        overlaps.append(bool(len(windows) and ious[0].max() > 0))
        first_iou.append(float(ious[0].max()) if len(windows) else 0.0)
        precision.append([_average_precision(ious, threshold) for threshold in IOU_THRESHOLDS])
    return MomentScores(np.array(overlaps), np.array(first_iou), np.array(precision))


def _average_precision(ious: np.ndarray, threshold: float) -> float:
    """Return the interpolated average precision of moments found, best first, from their IoUs (found, right)."""
    if not len(ious):
        return 0.0
    num_found, num_right = ious.shape
    is_free = np.ones(num_right, dtype=bool)
    is_right = np.zeros(num_found, dtype=bool)
    for place, row in enumerate(ious):
        fits = np.flatnonzero(is_free & (row >= threshold))
        if len(fits):
            is_free[fits[row[fits].argmax()]] = False
            is_right[place] = True
    precision = np.cumsum(is_right) / np.arange(1, num_found + 1)
    best_from_there = np.maximum.accumulate(precision[::-1])[::-1]
    # Each right one found raises the recall by one part.
    return float(best_from_there[is_right].sum() / num_right)
