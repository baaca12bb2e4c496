"""The comparison of indexing, with few short clips and a small model: both sides make the same vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest


@pytest.mark.parametrize(("dtype", "goal"), [("float32", 3.0), ("bfloat16", 4.5)])
def test_a_small_comparison(run_benchmark, small_clip: Path, tmp_path: Path, capsys, dtype: str, goal: float) -> None:
    pytest.importorskip("cv2")
    arguments = ("--clips", 3, "--chunk", 2, "--seconds", 2, "--stage-clips", 2, "--dtype", dtype)
    folders = ("--folder", tmp_path / "clips", "--json", tmp_path / "results.json", "--config", small_clip)
    run_benchmark("indexing", *arguments, *folders)
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert (results["num_clips"], results["dtype"], results["goal"]) == (3, dtype, goal)
    ratio = results["framecue_videos_a_second"] / results["plain_videos_a_second"]
    assert results["ratio"] == pytest.approx(ratio)
    assert results["cosine"] > 0.999
    assert results["neighbour_cosine"] < results["cosine"]  # so that the vectors tell the clips apart
    assert set(results["plain_stages_ms"]) == {"read", "make ready", "encode"}
    assert set(results["framecue_stages_ms"]) == {"hash", "read", "make ready", "encode", "write"}
    assert all(value > 0 for value in (results["plain_stages_ms"] | results["framecue_stages_ms"]).values())
    parts = results["profile_ms"]
    assert set(parts) == {"encode", "make ready", "read", "store and the rest", "idle or others'"}
    assert all(value > 0 for name, value in parts.items() if name != "idle or others'")
    seconds = results["num_clips"] / results["framecue_videos_a_second"]
    # All cores' time, of the run alone and so a little less than between the two looks at the clock.
    assert sum(parts.values()) == pytest.approx(1000 * results["cores"] * seconds / results["num_clips"], rel=0.05)
    assert f"{results['ratio']:.2f}x (goal {goal}x: " in capsys.readouterr().out
    assert len(list((tmp_path / "clips").iterdir())) == 3


def test_the_sides_take_turns(load_benchmark) -> None:
    benchmark = load_benchmark("indexing")
    turns: list[tuple[str, list[int]]] = []

    class Side:
        def __init__(self, name: str) -> None:
            self.name = name

        def add(self, paths: list[int]) -> None:
            turns.append((self.name, paths))

    benchmark.compare(Side("plain"), Side("framecue"), [1, 2, 3, 4, 5], 2, benchmark.Profile())
    assert turns == [
        *(("plain", [1, 2]), ("framecue", [1, 2])),
        *(("framecue", [3, 4]), ("plain", [3, 4])),
        *(("plain", [5]), ("framecue", [5])),
    ]


def test_cosines_are_of_each_row_with_its_own(load_benchmark) -> None:
    some, others = np.array([[3.0, 0], [1, 1]]), np.array([[5.0, 0], [0, 2]])
    np.testing.assert_allclose(load_benchmark("indexing").cosines(some, others), [1, 0.5**0.5])
