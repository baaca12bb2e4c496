"""The comparison of searches, with a small library, and the vectors that it is made of."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest

from framecue.library.search.legs.seen import FIRST_LIMIT
from framecue.library.store.index import LEAST_INDEXED_ROWS


@pytest.mark.slow
def test_a_small_comparison(run_smallest, capsys: pytest.CaptureFixture[str]) -> None:
    results = run_smallest("ann")
    printed = capsys.readouterr().out
    assert (results["num_vectors"], results["width"], results["vectors"]) == (LEAST_INDEXED_ROWS, 32, "clip")
    for values in results["searches"]:
        assert 0.9 < values["recall"] <= 1
        assert values["ratio"] == pytest.approx(values["exact_ms"] / values["index_ms"])
    assert [(values["name"], values["limit"]) for values in results["searches"]] == [
        *(("text", 10), ("picture", 10)),
        *(("text", FIRST_LIMIT), ("picture", FIRST_LIMIT)),
    ]
    assert len(results["filtered"]) == 12
    for values in results["filtered"]:
        assert 0.9 < values["recall"] <= 1
        assert values["ratio"] == pytest.approx(values["filtered_ms"] / values["unfiltered_ms"])
    assert results["numpy_ratio"] == pytest.approx(results["numpy_ms"] / results["numpy_index_ms"])
    assert results["numpy_agreement"] > 0.95
    assert min(results["index_mb"], results["rows_mb"], results["numpy_ms"], results["first_search_ms"]) > 0
    assert 50 < results["search_memory_mb"] <= results["exact_memory_mb"] < 2000
    assert "recall@10" in printed
    assert printed.count("goals 0.98 and 20x: ") == 4
    assert printed.count("goals 0.98 and 3x: ") == 12


def test_too_few_vectors_for_an_index_are_refused(load_benchmark, tmp_path: Path) -> None:
    benchmark = load_benchmark("ann")
    options = argparse.Namespace(number=100, width=32, vectors="clip", queries=1, folder=tmp_path)
    assert benchmark.make(options) == {"num_vectors": 100}
    with pytest.raises(SystemExit, match="0 of 100 rows are in the index; give a larger --number"):
        benchmark.build(options)


def test_vectors_lie_as_they_are_said_to(load_benchmark) -> None:
    world = load_benchmark("clip_vectors").World(512, "clip")
    pictures = world.pictures(200, 3)
    np.testing.assert_allclose(np.linalg.norm(pictures, axis=1), 1, atol=1e-5)
    videos = pictures.reshape(200, 3, 512)
    among = np.einsum("ivd,iwd->ivw", videos, videos)[:, 0, 1]
    apart = pictures[::3] @ pictures[::3].T
    assert apart[~np.eye(200, dtype=bool)].mean() == pytest.approx(0.5, abs=0.06)
    assert among.mean() > 0.85
    texts = world.texts(200)
    with_pictures = texts @ pictures.T
    assert with_pictures.mean() == pytest.approx(0.175, abs=0.03)
    assert with_pictures.max(axis=1).mean() < 0.4
    variances = np.linalg.svd(pictures[::3] - pictures[::3].mean(0), compute_uv=False) ** 2
    assert variances[:20].sum() > 0.4 * variances.sum()


def test_gaussian_vectors_have_no_structure(load_benchmark) -> None:
    pictures = load_benchmark("clip_vectors").World(512, "gaussian").pictures(300, 1)
    cosines = (pictures @ pictures.T)[~np.eye(300, dtype=bool)]
    assert abs(cosines.mean()) < 0.01
    assert cosines.max() < 0.3


def test_the_same_vectors_come_each_time(load_benchmark) -> None:
    module = load_benchmark("clip_vectors")
    first, second = (module.World(64, "clip").pictures(3, 2) for _ in range(2))
    np.testing.assert_array_equal(first, second)
