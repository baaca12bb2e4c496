from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def decoders_are_started(decoders_are_forked: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that decode start as they do for everybody: what they cost is part of what is measured."""
    monkeypatch.setattr("framecue.video.isolate.process.subprocess", subprocess)


@pytest.fixture
def load_benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a script of benchmarks/, which may import others of them."""

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(BENCHMARKS)
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # where dataclasses look up their annotations
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def run_benchmark(load_benchmark, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Run a script of benchmarks/ in this process with some arguments."""

    def run(name: str, *arguments: object) -> ModuleType:
        module = load_benchmark(name)
        monkeypatch.setattr(sys, "argv", [f"{name}.py", *map(str, arguments)])
        module.main()
        return module

    return run


@pytest.fixture
def check_lines(load_benchmark: Callable[[str], ModuleType]) -> Callable[[str, Sequence[Any]], None]:
    """Check that a benchmark's measurements stand in the table of `all.py`, each as a line."""

    def check(name: str, measurements: Sequence[Any]) -> None:
        lines = load_benchmark("measure").table({name: measurements}).splitlines()[2:]
        assert len(lines) == len(measurements)
        for line in lines:
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert cells[0] == f"`{name}`"
            assert re.fullmatch(r"-?[\d.e+-]+( s| %| points|x|)", cells[2]), line
            assert (cells[3] == "-") == (cells[4] == "-")
            assert cells[4] in ("-", "reached", "not reached")

    return check


@pytest.fixture
def run_smallest(load_benchmark, check_lines, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a benchmark as `all.py --tiny` does, with some arguments more, and check its lines; gives its results."""

    def run(name: str, *arguments: object) -> Any:
        module, kept = load_benchmark(name), []
        results_of = module.results_of

        def keep(main: Callable[[], object], *given: object) -> Any:
            kept.append(results_of(main, *given, *arguments))
            return kept[-1]

        monkeypatch.setattr(module, "results_of", keep)
        measurements = module.measurements("tiny")
        assert measurements
        check_lines(name, measurements)
        (results,) = kept
        return results

    return run


@pytest.fixture
def small_clip(tmp_path: Path) -> Path:
    """The configuration of a CLIP that is fast enough for a test."""
    layer = '"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2'
    vision = f'{{{layer}, "image_size": 32, "patch_size": 16}}'
    path = tmp_path / "config.json"
    path.write_text(f'{{"projection_dim": 16, "vision_config": {vision}, "text_config": {{{layer}}}}}')
    return path
