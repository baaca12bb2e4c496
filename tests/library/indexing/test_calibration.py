from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.library.indexing import calibration
from framecue.library.indexing.calibration import find_pace
from framecue.library.indexing.pace import Pace, usual_pace
from framecue.library.indexing.pace_file import keep_pace, kept_pace, pace_key
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.video import Content, FrameSampling, Moment, ReadOptions
from support.colours import ColourEncoder, ThreadedColours

OPTIONS = ReadOptions(FrameSampling(4), short_side=20)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path))
    monkeypatch.setattr(calibration, "num_cores", lambda: 4)


def units(number: int, *, size_bytes: int = 1) -> list[Unit]:
    return [Unit(f"{place}.mp4", FileState(size_bytes, 1.0)) for place in range(number)]


class Reader:
    """Gives a segment of each file, of which the first cannot be read."""

    PIXELS = np.full((4, 8, 8, 3), 77, np.uint8)

    def __init__(self) -> None:
        self.paths: list[str] = []

    def __call__(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator:
        self.paths.append(path)
        if path == "0.mp4":
            raise VideoError(path, "no video")
        assert is_wanted(path)
        yield Content(path, True, 5.0, 1)
        yield Moment(0.0, 5.0, self.PIXELS, b"")


def test_a_short_run_is_not_measured() -> None:
    encoder, read = ThreadedColours(max_threads=2), Reader()
    assert find_pace(encoder, units(20), read, OPTIONS) == usual_pace(encoder)
    assert (encoder.batches, read.paths) == ([], [])
    assert kept_pace(pace_key(encoder)) is None


@pytest.mark.parametrize("encoder", [ColourEncoder(), ThreadedColours(max_threads=1)])
def test_an_encoder_of_one_thread_is_not_measured(encoder: ColourEncoder) -> None:
    assert find_pace(encoder, units(5000), Reader(), OPTIONS) == usual_pace(encoder)
    assert encoder.batches == []


@pytest.mark.parametrize("many", [units(5000), units(3, size_bytes=20_000_000_000)])
def test_a_long_run_is_measured_once(many: list[Unit]) -> None:
    encoder, read = ThreadedColours(max_threads=2), Reader()
    found = find_pace(encoder, many, read, OPTIONS)
    assert found.num_workers in (1, 2)
    assert found.frames_per_batch in (8, 16, 32)
    assert found.frames_per_second is not None
    assert found.frames_per_second > 0
    assert read.paths == [unit.path for unit in many[:4]]
    num_before = len(encoder.batches)
    assert num_before > 4
    assert find_pace(encoder, many, read, OPTIONS) == found
    assert find_pace(encoder, units(1), read, OPTIONS) == found  # a short run takes what is known
    assert len(encoder.batches) == num_before


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ({(2, 16): 100, (2, 8): 104, (2, 32): 90, (1, 16): 104}, (2, 16)),  # others gain too little
        ({(2, 16): 100, (2, 8): 110, (2, 32): 90, (1, 16): 50}, (2, 8)),
        ({(2, 16): 100, (2, 8): 90, (2, 32): 120, (1, 16): 110}, (2, 32)),
        ({(2, 16): 100, (2, 8): 90, (2, 32): 90, (1, 16): 130}, (1, 16)),
    ],
)
def test_what_encodes_most_is_taken(
    monkeypatch: pytest.MonkeyPatch, rates: dict[tuple[int, int], float], expected: tuple[int, int]
) -> None:
    def rate(_: object, pace: Pace, batch: np.ndarray) -> float:
        assert batch.shape[0] * batch.shape[1] == pace.frames_per_batch
        return rates[pace.num_workers, pace.frames_per_batch]

    monkeypatch.setattr(calibration, "_rate", rate)
    found = find_pace(ThreadedColours(max_threads=2), units(5000), Reader(), OPTIONS)
    assert (found.num_workers, found.frames_per_batch) == expected
    assert found.frames_per_second == rates[expected]


@pytest.mark.parametrize(("seconds", "num_readers"), [(0.1, 1), (0.39, 1), (0.5, 2), (50, 4)])
def test_slow_files_get_more_readers(monkeypatch: pytest.MonkeyPatch, seconds: float, num_readers: int) -> None:
    clock = [0.0]
    monkeypatch.setattr(calibration.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(calibration, "_rate", lambda *_: 10.0)  # 0.4 seconds a segment

    class Slow(Reader):
        def __call__(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator:
            for event in super().__call__(path, options, is_wanted):
                clock[0] += seconds / 2
                yield event

    assert find_pace(ThreadedColours(max_threads=2), units(5000), Slow(), OPTIONS).num_readers == num_readers


def test_what_is_measured_with_is_the_runs_own_first_segment() -> None:
    """An encoder may choose how it encodes by the first videos that it is given."""
    seen: list[np.ndarray] = []

    class Watched(ThreadedColours):
        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            seen.append(pixel_values)
            return super().embed_videos(pixel_values)

    encoder = Watched(max_threads=2)
    find_pace(encoder, units(5000), Reader(), OPTIONS)
    shown = encoder.prepare(Reader.PIXELS)
    assert len(seen[0]) == 1
    assert all((video == shown).all() for batch in seen for video in batch)


def test_of_files_that_cannot_be_read_nothing_is_learnt() -> None:
    encoder = ThreadedColours(max_threads=2)
    bad = [Unit("0.mp4", FileState(1, 1.0))] * 5000
    assert find_pace(encoder, bad, Reader(), OPTIONS) == usual_pace(encoder)
    assert kept_pace(pace_key(encoder)) is None


def test_a_pace_for_more_cores_than_there_are_now_is_not_taken() -> None:
    encoder = ThreadedColours(max_threads=2)
    kept = find_pace(encoder, units(5000), Reader(), OPTIONS)
    keep_pace(pace_key(encoder), replace(kept, num_workers=3))
    assert find_pace(encoder, units(1), Reader(), OPTIONS) == usual_pace(encoder)


def test_a_kept_pace_that_would_take_all_memory_is_not_taken() -> None:
    encoder = ThreadedColours(max_threads=2)
    usual = usual_pace(encoder)
    keep_pace(pace_key(encoder), replace(usual, frames_per_batch=10**12, frames_per_second=1.0))
    assert find_pace(encoder, units(1), Reader(), OPTIONS) == usual
