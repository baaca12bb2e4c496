"""The folding of a library's rows by file, with a small library."""

from __future__ import annotations

import json

import pytest


def test_both_ways_say_the_same_and_are_timed(run_benchmark, capsys: pytest.CaptureFixture[str]) -> None:
    run_benchmark("snapshot", "--number", 3000, "--rows-per-file", 7, "--turns", 3)
    result = json.loads(capsys.readouterr().out)
    assert (result["num_rows"], result["num_files"]) == (3000, 429)
    assert min(result["grouped_ms"], result["loop_ms"], result["snapshot_ms"]) > 0
    assert result["ratio"] == pytest.approx(result["loop_ms"] / result["grouped_ms"], rel=0.05)
