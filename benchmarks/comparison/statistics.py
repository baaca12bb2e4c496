"""Differences with intervals: runs are drawn anew, then the groups of clips that are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecue.evaluation.bootstrap import percentiles

__all__ = ["Estimate", "Outcomes", "difference", "mean"]

NUM_RESAMPLES = 10_000
SEED = 0


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What came of each clip in each run, summed over the groups of clips that show the same actors.

    Attributes:
        total: float64 (R, G), the sum of the outcomes of a group, each between 0 and 1.
        count: float64 (R, G), how many there are.
    """

    total: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, values: np.ndarray, *, group: int) -> Outcomes:
        """Return the outcomes (R, N) of N clips in R runs, NaN for none; `group` neighbours are a group."""
        grouped = values.reshape(len(values), -1, group).astype(np.float64)
        return cls(np.nansum(grouped, axis=2), np.isfinite(grouped).sum(axis=2).astype(np.float64))


@dataclass(frozen=True)
class Estimate:
    """A number in per cent, with its interval.

    Attributes:
        value: of the runs and clips that there are.
        low: end of the interval that holds 95 per cent of the resamples.
        high: the other end.
        p: twice the smaller share of the resamples on one side of 0 (or of the value asked about).
    """

    value: float
    low: float
    high: float
    p: float = 1.0


def mean(outcomes: Outcomes, *, against: float = 0.0) -> Estimate:
    """Return the mean outcome in per cent; its p asks whether it is `against`."""
    runs, groups = _draws(*outcomes.total.shape)
    return _estimate(_value(outcomes), _resampled(outcomes, runs, groups), against)


def difference(left: Outcomes, right: Outcomes) -> Estimate:
    """Return how much more the left one has, in per cent; both have the same starts, seeds and clips, in one order."""
    runs, groups = _draws(*left.total.shape)
    resampled = _resampled(left, runs, groups) - _resampled(right, runs, groups)
    return _estimate(_value(left) - _value(right), resampled, 0.0)


def _draws(num_runs: int, num_groups: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each resample has each run (K, R) and each group (K, G)."""
    rng = np.random.default_rng(SEED)
    runs = rng.multinomial(num_runs, np.full(num_runs, 1 / num_runs), size=NUM_RESAMPLES)
    groups = rng.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=NUM_RESAMPLES)
    return runs.astype(np.float64), groups.astype(np.float64)


def _resampled(outcomes: Outcomes, runs: np.ndarray, groups: np.ndarray) -> np.ndarray:
    total = ((runs @ outcomes.total) * groups).sum(axis=1)
    return 100.0 * total / ((runs @ outcomes.count) * groups).sum(axis=1)


def _value(outcomes: Outcomes) -> float:
    return 100.0 * float(outcomes.total.sum() / outcomes.count.sum())


def _estimate(value: float, resampled: np.ndarray, against: float) -> Estimate:
    low, high = percentiles(resampled)
    below, above = (resampled <= against).mean(), (resampled >= against).mean()
    p = min(1.0, max(2 * min(below, above), 2 / NUM_RESAMPLES))
    return Estimate(value, low, high, float(p))
