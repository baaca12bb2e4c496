"""LanceDB's other kinds of index, asked in a small library, and a run of it that goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.library.store.index import LEAST_INDEXED_ROWS

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "index_kinds.py"


@pytest.mark.slow
def test_kinds_are_compared_and_a_run_goes_on(tmp_path: Path, run_smallest) -> None:
    first = run_smallest("index_kinds", "--folder", tmp_path)
    assert first["kinds"].keys() == {"IVF_RQ 5 bits", "IVF_PQ 8 wide", "IVF_HNSW_SQ"}
    sizes = ("--number", LEAST_INDEXED_ROWS, "--width", 32, "--queries", 2, "--folder", tmp_path)
    arguments = (*sizes, "--json", tmp_path / "results.json", "--kinds", "IVF_FLAT", "IVF_HNSW_SQ")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    both = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert "IVF_HNSW_SQ: made in" not in printed  # it was measured before
    assert "IVF_FLAT: made in" in printed
    assert both["kinds"]["IVF_HNSW_SQ"] == first["kinds"]["IVF_HNSW_SQ"]
    for measured in both["kinds"].values():
        assert min(measured["index_mb"], measured["seconds"]) > 0
        recalls = [min(each["recall"].values()) for each in measured["asked"]]
        assert 0.9 < max(recalls) <= 1
    assert {each["way"]["refine_factor"] for each in both["kinds"]["IVF_FLAT"]["asked"]} == {0}
    assert all(each["way"]["reach"] for each in first["kinds"]["IVF_HNSW_SQ"]["asked"])
    assert printed.count("| IVF_") == 2


def test_the_fastest_way_is_one_that_finds_enough(load_benchmark) -> None:
    benchmark = load_benchmark("index_kinds")

    def asked(text: float, picture: float, milliseconds: float) -> dict:
        return {"recall": {"text": text, "picture": picture}, "index_ms": milliseconds}

    fast, good, better = asked(1, 0.97, 1), asked(0.98, 1, 3), asked(1, 1, 4)
    assert benchmark.best([fast, better, good]) is good
    assert benchmark.best([fast]) is None
