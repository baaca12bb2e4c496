"""The grid's moments, against a plain count of exact fractions, and the frames that reading takes at them."""

from fractions import Fraction

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from framecue.errors import InputError, VideoError
from framecue.video import Extent, FrameSampling, choose_moments, moments_of, read_frames, shown_window
from framecue.video.read.forward import read_segments
from framecue.video.read.grid import EDGE_SECONDS, places_at
from framecue.video.read.packets import read_packet_index

MILLI = Fraction(1, 1000)


def counted(extent, window, rate):
    """The moments by counting them one by one, with times in whole milliseconds."""
    lead, end = (Fraction(value) for value in extent)
    start, stop = (Fraction(value) for value in window)
    moments = {number: Fraction(number, rate) for number in range(2000)}
    shown = [number for number, seconds in moments.items() if lead - MILLI / 2 <= seconds < end - MILLI / 2]
    before = [number for number, seconds in moments.items() if seconds <= lead + MILLI / 2]
    shown = sorted({before[-1], *shown})
    within = [number for number in shown if start - MILLI / 2 <= moments[number] < stop - MILLI / 2]
    if start <= lead:
        within = sorted({shown[0], *within})
    earlier = [number for number in shown if moments[number] <= start + MILLI / 2]
    return within or [(earlier or shown)[-1]]


times = st.integers(0, 30_000).map(lambda number: number * MILLI)


@hypothesis.given(times, times, times, times, st.sampled_from([1, 2, 3, 4, 5, 10]))
def test_moments_are_those_that_are_counted(lead, length, start, window, rate):
    extent = Extent(float(lead), float(lead + length), float(lead + length))
    hypothesis.assume(window > 0)
    hypothesis.assume(start < lead + length)
    exact_window = max(start, lead), min(start + window, lead + length)
    hypothesis.assume(exact_window[0] < exact_window[1])
    found = moments_of(extent, tuple(map(float, exact_window)), rate)
    assert list(found) == counted((lead, lead + length), exact_window, rate)


