"""Windows that share frames: what they cover, how long they are, and that what they share is the same frame."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.video import FrameSampling, Segmentation
from framecue.video.read.shared_windows import SharedWindows

RATES = [10, 12, 23.976, 24, 25, 29.97, 30, 50, 59.94, 60]


def places_of(times: np.ndarray, window: tuple[float, float], sampling: FrameSampling) -> list[int]:
    """Return the frames that a sampling takes of a window, by the arithmetic of the sampling alone."""
    first, last = np.searchsorted(times, [window[0] - 1e-6, window[1] - 1e-6])
    return [int(first) + place for place in sampling.test_indices(int(last - first))]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RATES), st.floats(6.3, 60), st.floats(0, 300), st.sampled_from([4, 8, 12, 16]))
def test_windows_cover_a_shot_and_share_their_frames(rate, seconds, start, num_frames):
    sampling, segmentation = FrameSampling(num_frames), Segmentation()
    first, count = round(start * rate), round(seconds * rate)
    times = np.arange(first + count + 50) / rate
    shot = float(times[first]), float(times[first + count])
    shared = SharedWindows(times, sampling, segmentation)
    windows = shared(*shot)
    if windows is None:  # too few frames in an interval to come near the wanted length
        assert abs(round(5 / num_frames * rate) * num_frames / rate - 5) > 0.6
        return
    assert windows[0][0] == shot[0]
    assert windows[-1][1] == shot[1]
    looked_at = [shared.looked_at(window) for window in windows]
    lengths = [end - begin for begin, end in looked_at]
    assert max(lengths) - min(lengths) < 1e-6
    assert abs(lengths[0] - 5) <= 0.625 + 1e-6
    interval = lengths[0] / num_frames
    assert all(end == seen for (_, end), (_, seen) in zip(windows[:-1], looked_at, strict=False))
    assert 0 <= windows[-1][1] - looked_at[-1][1] < interval
    assert all(0 < after[0] - before[0] <= lengths[0] / 2 + 1e-6 for before, after in pairwise(windows))
    frames = [set(places_of(times, window, sampling)) for window in looked_at]
    for (before, seen), (after, also) in pairwise(zip(looked_at, frames, strict=True)):
        assert len(seen & also) == num_frames - round((after[0] - before[0]) / interval)
    # As many frames as the shot has intervals, instead of a window's number for each window.
    assert len(set().union(*frames)) == int(count // round(interval * rate))


def test_worked_example():
    times = np.arange(1000) / 24
    shared = SharedWindows(times, FrameSampling(12), Segmentation())
    # 12 seconds are 28 intervals of ten frames and eight frames more; the last window begins with the 17th interval.
    assert shared(0.0, 12.0) == [(0, 5), (2.5, 7.5), (5, 10), (times[160], 12)]
    assert shared.looked_at((times[160], 12.0)) == (times[160], times[280])
    assert shared.looked_at((2.5, 7.5)) == (2.5, 7.5)
    # Windows that share a third: four of twelve intervals.
    third = SharedWindows(times, FrameSampling(12), Segmentation("windows", 6.0, 2.0))
    assert third(0.0, 20.0) == [(0, 6), (4, 10), (8, 14), (12, 18), (14, 20)]


@pytest.mark.parametrize(
    ("times", "segmentation"),
    [
        (np.arange(400) / 25, Segmentation("shots", 5.0, 0.0)),
        (np.arange(40) / 2.0, Segmentation()),
        (np.cumsum(np.random.default_rng(0).uniform(0.01, 0.09, 400)), Segmentation()),
        (np.arange(400) / 25 + 0.02, Segmentation()),
        (np.arange(1) / 25, Segmentation()),
        (np.arange(225) / 25, Segmentation()),
    ],
    ids=["no overlap", "low rate", "variable rate", "no frame at its start", "one frame", "a last frame that stays on"],
)
def test_where_nothing_can_be_shared(times, segmentation):
    assert SharedWindows(times, FrameSampling(12), segmentation)(0.0, 10.0) is None
    # As without it, then.
    usual = segmentation.segments(40.0)
    assert segmentation.segments(40.0, windows=lambda start, end: None) == usual


def test_times_of_whole_milliseconds_are_even():
    times = np.round(np.arange(1000) / 29.97, 3)
    windows = SharedWindows(times, FrameSampling(12), Segmentation())(0.0, float(times[600]))
    assert windows is not None
    assert len(windows) == 8
