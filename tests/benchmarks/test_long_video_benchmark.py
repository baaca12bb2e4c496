"""The film that long videos are measured by: shots, repeated without being encoded anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from framecue.video import read_packet_index
from framecue.video.read.shots import find_cuts


@pytest.fixture
def benchmark(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    pytest.importorskip("cv2")
    return load_benchmark("long_video")


def test_a_film_is_its_part_so_many_times(
    benchmark: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(benchmark, "LONGEST_SECONDS", 3.0)
    film, part = benchmark.make_film(tmp_path, 0.3, 0.1, 90)
    once, whole = read_packet_index(part), read_packet_index(film)
    assert (once.num_frames, whole.num_frames) == (150, 450)
    assert np.abs(np.diff(whole.times_seconds) - 1 / 25).max() < 1e-6
    cuts = find_cuts(film, whole)
    shots = find_cuts(part, once)
    assert len(shots) >= 1
    # Each time all cuts of the part, and one where it begins again.
    expected = [6.0 * turn + cut for turn in range(3) for cut in (0.0, *shots)][1:]
    assert cuts == pytest.approx(expected)
    before = film.stat().st_mtime_ns
    assert benchmark.make_film(tmp_path, 0.3, 0.1, 90) == (film, part)
    assert film.stat().st_mtime_ns == before


@pytest.mark.slow
def test_both_sides_give_the_same_vectors(benchmark: ModuleType, run_smallest) -> None:
    results = run_smallest("long_video")
    assert results["ratio"] > 0
    assert results["num_compared"] > 0
    assert results["cosine"] > benchmark.LEAST_COSINE