@hypothesis.given(times, st.integers(1, 20_000).map(lambda number: number * MILLI), st.sampled_from([1, 2, 3]))
def test_a_coarser_grid_is_a_part_of_the_finer_one(lead, length, step):
    """What a store of 6 frames a second has to hold for models of 6, 3 and 2."""
    extent = Extent(float(lead), float(lead + length), float(lead + length))
    whole = extent.start_seconds, extent.pictures_end_seconds
    fine, coarse = moments_of(extent, whole, 6), moments_of(extent, whole, 6 // step)
    kept = [max(number * step, fine.start) for number in coarse]
    assert set(kept) <= set(fine)


def test_a_still_picture_has_one_moment():
    extent = Extent(0.0, 0.0, 0.0)
    assert moments_of(extent, (0.0, 0.0), 3) == range(0, 1)


def test_windows_that_a_video_does_not_have():
    extent = Extent(0.5, 4.0, 5.0)
    assert shown_window(extent, None, None, path="x") == (0.5, 4.0)
    assert shown_window(extent, 0.1, 9.0, path="x") == (0.5, 4.0)
    assert shown_window(extent, 4.5, None, path="x") == (4.5, 4.0)  # the sound goes on
    with pytest.raises(InputError, match="no window runs from 2"):
        shown_window(extent, 2, 1, path="x")
    with pytest.raises(VideoError, match=r"starts at 5 seconds, but the video lasts 5\.000"):
        shown_window(extent, 5, None, path="x")
    with pytest.raises(VideoError, match=r"ends at 0\.3 seconds, but the first picture is shown at 0\.500"):
        shown_window(extent, 0.1, 0.3, path="x")
    assert moments_of(extent, shown_window(extent, 4.5, None, path="x"), 2) == range(7, 8)  # the last picture


def test_places():
    shown = np.array([0.1, 0.333, 0.34, 1.0])
    assert places_at([0, 1, 2, 3, 99], 3, shown).tolist() == [0, 1, 2, 3, 3]
    assert places_at([1], 1 / (0.34 - EDGE_SECONDS / 2), shown).tolist() == [2]  # within a rounding of it


def test_sampling_counts_the_moments():
    extent = Extent(0.0, 4.0, 4.0)
    sampling = FrameSampling(4, 2, frames_per_second=2)  # the moments 0..7, two passes over two halves
    chosen = choose_moments(extent, (0.0, 4.0), sampling, rng=None)
    assert chosen.tolist() == FrameSampling(4, 2).test_indices(8)
    chosen = choose_moments(extent, (1.0, 3.0), sampling, rng=np.random.default_rng(3))
    assert chosen.tolist() == [2 + part for part in FrameSampling(4, 2).train_indices(4, np.random.default_rng(3))]


@pytest.mark.parametrize("sampling", [FrameSampling(3, None, 2), FrameSampling(4, 2, 2), FrameSampling(12, None, 5)])
def test_reading_takes_the_frames_of_the_grid(videos, sampling):
    path = videos.folder / "film.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(37)])  # ten a second
    step, num_moments = 10 // int(sampling.frames_per_second), -(-37 * int(sampling.frames_per_second) // 10)
    grid = [step * moment for moment in range(num_moments)]
    wanted = [grid[part] for part in FrameSampling(sampling.num_frames, sampling.chunk_frames).test_indices(len(grid))]
    assert videos.numbers(read_frames(path, sampling).pixels) == wanted
    seen = set()
    for seed in range(20):
        seen |= set(videos.numbers(read_frames(path, sampling, rng=np.random.default_rng(seed)).pixels))
    assert seen <= set(grid)
    assert len(seen) > len(set(wanted)) or len(set(wanted)) == len(grid)


def test_windows_share_the_grid(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(37)])
    sampling = FrameSampling(2, None, 2)
    for (start, end), wanted in {(0.7, 2.2): [10, 15], (0.6, 0.9): [5, 5], (3.5, None): [35, 35]}.items():
        frames = read_frames(path, sampling, start_seconds=start, end_seconds=end)
        assert videos.numbers(frames.pixels) == wanted, (start, end)
    # Segments of an index are read in one pass, and take the same.
    index, windows = read_packet_index(path), [(0.0, 1.5), (0.7, 2.2), (3.5, 3.7)]
    for frames, (start, end) in zip(read_segments(path, index, sampling, windows), windows, strict=True):
        alone = read_frames(path, sampling, start_seconds=start, end_seconds=end)
        np.testing.assert_array_equal(frames.pixels, alone.pixels)
        np.testing.assert_array_equal(frames.times_seconds, alone.times_seconds)


def test_a_variable_rate_is_taken_evenly_in_time(videos):
    path = videos.folder / "variable.mkv"
    shown_at = [0, 40, 80, 900, 940, 2100, 2500]
    videos.encode(path, [videos.grey_frame(number) for number in range(7)], times=shown_at)
    index = read_packet_index(path)
    sampling = FrameSampling(5, None, 2)  # 0, 0.5, 1, 1.5, 2 seconds are the first five moments
    found = videos.numbers(read_frames(path, sampling, end_seconds=2.01).pixels)
    assert found == [0, 2, 4, 4, 4]
    assert index.extent.start_seconds == 0


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_rates_that_no_grid_has(rate):
    with pytest.raises(InputError, match=r"frames_per_second is .*; it must be above 0"):
        FrameSampling(4, None, rate)


def test_what_a_library_stores_of_a_sampling():
    assert FrameSampling(4).to_dict() == {"num_frames": 4, "chunk_frames": None}
    assert FrameSampling(4, 2, 3.0).to_dict() == {"num_frames": 4, "chunk_frames": 2, "frames_per_second": 3.0}
    assert FrameSampling(**FrameSampling(4, 2, 3.0).to_dict()) == FrameSampling(4, 2, 3.0)
