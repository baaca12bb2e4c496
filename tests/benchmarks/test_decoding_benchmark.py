"""The comparison of decoding, on short files: it reads the same frames both ways, and says what it measured."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "decoding.py"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmark_of_decoding", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # where dataclasses look up their annotations
    spec.loader.exec_module(module)
    return module


def run(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["decoding.py", *map(str, arguments)])
    benchmark.main()


def test_a_small_comparison(benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    pytest.importorskip("cv2")
    arguments = ("--cases", "one-gop", "--seconds", "2", "--rounds", "2", "--folder", tmp_path)
    run(benchmark, monkeypatch, *arguments, "--json", tmp_path / "results.json")
    (result,) = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert result["name"] == "one-gop"
    assert result["goal"] == 2.5
    assert result["ratio"] == pytest.approx(result["opencv_seconds"] / result["framecue_seconds"])
    assert result["processor_ratio"] > 0
    assert 0 <= result["difference"] < benchmark.TOLERANCE
    assert result["neighbour_difference"] > 2 * result["difference"]
    assert f"{result['ratio']:.2f}x (goal 2.5x: " in capsys.readouterr().out
    assert [path.name for path in tmp_path.glob("*.mp4")] == ["one-gop-2s.mp4"]

    read = benchmark.read_by_seeking
    monkeypatch.setattr(benchmark, "read_by_seeking", lambda path, *, offset=0: read(path, offset=offset + 1))
    with pytest.raises(SystemExit, match="one-gop: the two sides read other frames"):
        run(benchmark, monkeypatch, *arguments)


def test_pictures_are_the_same_each_time_and_always_move(benchmark: ModuleType) -> None:
    case = benchmark.CASES["one-gop"]
    pictures, again = list(benchmark.pictures(case, 8)), list(benchmark.pictures(case, 8))
    np.testing.assert_array_equal(pictures, again)
    assert pictures[0].shape == (case.height, case.width, 3)
    assert benchmark.mean_difference(np.stack(pictures[1:]), np.stack(pictures[:-1])).min() > 2
