from __future__ import annotations

import pickle
import threading
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
from support.colours import ColourEncoder, ThreadedColours

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


@pytest.mark.parametrize("num_frames", [4, 16])
def test_several_threads_encode_the_same_batches_with_the_same_results(num_frames: int) -> None:
    found = []
    for max_threads in (1, 2, 5):
        model = ThreadedColours(max_threads=max_threads, num_frames=num_frames)
        encoder = SegmentEncoder(model, segmentation=Segmentation(kind="windows"))
        results = list(LocalRunner(encoder, [read] * 2).run(units("a", "broken", "b", "c", "b-copy")))
        assert threading.current_thread().name not in model.threads
        assert len(model.threads) <= max_threads
        # Another reader than b's may be faster with its copy, which the earlier one replaces all the same.
        found.append(
            [
                (one.unit.path, [(segment.thumbnail, segment.vector.tolist()) for segment in one.segments])
                if isinstance(one, EncodedVideo)
                else one
                for one in results[:4]
            ]
        )
        assert [type(one) for one in results[:4]] == [EncodedVideo, FailedUnit, EncodedVideo, EncodedVideo]
        assert max(model.batches) <= 16 // num_frames
    assert found[0] == found[1] == found[2]


def test_a_defect_in_a_thread_ends_the_run_and_everything_that_it_started() -> None:
    class Broken(ThreadedColours):
        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            if len(self.batches) >= 3:
                raise ZeroDivisionError
            return super().embed_videos(pixel_values)

    encoder = SegmentEncoder(Broken(max_threads=2, num_frames=16), segmentation=Segmentation(kind="windows"))
    runs = LocalRunner(encoder, [read]).run(units("a", "c"))
    before = threading.enumerate()
    with pytest.raises(ZeroDivisionError):
        list(runs)
    left = [thread for thread in threading.enumerate() if thread not in before]
    assert not [thread for thread in left if thread.name.startswith("framecue-")]


def test_what_waits_for_the_threads_is_bounded() -> None:
    may_go_on, begun = threading.Event(), threading.Event()
    given: list[int] = []

    def endless(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator:
        assert is_wanted(path)
        yield Content(path, True, 500.0, 100)
        for number in range(100):
            given.append(number)
            yield Moment(number, number + 5, np.zeros((16, 2, 2, 3), np.uint8), b"")

    class Waiting(ThreadedColours):
        def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
            begun.set()
            assert may_go_on.wait(60)
            return super().embed_videos(pixel_values)

    encoder = SegmentEncoder(Waiting(max_threads=2, num_frames=16), segmentation=Segmentation(kind="windows"))
    runs = LocalRunner(encoder, [endless]).run(units("film"))
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.extend(runs))
    thread.start()
    assert begun.wait(60)
    num_before = -1
    while num_before != len(given):  # until nothing more is read
        num_before = len(given)
        threading.Event().wait(0.3)
    # Four batches are given to the two threads and a fifth waits with the run; then the queue, and what is at hand.
    assert len(given) <= 5 + encoder.depth + 2
    may_go_on.set()
    thread.join()
    assert len(results) == 1


def test_captions_come_with_their_segments_from_every_thread() -> None:
    model = ThreadedColours(max_threads=3, num_frames=16)
    model.has_captioner = True
    model.describe = lambda pixels: [f"grey {255 * float(one.mean()):.0f}" for one in pixels]  # type: ignore[method-assign]
    encoder = SegmentEncoder(model, segmentation=Segmentation(kind="windows"), captions=True)
    (result,) = LocalRunner(encoder, [read]).run(units("c"))
    assert isinstance(result, EncodedVideo)
    assert [segment.caption for segment in result.segments] == [f"grey {10 * number}" for number in range(20)]
