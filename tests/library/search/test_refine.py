from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import VideoError
from framecue.library.search.refine import LEAST_EXPLAINED, MOST_FRAMES, best_edges, refined_moment
from framecue.video import FrameSampling, read_frames, write_video


def squared_error(scores: np.ndarray, first: int, stop: int) -> float:
    parts = [part for part in np.split(scores, [first, stop]) if len(part)]
    return float(sum(((part - part.mean()) ** 2).sum() for part in parts))


def by_trying_all(scores: np.ndarray, middle: int) -> tuple[int, int] | None:
    """Return the stretch with the smallest squared error of three levels, by computing it for each."""
    best, found = np.inf, None
    num = len(scores)
    for first in range(middle + 1):
        for stop in range(max(middle + 1, first + 2), num + 1):
            inside = scores[first:stop].mean()
            sides = [part.mean() for part in (scores[:first], scores[stop:]) if len(part)]
            if not sides or any(side >= inside for side in sides):
                continue
            error = squared_error(scores, first, stop)
            if error < best - 1e-9:
                best, found = error, (first, stop)
    spread = ((scores - scores.mean()) ** 2).sum()
    return found if spread - best > LEAST_EXPLAINED * spread + 1e-9 else None


@given(st.lists(st.integers(-8, 8), min_size=3, max_size=14), st.data())
def test_edges_are_where_three_levels_fit_best(values: list[int], data: st.DataObject) -> None:
    scores = np.array(values, dtype=np.float64)
    times = np.arange(len(scores)) + 0.5
    middle = data.draw(st.integers(0, len(scores) - 1))
    start, end = middle - 0.5, middle + 1.5

    edges = best_edges(times, scores, start, end)
    expected = by_trying_all(scores, middle)

    if expected is None:
        assert edges == (start, end)
        return
    first = 0 if edges[0] < 0.5 else round(edges[0])
    stop = len(scores) if edges[1] > len(scores) - 1 else round(edges[1])
    assert squared_error(scores, first, stop) == pytest.approx(squared_error(scores, *expected))


def test_a_step_up_and_a_step_down_are_the_edges() -> None:
    times = np.arange(40) / 4 + 0.125
    scores = np.where((times > 3) & (times < 7), 0.8, 0.1) + 0.01 * np.cos(np.arange(40))

    assert best_edges(times, scores, 2.5, 7.5) == (3.0, 7.0)


def test_where_nothing_stands_out_the_edges_stay() -> None:
    times = np.arange(12) / 4

    assert best_edges(times, np.full(12, 0.3), 0.5, 2.5) == (0.5, 2.5)
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=60)
        assert best_edges(np.arange(60) / 4, noise, 5.0, 10.0) == (5.0, 10.0)
    assert best_edges(times[:2], np.array([0.1, 0.9]), 0.0, 1.0) == (0.0, 1.0)


class BrightnessModel:
    """Scores a frame by how bright it is, a fixed number of frames at a time as some methods do."""

    sampling = FrameSampling(6)
    short_side = None

    def __init__(self) -> None:
        self.num_frames: list[int] = []

    def prepare(self, frames: np.ndarray) -> np.ndarray:
        return frames.astype(np.float32)

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        self.num_frames.append(len(pixel_values))
        bright = pixel_values.mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright], axis=1).astype(np.float32)


class Files:
    """Reads files in this process."""

    read_frames = staticmethod(read_frames)


@pytest.fixture(scope="module")
def flash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dark video of 12 s that is bright from 4.5 to 8 s."""
    path = tmp_path_factory.mktemp("refine") / "flash.mp4"
    bright = [54 <= number < 96 for number in range(144)]
    write_video(path, (np.full((32, 32, 3), 220 if on else 20, np.uint8) for on in bright), frames_per_second=12)
    return path


def test_a_moment_is_moved_to_where_its_frames_match(flash: Path) -> None:
    model = BrightnessModel()

    start, end = refined_moment(model, np.array([1.0, 0.0]), str(flash), 5.0, 10.0, 12.0, Files())  # type: ignore[arg-type]

    assert (start, end) == (pytest.approx(4.5, abs=0.26), pytest.approx(8.0, abs=0.26))
    assert set(model.num_frames) == {6}


def test_a_long_moment_costs_a_bounded_number_of_frames(flash: Path) -> None:
    model = BrightnessModel()
    asked: list[int] = []

    class Counting:
        def read_frames(self, path: str, sampling: FrameSampling, **named: object) -> object:
            asked.append(sampling.num_frames)
            return read_frames(str(flash), sampling)

    refined_moment(model, np.array([1.0, 0.0]), str(flash), 0.0, 36_000.0, 36_000.0, Counting())  # type: ignore[arg-type]

    assert asked == [MOST_FRAMES]


def test_a_picture_stays_as_it_is_and_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    model, vector = BrightnessModel(), np.array([1.0, 0.0])

    assert refined_moment(model, vector, "a.png", 0.0, 0.0, 0.0, Files()) == (0.0, 0.0)  # type: ignore[arg-type]
    with pytest.raises(VideoError, match=r"gone\.mp4"):
        refined_moment(model, vector, str(tmp_path / "gone.mp4"), 0.0, 5.0, 9.0, Files())  # type: ignore[arg-type]
