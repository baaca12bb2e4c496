"""Resamples against metrics that are computed anew from lists of queries, drawn one by one."""

from __future__ import annotations

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.evaluation import bootstrap
from framecue.evaluation.bootstrap import Direction, draws, intervals, percentiles, resampled
from framecue.evaluation.metrics import RankMetrics


@pytest.fixture
def direction() -> Direction:
    rng = np.random.default_rng(2)
    videos = np.sort(np.concatenate([np.arange(30), rng.integers(0, 30, 40)]))
    return Direction.of(rng.geometric(0.1, size=70), videos)


def test_a_resample_is_the_metrics_of_the_queries_of_the_videos_that_were_drawn(
    direction: Direction, monkeypatch: pytest.MonkeyPatch
) -> None:
    for numbers in (1, 400, 2**22):  # blocks of one resample, of some, of all
        monkeypatch.setattr(bootstrap, "BLOCK_NUMBERS", numbers)
        drawn = np.concatenate(list(draws(30, 25, seed=1)))
        assert drawn.shape == (25, 30)
        assert (drawn.sum(axis=1) == 30).all()
        found = resampled(direction, drawn)
        for row, times in enumerate(drawn):
            chosen = [
                query
                for video in range(30)
                for _ in range(times[video])
                for query in np.flatnonzero(direction.videos == video)
            ]
            expected = RankMetrics.from_ranks(direction.ranks[chosen], direction.gains[chosen]).to_dict()
            assert {name: values[row] for name, values in found.items()} == pytest.approx(expected)


def test_blocks_do_not_change_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(draws(7, 20, seed=3)))
    assert (np.concatenate(list(draws(7, 20, seed=4))) != whole).any()
    monkeypatch.setattr(bootstrap, "BLOCK_NUMBERS", 21)
    np.testing.assert_array_equal(np.concatenate(list(draws(7, 20, seed=3))), whole)


def test_each_video_is_drawn_as_often_as_any_other() -> None:
    drawn = np.concatenate(list(draws(5, 4000, seed=0)))
    assert drawn.mean(axis=0) == pytest.approx(np.ones(5), abs=0.06)
    assert drawn.var() == pytest.approx(0.8, abs=0.05)  # of a multinomial: 5 * 1/5 * 4/5


def test_the_interval_of_a_share_is_that_of_the_binomial() -> None:
    ranks = np.where(np.arange(512) < 167, 1, 20)  # 32.6 per cent
    interval = intervals(Direction.of(ranks, np.arange(512)), 512)["R@1"]
    half = 1.96 * 100 * np.sqrt(0.326 * 0.674 / 512)
    assert interval.low == pytest.approx(32.6 - half, abs=0.5)
    assert interval.high == pytest.approx(32.6 + half, abs=0.5)


def test_captions_of_a_video_count_together() -> None:
    # All twenty captions of a video succeed or fail as one: there are 50 independent results, not 1 000.
    ranks = np.repeat(np.where(np.arange(50) < 25, 1, 20), 20)
    together = intervals(Direction.of(ranks, np.repeat(np.arange(50), 20)), 50)["R@1"]
    apart = intervals(Direction.of(ranks, np.arange(1000)), 1000)["R@1"]
    assert together.high - together.low == pytest.approx(2 * 1.96 * 50 / np.sqrt(50), rel=0.15)
    assert apart.high - apart.low == pytest.approx(2 * 1.96 * 50 / np.sqrt(1000), rel=0.15)


def test_the_same_seed_gives_the_same_intervals(direction: Direction) -> None:
    assert intervals(direction, 30) == intervals(direction, 30)
    assert intervals(direction, 30, seed=1) != intervals(direction, 30)
    for name, (low, high) in intervals(direction, 30).items():
        assert low <= direction.metrics.to_dict()[name] <= high


def test_percentiles() -> None:
    assert percentiles(np.arange(1001.0)) == (25.0, 975.0)


def test_no_resamples(direction: Direction) -> None:
    with pytest.raises(InputError, match="num_resamples is 0; give at least 1"):
        intervals(direction, 30, num_resamples=0)
