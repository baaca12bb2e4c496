"""The comparison of Prompt Switch and mean pooling, with a small model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


def test_a_small_comparison(run_benchmark, small_clip: Path, tmp_path: Path, capsys) -> None:
    arguments = ("--rounds", 2, "--config", small_clip, "--json", tmp_path / "results.json")
    run_benchmark("prompt_switch", *arguments)
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert [result["dtype"] for result in results] == ["float32", "bfloat16"]
    printed = capsys.readouterr().out
    for result in results:
        assert result["ratio"] == pytest.approx(result["prompt_switch_seconds"] / result["mean_pool_seconds"])
        assert result["goal"] == 1.2
        assert f"{result['ratio']:.2f}x the time (goal at most 1.2x: " in printed
