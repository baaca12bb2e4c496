"""What the packets say about time, and which frames a sampling takes of them; no decoder here."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError, VideoError
from framecue.video import FrameSampling
from framecue.video.read.packets import PacketIndex, _frame_times, _Packet, choose_places
from framecue.video.read.plan import plan_runs


def index_of(times, *, end=None, keys=(0,), by_order=False, milliseconds=1):
    """An index of frames that are decoded in the order in which they are shown."""
    times, keys = np.array(times, dtype=np.int64), np.array(keys, dtype=np.int64)
    return PacketIndex(
        times=times,
        end=int(times[-1]) + 40 if end is None else end,
        time_base=Fraction(milliseconds, 1000),
        ranks=np.arange(len(times)),
        key_times=times[keys],
        key_decode_times=times[keys],
        key_sizes=np.full(len(keys), 100),
        key_ranks=keys,
        num_skipped=0,
        by_order=by_order,
    )


def choose(index, sampling, start=None, end=None, rng=None):
    places = choose_places(index, sampling, rng=rng, start_seconds=start, end_seconds=end, path=Path("some.mp4"))
    return places.tolist()


def packets(shown, decoded, lengths=None):
    lengths = lengths or [0] * len(shown)
    return [_Packet(s, d, n, 10, True, True) for s, d, n in zip(shown, decoded, lengths, strict=True)]


def test_reordered_frames_keep_their_times():
    times, lengths, by_order = _frame_times(packets([0, 30, 10, 20], [-10, 0, 10, 20], [10] * 4), 40)
    assert (times.tolist(), lengths.tolist(), by_order) == ([0, 30, 10, 20], [10] * 4, False)


def test_frames_without_presentation_times_follow_the_decoding_times():
    times, _, by_order = _frame_times(packets([None, 30, None, None], [5, 15, 25, 60]), 40)
    assert (times.tolist(), by_order) == ([5, 15, 25, 60], True)


def test_frames_that_share_a_time_are_told_apart_by_their_order():
    times, _, by_order = _frame_times(packets([0, 20, 10, 10], [0, 1, 2, 3]), 40)
    assert (times.tolist(), by_order) == ([0, 10, 10, 20], True)


@pytest.mark.parametrize(("lengths", "expected"), [([40, 20, 0], [0, 40, 60]), ([0, 0, 0], [0, 33, 66])])
def test_frames_without_any_times_are_counted(lengths, expected):
    times, _, by_order = _frame_times(packets([None] * 3, [None] * 3, lengths), 33)
    assert (times.tolist(), by_order) == (expected, True)


def test_times_that_jump_back_are_not_trusted():
    # Two recordings joined: the clock starts again.
    times, _, by_order = _frame_times(packets([0, 10, 0, 10], [0, 10, 0, 10], [10] * 4), 40)
    assert (times.tolist(), by_order) == ([0, 10, 20, 30], True)


@given(st.integers(1, 2000), st.integers(1, 2000), st.integers(0, 10**6), st.integers(1, 40))
def test_at_a_constant_rate_place_i_is_frame_i(length, spacing, origin, num_frames):
    index = index_of(origin + spacing * np.arange(length), end=origin + spacing * length)
    sampling = FrameSampling(num_frames)
    assert choose(index, sampling) == sampling.test_indices(length)


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=200),
    st.integers(1, 12),
    st.floats(0, 1),
    st.floats(0.001, 1),
    st.integers(0, 2**32 - 1),
)
def test_any_window_of_any_video_gives_frames_shown_in_it(gaps, num_frames, start, length, seed):
    shown = np.cumsum([0, *gaps[:-1]])
    index = index_of(shown, end=int(sum(gaps)))
    duration = index.duration_seconds
    start = min(start * duration, max(0.0, duration - 0.001))
    end = start + length * duration
    for rng in (None, np.random.default_rng(seed)):
        places = np.array(choose(index, FrameSampling(num_frames), start, end, rng))
        assert len(places) == num_frames
        ends = np.append(shown[1:], sum(gaps))
        assert (shown[places] / 1000 < end).all()
        assert (ends[places] / 1000 >= start - 1e-9).all()


def test_times_rounded_to_milliseconds_make_no_difference():
    exact = np.arange(300) * 1001 / 30
    index = index_of(np.round(exact), end=round(300 * 1001 / 30))
    for start in range(9):
        window = choose(index, FrameSampling(30), start * 1.001, (start + 1) * 1.001)
        assert window == list(range(30 * start, 30 * start + 30))


def test_a_still_has_no_duration_and_serves_every_window_from_its_start():
    still = index_of([7], end=7)
    assert still.duration_seconds == 0
    assert choose(still, FrameSampling(3)) == choose(still, FrameSampling(3), 0.0, 5.0) == [0, 0, 0]
    with pytest.raises(VideoError, match=r"some\.mp4: the window starts at 1\.0 seconds"):
        choose(still, FrameSampling(3), 1.0, 2.0)


def test_windows_that_make_no_sense():
    with pytest.raises(InputError, match=r"from 2\.0 to 1\.0 seconds: give 0 <= start < end"):
        choose(index_of([0, 40]), FrameSampling(1), 2.0, 1.0)


@st.composite
def videos_and_places(draw):
    length = draw(st.integers(1, 300))
    keys = sorted({0, *draw(st.lists(st.integers(0, length - 1), max_size=20))})
    places = sorted(draw(st.sets(st.integers(0, length - 1), min_size=1, max_size=12)))
    return index_of(40 * np.arange(length), keys=keys), places


@given(videos_and_places())
def test_plans_take_every_place_and_never_decode_more_than_straight_through(case):
    index, places = case
    runs = plan_runs(index, places)
    assert [place for run in runs for place in run.places] == places
    assert sum(run.num_decoded for run in runs) <= places[-1] + 1
    if len(runs) > 1 or runs[0].key is not None:
        for run in runs:
            assert index.key_times[run.key] <= index.times[run.places[0]]
            assert run.num_decoded == run.places[-1] - index.key_ranks[run.key] + 1
    else:
        assert runs[0].num_decoded == places[-1] + 1


def test_a_plan_by_hand():
    index = index_of(40 * np.arange(1000), keys=range(0, 1000, 100))
    runs = plan_runs(index, [10, 20, 550, 990])
    assert [(run.key, run.places, run.num_decoded) for run in runs] == [
        (0, (10, 20), 21),
        (5, (550,), 51),
        (9, (990,), 91),
    ]
    # The next keyframe is too near to be worth a jump.
    assert [run.places for run in plan_runs(index, [505, 595, 602])] == [(505, 595, 602)]
    assert plan_runs(index, [505, 595, 602])[0].key == 5


def test_frames_known_by_order_alone_are_decoded_straight_through():
    index = index_of(40 * np.arange(1000), keys=range(0, 1000, 100), by_order=True)
    assert [(run.key, run.num_decoded) for run in plan_runs(index, [10, 990])] == [(None, 991)]
