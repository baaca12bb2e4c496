"""Paired comparisons of runs on the same queries: differences with bootstrap intervals, and Holm's correction.

Where a side has several runs (seeds), a resample draws runs of each side, then videos, the same videos for all: the
hierarchical bootstrap. With one run a side the intervals say how much hangs on the videos, and nothing about seeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from framecue.counts import counted
from framecue.errors import InputError
from framecue.evaluation.bootstrap import SEED, Interval, draws, percentiles, resampled
from framecue.evaluation.queries import Queries
from framecue.evaluation.ranks import Ranks, read_ranks
from framecue.paths import is_dir

__all__ = ["NUM_RESAMPLES", "Comparison", "Difference", "Side", "compare", "holm", "read_side", "read_sides"]

NUM_RESAMPLES = 2000

Values = dict[str, dict[str, np.ndarray]]
"""By direction and metric, the values of the resamples (R,)."""


@dataclass(frozen=True, eq=False)
class Side:
    """What is compared.

    Attributes:
        name: as it was given.
        runs: the ranks of each of its runs.
    """

    name: str
    runs: tuple[Ranks, ...]


@dataclass(frozen=True)
class Difference:
    """How far a side is from the first, in one metric.

    Attributes:
        value: the side's metric less the first side's; where a rank is less, the side is better.
        interval: where 95 per cent of the resamples are.
        p: two-sided, of no difference, from the resamples.
        p_holm: the same after Holm's correction over all sides that are compared with the first, in this metric.
    """

    value: float
    interval: Interval
    p: float
    p_holm: float

    def to_dict(self) -> dict[str, float]:
        """Return the numbers as JSON has them."""
        return {
            "difference": self.value,
            "low": self.interval.low,
            "high": self.interval.high,
            "p": self.p,
            "p_holm": self.p_holm,
        }


@dataclass(frozen=True, eq=False)
class Comparison:
    """The first side, and how far each other is from it.

    Attributes:
        sides: the first is what the others are compared with.
        metrics: for each side, by direction and metric, its value: the mean of its runs.
        intervals: likewise, where 95 per cent of the resamples are.
        differences: for each side after the first, by direction and metric.
        num_resamples: how many resamples there were.
    """

    sides: tuple[Side, ...]
    metrics: list[dict[str, dict[str, float]]]
    intervals: list[dict[str, dict[str, Interval]]]
    differences: list[dict[str, dict[str, Difference]]]
    num_resamples: int

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `framecue compare --json` prints."""
        first = self.sides[0].runs[0]
        return {
            "dataset": first.dataset,
            "split": first.split,
            "stage": first.stage,
            "num_videos": len(first.queries.video_ids),
            "num_texts": len(first.queries.texts),
            "num_resamples": self.num_resamples,
            "sides": [
                {
                    "name": side.name,
                    "runs": [str(run.source) for run in side.runs],
                    "metrics": values,
                    "intervals": {
                        direction: {metric: list(interval) for metric, interval in of_metrics.items()}
                        for direction, of_metrics in intervals.items()
                    },
                }
                for side, values, intervals in zip(self.sides, self.metrics, self.intervals, strict=True)
            ],
            "differences": [
                {
                    "name": side.name,
                    "from": self.sides[0].name,
                    "metrics": {
                        direction: {metric: difference.to_dict() for metric, difference in of_metrics.items()}
                        for direction, of_metrics in differences.items()
                    },
                }
                for side, differences in zip(self.sides[1:], self.differences, strict=True)
            ],
        }


def read_side(place: str | Path, *, stage: str = "main") -> Side:
    """Read a side of a comparison: a file of ranks, or a folder with the files of one or more runs.

    Of a folder the files ending in .parquet are taken; if there are none in it, those in its folders (its runs).

    Raises:
        InputError: there is no such file, no file of ranks in the folder, or one cannot be read.
    """
    path = Path(place)
    if not is_dir(path):
        return Side(str(place), (read_ranks(path, stage=stage),))
    files = sorted(path.glob("*.parquet")) or sorted(path.glob("*/*.parquet"))
    if not files:
        raise InputError(
            f"{path}: there is no file of ranks in it; write one: "
            f"framecue evaluate {path} --data-dir DIR --ranks {path / 'ranks.parquet'}"
        )
    return Side(str(place), tuple(read_ranks(file, stage=stage) for file in files))


def read_sides(places: Sequence[str | Path], *, stage: str = "main") -> list[Side]:
    """Read the sides of a comparison, in their order, each as `read_side` does.

    Raises:
        InputError: one cannot be read, or a file of ranks is found twice: a run that is compared with itself says
            nothing, and counts in Holm's correction.
    """
    sides = [read_side(place, stage=stage) for place in places]
    owners: dict[Path, str] = {}
    for name, source in [(side.name, run.source) for side in sides for run in side.runs]:
        file = source.resolve()
        if file in owners:
            raise InputError(f"{source} is a run of {owners[file]} and of {name}; name each run once")
        owners[file] = name
    return sides


