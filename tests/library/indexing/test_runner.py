from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.library.indexing.encode import EncodedVideo, FailedUnit, SegmentEncoder
from framecue.library.indexing.runner import LocalRunner, Runner
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.progress import FilesDone
from framecue.video import Content, Moment, Progress, ReadOptions, Segmentation
from support.colours import ColourEncoder

SEGMENTS = {"a": 3, "b": 1, "c": 20, "broken": 2}


def read(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Content | Progress | Moment]:
    """Read nothing: a file has as many segments as SEGMENTS says, and its name is its content."""
    name = path.removesuffix("-copy")
    if not is_wanted(name):
        yield Content(name, is_wanted=False)
        return
    yield Content(name, True, 5.0 * SEGMENTS[name], SEGMENTS[name])
    for number in range(SEGMENTS[name]):
        if (name, number) == ("broken", 1):
            raise VideoError(path, "it breaks off")
        yield Progress()
        pixels = np.full((options.sampling.num_frames, 2, 2, 3), 10 * number, dtype=np.uint8)
        yield Moment(5.0 * number, 5.0 * number + 5, pixels, f"{name}{number}".encode())


def units(*names: str) -> list[Unit]:
    return [Unit(name, FileState(1, 1.0)) for name in names]


@pytest.fixture
def encoder() -> SegmentEncoder:
    return SegmentEncoder(ColourEncoder(), segmentation=Segmentation(kind="windows"))


@pytest.fixture
def one_by_one() -> SegmentEncoder:
    """Encodes each segment on its own, so that little is read ahead."""
    return SegmentEncoder(ColourEncoder(num_frames=64), segmentation=Segmentation(kind="windows"))


@pytest.mark.parametrize("num_readers", [1, 3])
def test_each_unit_comes_back_once_and_in_order(encoder: SegmentEncoder, num_readers: int) -> None:
    runner: Runner = LocalRunner(encoder, [read] * num_readers)
    results = list(runner.run(iter(units("a", "broken", "b", "c"))))
    assert results[1] == FailedUnit(*units("broken"), "it breaks off")
    videos = [result for result in results if isinstance(result, EncodedVideo)]
    assert [(video.unit.path, video.video_id, len(video.segments)) for video in videos] == [
        ("a", "a", 3),
        ("b", "b", 1),
        ("c", "c", 20),
    ]
    assert [video.duration_seconds for video in videos] == [15.0, 5.0, 100.0]
    assert [segment.thumbnail for segment in videos[0].segments] == [b"a0", b"a1", b"a2"]
    assert [(segment.start_seconds, segment.end_seconds) for segment in videos[0].segments] == [
        (0, 5),
        (5, 10),
        (10, 15),
    ]
    # The grey of the second segment is 10 of 255.
    expected = encoder.encoder.embed_videos(np.full((1, 4, 3, 2, 2), 10 / 255, dtype=np.float32))[0]
    np.testing.assert_allclose(videos[0].segments[1].vector, expected, atol=1e-6)


def test_what_is_known_and_what_an_earlier_unit_brings_is_not_encoded(encoder: SegmentEncoder) -> None:
    results = list(LocalRunner(encoder, [read]).run(units("a", "b", "b-copy"), known={"a"}))
    assert [(result.video_id, len(result.segments)) for result in results if isinstance(result, EncodedVideo)] == [
        ("a", 0),
        ("b", 1),
        ("b", 0),
    ]
    assert encoder.encoder.batches == [1]  # type: ignore[attr-defined]


def test_units_and_what_becomes_of_them_can_be_sent_to_another_process(encoder: SegmentEncoder) -> None:
    (result,) = LocalRunner(encoder, [read]).run(pickle.loads(pickle.dumps(units("a"))))
    assert isinstance(result, EncodedVideo)
    copy = pickle.loads(pickle.dumps(result))
    assert (copy.unit, copy.video_id, copy.duration_seconds) == (result.unit, result.video_id, result.duration_seconds)
    np.testing.assert_array_equal(copy.segments[2].vector, result.segments[2].vector)
    spec = encoder.encoder.spec()
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_progress_comes_while_nothing_is_ready(one_by_one: SegmentEncoder) -> None:
    told: list[FilesDone] = []
    runs = LocalRunner(one_by_one, [read]).run(units("c", "a"), on_progress=told.append)
    first = next(runs)
    assert isinstance(first, EncodedVideo)
    assert len(told) > 15
    assert told[-1] < 1
    list(runs)
    assert told == sorted(told)
    assert told[-1] == 2
    # Each names the file at hand.
    assert {done.path for done in told if done < 1} == {"c"}
    assert {done.path for done in told if done > 1} == {"a"}


def test_a_run_that_is_given_up_ends_its_readers(one_by_one: SegmentEncoder) -> None:
    closed: list[str] = []

    def watched(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator:
        try:
            yield from read(path, options, is_wanted)
        finally:
            closed.append(path)

    runs = LocalRunner(one_by_one, [watched]).run(units("b", "c", "a"))
    next(runs)
    runs.close()  # type: ignore[attr-defined]
    assert closed
    assert len(closed) < 3
