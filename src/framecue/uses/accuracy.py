"""How often a choice was right, and how far that figure may be off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from framecue.errors import InputError

__all__ = ["LEVEL", "Accuracy", "ClassAccuracy", "Share", "accuracy_of_ranks", "wilson_interval"]

LEVEL = 95.0
"""Per cent of the intervals that hold the true share."""
TOP = 5


def wilson_interval(successes: int, total: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval of a share, in [0, 1] (Wilson, JASA 22, 1927).

    Unlike the normal approximation it stays in [0, 1] and is of use for few trials, and for none or all successes.

    Args:
        successes: how many trials went well.
        total: how many there were, at least 1.
        level: per cent of such intervals that hold the true share.

    Raises:
        InputError: there are no trials, or more successes than trials; or the level is not between 0 and 100.
    """
    if total < 1 or not 0 <= successes <= total:
        raise InputError(f"{successes} of {total} is no share; give 1 trial or more, and no more successes than that")
    if not 0 < level < 100:
        raise InputError(f"level is {level}; give per cent, more than 0 and less than 100")
    z = NormalDist().inv_cdf(0.5 + level / 200)
    share = successes / total
    middle = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # The ends are exact where nothing, or all, went well; rounding may miss them by a bit.
    low = 0.0 if successes == 0 else max(0.0, (middle - half) / scale)
    high = 1.0 if successes == total else min(1.0, (middle + half) / scale)
    return low, high


@dataclass(frozen=True)
class Share:
    """A share in per cent, with the interval in which the true one lies in `LEVEL` per cent of such measurements.

    Attributes:
        percent: the share.
        low: where the interval begins.
        high: where it ends.
    """

    percent: float
    low: float
    high: float

    @classmethod
    def of(cls, successes: int, total: int) -> Share:
        """Return the share of successes; see `wilson_interval`."""
        low, high = wilson_interval(successes, total)
        return cls(100 * successes / total, 100 * low, 100 * high)

    def to_dict(self) -> dict[str, float]:
        """Return the document."""
        return {"percent": self.percent, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class ClassAccuracy:
    """How often the videos of one class were put into it.

    Attributes:
        label: the class.
        num_videos: how many videos it has.
        num_right: how many of them were put into it.
    """

    label: str
    num_videos: int
    num_right: int

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {"label": self.label, "videos": self.num_videos, "right": self.num_right}


@dataclass(frozen=True)
class Accuracy:
    """How well videos were classified.

    Attributes:
        num_videos: how many count: all whose label is known.
        num_unreadable: how many of them could not be read, and count as wrong.
        top_1: how often the true label was first.
        top_5: how often it was among the first five.
        class_mean: the mean over classes of the share that was first, in per cent; classes without videos do not count.
        classes: the classes with videos, in the order of the labels.
    """

    num_videos: int
    num_unreadable: int
    top_1: Share
    top_5: Share
    class_mean: float
    classes: tuple[ClassAccuracy, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "videos": self.num_videos,
            "unreadable": self.num_unreadable,
            "top_1": self.top_1.to_dict(),
            "top_5": self.top_5.to_dict(),
            "class_mean": self.class_mean,
            "classes": [one.to_dict() for one in self.classes],
        }


def accuracy_of_ranks(labels: Sequence[str], true: Sequence[int], ranks: Sequence[int | None]) -> Accuracy:
    """Return the accuracy of a classification.

    Args:
        labels: of the classes.
        true: for each video the place of its label among them.
        ranks: for each video the rank of its label, 1 is best; None for one that could not be read.

    Raises:
        InputError: there are no videos.
    """
    if not true:
        raise InputError("no video has a known label, so there is no accuracy")
    first = [rank is not None and rank == 1 for rank in ranks]
    classes = [
        [right for place, right in zip(true, first, strict=True) if place == wanted] for wanted in sorted(set(true))
    ]
    found = tuple(
        ClassAccuracy(labels[place], len(rights), sum(rights))
        for place, rights in zip(sorted(set(true)), classes, strict=True)
    )
    return Accuracy(
        len(true),
        sum(rank is None for rank in ranks),
        Share.of(sum(first), len(true)),
        Share.of(sum(rank is not None and rank <= TOP for rank in ranks), len(true)),
        100 * math.fsum(one.num_right / one.num_videos for one in found) / len(found),
        found,
    )