def compare(sides: Sequence[Side], *, num_resamples: int = NUM_RESAMPLES, seed: int = SEED) -> Comparison:
    """Compare sides with the first of them.

    Args:
        sides: at least two, all of them of the same queries.
        num_resamples: how many resamples the intervals and p-values come from.
        seed: of what is drawn.

    Raises:
        InputError: there are not two sides, they are of different data, or there are no resamples.
    """
    if len(sides) < 2:
        raise InputError(f"{counted(len(sides), 'side')} to compare; give at least two")
    first = sides[0].runs[0]
    for side in sides:
        for run in side.runs:
            _check_same(first, run)
    drawn = [_resampled_side(side, number, num_resamples, seed) for number, side in enumerate(sides)]
    metrics = [_means(side) for side in sides]
    return Comparison(
        tuple(sides),
        metrics,
        [
            {name: {metric: percentiles(each) for metric, each in values.items()} for name, values in side.items()}
            for side in drawn
        ],
        _differences(metrics, drawn),
        num_resamples,
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values after Holm's step-down correction for several comparisons, in the order given."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    corrected, most = [0.0] * len(p_values), 0.0
    for step, place in enumerate(order):
        most = max(most, min(1.0, p_values[place] * (len(p_values) - step)))
        corrected[place] = most
    return corrected


def _check_same(first: Ranks, other: Ranks) -> None:
    """Refuse ranks of other data.

    Raises:
        InputError: they are; what differs is said.
    """
    here, there = first.queries, other.queries
    if here.data_hash == there.data_hash and set(first.directions) == set(other.directions):
        return
    both = f"{first.source} and {other.source}"
    if len(here.video_ids) != len(there.video_ids) or len(here.texts) != len(there.texts):
        what = " and ".join(
            f"{counted(len(each.video_ids), 'video')} with {counted(len(each.texts), 'text')} "
            f"(split {run.split} of {run.dataset})"
            for run, each in ((first, here), (other, there))
        )
    elif here.data_hash != there.data_hash:
        place = next(
            place for place, (left, right) in enumerate(zip(_pairs(here), _pairs(there), strict=True)) if left != right
        )
        what = " and ".join(repr(_pairs(each)[place]) for each in (here, there)) + f" as query {place + 1}"
    else:
        what = " and ".join(", ".join(run.directions) for run in (first, other))
    raise InputError(f"{both} are ranks of different data: {what}; compare runs on the same split of the same dataset")


def _pairs(queries: Queries) -> list[tuple[str, str]]:
    return [(queries.video_ids[owner], text) for owner, text in zip(queries.owners, queries.texts, strict=True)]


def _means(side: Side) -> dict[str, dict[str, float]]:
    """Return each metric's mean over the runs."""
    runs = [{name: each.metrics.to_dict() for name, each in run.directions.items()} for run in side.runs]
    return {
        name: {metric: float(np.mean([run[name][metric] for run in runs])) for metric in of_metrics}
        for name, of_metrics in runs[0].items()
    }


def _resampled_side(side: Side, number: int, num_resamples: int, seed: int) -> Values:
    """Return the resamples of a side: of the videos, which all sides share, and of its runs."""
    rng = np.random.default_rng([seed, number])
    num_runs = len(side.runs)
    kept: dict[str, dict[str, list[np.ndarray]]] = {}
    for videos in draws(len(side.runs[0].queries.video_ids), num_resamples, seed=seed):
        runs = rng.multinomial(num_runs, [1 / num_runs] * num_runs, size=len(videos)) / num_runs
        for name in side.runs[0].directions:
            made = [resampled(run.directions[name], videos) for run in side.runs]
            for metric in made[0]:
                mean = (np.stack([each[metric] for each in made], axis=1) * runs).sum(axis=1)
                kept.setdefault(name, {}).setdefault(metric, []).append(mean)
    return {
        name: {metric: np.concatenate(blocks) for metric, blocks in of_metrics.items()}
        for name, of_metrics in kept.items()
    }


def _differences(
    metrics: list[dict[str, dict[str, float]]], drawn: list[Values]
) -> list[dict[str, dict[str, Difference]]]:
    differences: list[dict[str, dict[str, Difference]]] = [{} for _ in drawn[1:]]
    for name, of_metrics in metrics[0].items():
        for metric in of_metrics:
            spread = [side[name][metric] - drawn[0][name][metric] for side in drawn[1:]]
            p_values = [_p(each) for each in spread]
            for number, (each, p, corrected) in enumerate(zip(spread, p_values, holm(p_values), strict=True)):
                value = metrics[number + 1][name][metric] - of_metrics[metric]
                made = Difference(value, percentiles(each), p, corrected)
                differences[number].setdefault(name, {})[metric] = made
    return differences


def _p(spread: np.ndarray) -> float:
    """Return the two-sided p-value of no difference: how often a resample is on the other side of 0, never 0."""
    beyond = min(np.count_nonzero(spread <= 0), np.count_nonzero(spread >= 0))
    return min(1.0, 2 * (1 + int(beyond)) / (len(spread) + 1))
