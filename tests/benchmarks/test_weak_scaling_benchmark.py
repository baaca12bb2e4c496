"""What the benchmark makes of its runs; the runs take a cluster, which no test here starts."""

from __future__ import annotations

import argparse

import pytest

OPTIONS = argparse.Namespace(clips=40, seconds=15, rounds=3)


def test_neighbouring_runs_are_compared(load_benchmark) -> None:
    benchmark = load_benchmark("weak_scaling")
    # The machine is busy with something else in the second round.
    one = [benchmark.Run(1, 40, seconds, 4.0, 0.02) for seconds in (10.0, 20.0, 10.0)]
    two = [benchmark.Run(2, 80, seconds, 5.0, 0.04) for seconds in (11.0, 22.0, 10.0)]
    results = benchmark.results_of_runs([run for pair in zip(one, two, strict=True) for run in pair], 6.0, 5.0, OPTIONS)
    assert results.ratio == pytest.approx(20 / 11)
    assert (results.one_worker, results.two_workers) == (4.0, pytest.approx(80 / 11))
    assert results.overhead == pytest.approx(0.2)
    assert (results.starting_seconds, results.connecting_seconds, results.driver_share) == (4.5, 6.0, 0.04)
    assert len(results.runs) == 6
    printed = "\n".join(benchmark.lines(results))
    assert "1.82x (goal 1.6x: reached)" in printed
    assert "Ray costs 20%" in printed


def test_no_cluster_is_started_for_the_shortest_run(load_benchmark) -> None:
    assert load_benchmark("weak_scaling").measurements("tiny") == []
