import numpy as np
import pytest

from framecue.video.read.sound_line import SAMPLE_RATE, SoundLine


def laid(*pieces):
    """The chunks of pieces, each its place and its samples."""
    line = SoundLine()
    chunks = []
    for place, samples in pieces:
        line.go_to(place)
        chunks += line.add(np.asarray(samples, np.float32))
    chunks += line.rest()
    return line, [(round(chunk.start_seconds * SAMPLE_RATE), chunk.samples) for chunk in chunks]


def test_pieces_side_by_side_are_one():
    line, ((start, samples),) = laid((0, [1, 2]), (2, [3]), (3, []), (3, [4, 5]))
    assert (start, samples.tolist(), samples.dtype) == (0, [1, 2, 3, 4, 5], np.float32)
    assert line.end_seconds == 5 / SAMPLE_RATE


def test_a_short_hole_is_silent_and_a_long_one_begins_another_chunk():
    assert [(start, samples.tolist()) for start, samples in laid((0, [1]), (3, [2]), (3 + 17_000, [3]))[1]] == [
        (0, [1, 0, 0, 2]),
        (17_003, [3]),
    ]


def test_what_is_there_already_and_what_comes_before_the_beginning_is_left_out():
    assert [(start, samples.tolist()) for start, samples in laid((-2, [1, 2, 3, 4]), (1, [5, 6]), (0, [7, 8]))[1]] == [
        (0, [3, 4, 6])
    ]


def test_a_hole_of_any_length_costs_nothing():
    line, chunks = laid((0, [1]), (10**15, [2]))
    assert [start for start, _ in chunks] == [0, 10**15]
    assert line.end_seconds == pytest.approx(10**15 / SAMPLE_RATE)


@pytest.mark.parametrize("step", [1_000, 160_000, 399_999])
def test_chunks_are_ten_seconds_however_the_sound_comes(step):
    samples = np.arange(400_000, dtype=np.float32)
    line, chunks = SoundLine(), []
    for start in range(0, len(samples), step):
        chunks += line.add(samples[start : start + step])
    chunks += line.rest()
    assert [(chunk.start_seconds, len(chunk.samples)) for chunk in chunks] == [
        (0, 160_000),
        (10, 160_000),
        (20, 80_000),
    ]
    np.testing.assert_array_equal(np.concatenate([chunk.samples for chunk in chunks]), samples)
