"""Frame sampling against the reference code's indices, and its promises for every length."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.video.read.sampling import FrameSampling

# Indices computed with the reference implementations; ``effective_frames`` is what reaches their models.
REFERENCE = json.loads((Path(__file__).parent / "reference_sampling.json").read_text())

samplings = st.builds(
    lambda passes, chunk, chunked: FrameSampling(passes * chunk, chunk if chunked else None),
    st.integers(1, 4),
    st.integers(1, 32),
    st.booleans(),
)
lengths = st.one_of(st.integers(1, 100), st.integers(1, 1_000_000))


@pytest.mark.parametrize(
    "case",
    REFERENCE["prompt_switch_uniform"],
    ids=lambda c: f"{c['video_length']}-{c['num_frames']}-{c['num_prompts']}",
)
def test_chunked_indices_equal_the_reference(case):
    sampling = FrameSampling(case["num_frames"], chunk_frames=case["num_prompts"])
    assert sampling.num_passes == case["num_chunks"]
    assert sampling.test_indices(case["video_length"]) == case["effective_frames"]


@pytest.mark.parametrize("case", REFERENCE["xpool_vop_uniform"], ids=lambda c: f"{c['video_length']}-{c['num_frames']}")
def test_evenly_spaced_indices_equal_the_reference(case):
    assert FrameSampling(case["num_frames"]).test_indices(case["video_length"]) == case["effective_frames"]


@pytest.mark.parametrize(
    "case",
    REFERENCE["prompt_switch_uniform"],
    ids=lambda c: f"{c['video_length']}-{c['num_frames']}-{c['num_prompts']}",
)
def test_training_draws_from_the_reference_intervals_and_reaches_both_ends(case):
    sampling = FrameSampling(case["num_frames"], chunk_frames=case["num_prompts"])
    intervals = case["intervals_inclusive"]
    rng = np.random.default_rng(0)
    drawn = np.array([sampling.train_indices(case["video_length"], rng) for _ in range(200)])
    for place in range(sampling.num_passes * len(intervals)):
        start, last = intervals[place % len(intervals)]
        assert drawn[:, place].min() >= start
        assert drawn[:, place].max() <= last
        if last - start < 20:  # short enough for 200 draws to reach both ends (missed with chance 2 * 0.95**200)
            assert {start, last} <= set(drawn[:, place].tolist())
    assert (drawn[:, sampling.num_passes * len(intervals) :] == case["video_length"] - 1).all()


def test_by_hand():
    # 10 frames in 3 intervals: [0, 3) [3, 6) [6, 10); two passes step (size - 1) // 3 from each start.
    assert FrameSampling(3).test_indices(10) == [1, 4, 7]
    assert FrameSampling(6, chunk_frames=3).test_indices(10) == [0, 3, 7, 0, 3, 8]
    assert FrameSampling(1).test_indices(5) == [2]
    assert FrameSampling(4).test_indices(2) == [0, 1, 1, 1]


@given(samplings, lengths, st.integers(0, 2**32 - 1))
def test_always_num_frames_valid_indices(sampling, length, seed):
    for indices in (sampling.test_indices(length), sampling.train_indices(length, np.random.default_rng(seed))):
        assert len(indices) == sampling.num_frames
        assert all(type(index) is int and 0 <= index < length for index in indices)


@given(st.integers(1, 64), lengths, st.integers(0, 2**32 - 1))
def test_one_pass_is_chronological_and_repeats_only_the_last_frame(num_frames, length, seed):
    for indices in (
        FrameSampling(num_frames).test_indices(length),
        FrameSampling(num_frames).train_indices(length, np.random.default_rng(seed)),
    ):
        assert indices == sorted(indices)
        distinct = min(num_frames, length)
        assert len(set(indices)) == distinct
        assert set(indices[distinct:]) <= {length - 1}


@given(st.integers(1, 64), lengths)
def test_one_chunk_is_the_same_as_none(num_frames, length):
    assert FrameSampling(num_frames, chunk_frames=num_frames).test_indices(length) == FrameSampling(
        num_frames
    ).test_indices(length)


@given(st.integers(1, 4), st.integers(1, 16), st.integers(0, 1000), st.integers(0, 2**32 - 1))
def test_every_chunk_spans_the_video(passes, chunk, extra, seed):
    length = chunk + extra
    sampling = FrameSampling(passes * chunk, chunk_frames=chunk)
    for indices in (sampling.test_indices(length), sampling.train_indices(length, np.random.default_rng(seed))):
        for first in range(0, len(indices), chunk):
            one_pass = indices[first : first + chunk]
            assert one_pass == sorted(set(one_pass))


def test_the_same_seed_draws_the_same_frames():
    sampling = FrameSampling(12, chunk_frames=6)
    first, again = (sampling.train_indices(300, np.random.default_rng(7)) for _ in range(2))
    assert first == again
    assert first != sampling.train_indices(300, np.random.default_rng(8))


def test_not_a_multiple_names_both_numbers():
    with pytest.raises(InputError, match=r"num_frames \(8\) is not a multiple of chunk_frames \(6\)"):
        FrameSampling(8, chunk_frames=6)
    with pytest.raises(InputError, match=r"num_frames \(4\) is not a multiple of chunk_frames \(6\)"):
        FrameSampling(4, chunk_frames=6)


@pytest.mark.parametrize(("arguments", "name"), [((0,), "num_frames"), ((-1,), "num_frames"), ((4, 0), "chunk_frames")])
def test_numbers_below_one_are_refused(arguments, name):
    with pytest.raises(InputError, match=f"{name} is .*at least 1"):
        FrameSampling(*arguments)


def test_an_empty_video_is_refused():
    with pytest.raises(InputError, match="0 frames"):
        FrameSampling(4).test_indices(0)
    with pytest.raises(InputError, match="0 frames"):
        FrameSampling(4).train_indices(0, np.random.default_rng(0))


@pytest.mark.parametrize("length", [1, 3, 4, 9])
def test_what_a_short_video_does_not_have_can_be_left_out(length: int) -> None:
    filled, left_out = FrameSampling(4), FrameSampling(4, repeat_last=False)
    assert left_out.test_indices(length) == filled.test_indices(length)[: min(4, length)]
    drawn = [sampling.train_indices(length, np.random.default_rng(3)) for sampling in (left_out, filled)]
    assert drawn[0] == drawn[1][: min(4, length)]


def test_frames_cannot_be_left_out_of_several_passes() -> None:
    with pytest.raises(InputError, match=r"^chunk_frames goes with videos whose last frame is repeated"):
        FrameSampling(4, chunk_frames=2, repeat_last=False)
