"""The measurement of growth, with small libraries: it goes on after a kill, and its figures are what they claim."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from framecue.library.store import Store
from framecue.library.store.index import LEAST_INDEXED_ROWS

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scale.py"
SIZES = (LEAST_INDEXED_ROWS, 2 * LEAST_INDEXED_ROWS + 20)


@pytest.mark.slow
def test_a_small_growth_and_going_on_after_a_kill(
    tmp_path: Path, run_smallest, capsys: pytest.CaptureFixture[str]
) -> None:
    results = run_smallest("scale", "--folder", tmp_path)
    printed = capsys.readouterr().out
    assert [each["rows"] for each in results["sizes"]] == list(SIZES)
    for each in results["sizes"]:
        assert 0.9 < each["recall_text"] <= 1
        assert 0.9 < each["recall_picture"] <= 1
        assert [load["clients"] for load in each["loads"]] == [1, 4, 16]
        assert all(0 < load["p50_ms"] <= load["p95_ms"] for load in each["loads"])
        assert each["disk_mb"] >= each["rows_mb"] + each["index_mb"] > each["rows_mb"] > 32 * 2 * each["rows"] / 1e6
        assert each["build_seconds"] > 0
        assert 50 < each["search_memory_mb"] < 2000
    assert results["growth"]["rows on the disk"] == pytest.approx(1, abs=0.3)
    assert printed.count(f"| {SIZES[0]:,} |".replace(",", " ")) == 1
    # As after a kill while the last size was asked: nothing else is done again.
    kept = {path.name: path.read_bytes() for path in tmp_path.glob("*-*.json")}
    assert len(kept) == 2 * 4
    again = f"{SIZES[1]}x32-search.json"
    (tmp_path / again).unlink()
    sizes = ("--rows", *SIZES, "--width", 32, "--queries", 3, "--seconds", 0.2, "--folder", tmp_path)
    words = [str(SCRIPT), *map(str, sizes), "--json", str(tmp_path / "results.json")]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    resumed, printed = json.loads((tmp_path / "results.json").read_text(encoding="utf-8")), done.stdout
    assert printed.count(" took ") == 1
    assert f"{SIZES[1]} rows: search took" in printed
    assert {name: (tmp_path / name).read_bytes() for name in kept if name != again} == {
        name: content for name, content in kept.items() if name != again
    }
    assert [each["recall_text"] for each in resumed["sizes"]] == [each["recall_text"] for each in results["sizes"]]


def test_a_library_that_has_grown_is_the_one_that_was_made_at_once(load_benchmark, tmp_path: Path) -> None:
    made = load_benchmark("generated_library")
    how = {"width": 16, "vectors": "clip"}
    assert made.grow(tmp_path / "at-once", number=20_500, **how) == 20_500
    for number, there in ((30, 40), (20_000, 20_000), (20_021, 20_040), (20_500, 20_500), (100, 20_500)):
        assert made.grow(tmp_path / "grown", number=number, **how) == there
    at_once, grown = (Store.open(str(tmp_path / name)).to_arrow(vectors=True) for name in ("at-once", "grown"))
    assert grown == at_once


def test_the_exact_search_by_parts_is_one_of_all_rows(load_benchmark, tmp_path: Path, monkeypatch) -> None:
    scale = load_benchmark("scale")
    monkeypatch.setattr(scale, "EXACT_ROWS", 7)
    options = scale.argparse.Namespace(size=100, width=16, vectors="clip", queries=5, folder=tmp_path)
    assert scale.grow_to(options) == {"rows": 100}
    found = scale.exact(options)["found"]
    store = Store.open(str(scale.uri_of(options)))
    for kind, queries in scale.read_queries(tmp_path).items():
        for query, keys in zip(queries, found[kind], strict=True):
            assert set(keys) == {scale.key_of(*match.key[:2]) for match in store.search(query, limit=10, exact=True)}


def test_a_library_that_is_larger_already_is_not_measured_as_a_smaller_one(load_benchmark, tmp_path: Path) -> None:
    scale = load_benchmark("scale")
    options = scale.argparse.Namespace(size=200, width=8, vectors="clip", queries=1, folder=tmp_path)
    scale.grow_to(options)
    options.size = 100
    with pytest.raises(SystemExit, match="200 rows already: leave 100 out of --rows"):
        scale.grow_to(options)


def test_a_disk_without_the_room_is_not_filled(load_benchmark, tmp_path: Path) -> None:
    scale = load_benchmark("scale")
    with pytest.raises(SystemExit, match="the disk has not the room"):
        scale.check_room(tmp_path, 10**15, 512)
    scale.check_room(tmp_path, 1000, 512)


def test_the_exponents_are_those_of_what_was_measured(load_benchmark) -> None:
    scale = load_benchmark("scale")

    def measured(rows: int):
        loads = [scale.Load(clients, 3 * rows**0.75, 0, 0) for clients in scale.CLIENTS]
        sizes = {"rows_mb": rows / 7, "index_mb": 2.0 * rows, "other_indexes_mb": 1, "disk_mb": 1}
        built = {"build_seconds": rows**1.5, "build_memory_mb": rows**0.5}
        recalls = {"recall_text": 1, "recall_picture": 1}
        return scale.Measured(
            rows=rows, **sizes, **built, **recalls, first_search_ms=1, loads=loads, search_memory_mb=8
        )

    found = scale.exponents([measured(rows) for rows in (10**6, 3 * 10**6, 10**7)])
    expected = [1.5, 0.5, 1, 1, 0, *[0.75] * 3]
    np.testing.assert_allclose(list(found.values()), expected, atol=1e-9)
    assert scale.exponents([measured(10)]) == {}


def test_sizes_that_would_not_have_the_index_made_anew_are_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(SCRIPT), "--rows", "20000", "40000", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "more than twice the one before" in done.stderr
