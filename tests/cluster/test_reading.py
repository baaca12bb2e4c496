from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest

from framecue.cluster.reading import Answer, Hashed, NodeReader, NotSeen, ReadMoments, Reads, Told
from framecue.errors import VideoError
from framecue.library.indexing.encode import End
from framecue.library.indexing.words_runner import ReadLimits
from framecue.video import Content, FrameSampling, Moment, Progress, ReadOptions, Segmentation
from framecue.video.read.moments import Event

OPTIONS = ReadOptions(FrameSampling(4), Segmentation("whole"))


class Script:
    """Reads as many moments as a file's name says, of which one may fail.

    Attributes:
        num_read: how many moments were read of all files.
        closed: how many files were left before their end.
    """

    def __init__(self, *, breaks_at: int | None = None) -> None:
        self.num_read = 0
        self.breaks_at = breaks_at
        self.closed = 0

    def read(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
        """Yield what is read of a file."""
        if not is_wanted("hash"):
            yield Content("hash", is_wanted=False)
            return
        number = int(Path(path).stem)
        yield Content("hash", True, float(number), number)
        try:
            for place in range(number):
                if place == self.breaks_at:
                    raise VideoError(path, "it breaks off", cause="content")
                yield Progress()
                self.num_read += 1
                yield Moment(place, place + 1.0, np.full((4, 2, 2, 3), place, np.uint8), b"picture", num_replaced=1)
        except GeneratorExit:
            self.closed += 1
            raise


def all_of(reader: NodeReader, wanted: bool = True) -> tuple[list[Told], list[np.ndarray]]:
    """Take everything that is told of a file, and its pixels."""
    told: list[Told] = []
    pixels: list[np.ndarray] = []
    say = None
    while not (told and isinstance(told[-1], (End, NotSeen))):
        answer, more = reader.more(say)
        told += answer.told
        pixels += more
        say = wanted if any(isinstance(each, Hashed) for each in answer.told) else None
    return told, pixels


@pytest.fixture
def file(tmp_path: Path) -> Callable[[int], str]:
    """Makes a file of so many moments."""

    def make(number: int) -> str:
        (tmp_path / f"{number}.mp4").touch()
        return str(tmp_path / f"{number}.mp4")

    return make


@pytest.fixture
def node_reader() -> Iterator[Callable[[Reads], NodeReader]]:
    """Makes readers, which are closed: what is still being read would keep this process's spool."""
    with ExitStack() as stack:

        def make(reader: Reads) -> NodeReader:
            return stack.enter_context(closing(NodeReader(ReadLimits(stall_seconds=1), reader=reader)))

        yield make


def test_a_file_is_told_in_order_with_its_pixels(file, node_reader) -> None:
    reader = node_reader(Script())
    reader.begin(file(5), OPTIONS, 8)
    told, pixels = all_of(reader)
    assert [type(each) for each in told] == [Hashed, Content, ReadMoments, ReadMoments, ReadMoments, End]
    parts = [each for each in told if isinstance(each, ReadMoments)]
    assert [(len(each.moments), each.num_frames, each.size_bytes) for each in parts] == [
        *((2, 8, 96), (2, 8, 96)),
        (1, 4, 48),
    ]
    assert [moment.start_seconds for part in parts for moment in part.moments] == [0, 1, 2, 3, 4]
    assert {moment.num_replaced for part in parts for moment in part.moments} == {1}
    assert [int(each[0, 0, 0, 0]) for each in pixels] == [0, 1, 2, 3, 4]


def test_what_is_not_wanted_is_not_read(file, node_reader) -> None:
    script = Script()
    reader = node_reader(script)
    reader.begin(file(5), OPTIONS, 8)
    told, pixels = all_of(reader, wanted=False)
    assert told == [Hashed("hash"), Content("hash", is_wanted=False), End()]
    assert (pixels, script.num_read) == ([], 0)


def test_what_was_read_of_a_damaged_file_is_told_with_the_reason_why_no_more_comes(file, node_reader) -> None:
    reader = node_reader(Script(breaks_at=3))
    reader.begin(file(5), OPTIONS, 8)
    told, pixels = all_of(reader)
    [end] = [each for each in told if isinstance(each, End)]
    assert end.error is not None
    assert (end.error.reason, end.error.cause, len(pixels)) == ("it breaks off", "content", 3)


def test_no_more_is_read_than_there_is_room_for(file, node_reader) -> None:
    script = Script()
    reader = node_reader(script)
    reader.begin(file(500), OPTIONS, 4)
    reader.more()
    reader.more(True)
    time.sleep(0.3)
    assert script.num_read <= 6
    # Another file may be begun at any time.
    reader.begin(file(2), OPTIONS, 8)
    assert script.closed == 1
    assert len(all_of(reader)[1]) == 2
    assert threading.active_count() < 10


def test_a_file_that_the_node_does_not_see_is_told_apart_from_one_that_cannot_be_read(
    tmp_path: Path, node_reader
) -> None:
    reader = node_reader(Script())
    reader.begin(str(tmp_path / "1.mp4"), OPTIONS, 8)
    assert all_of(reader) == ([NotSeen()], [])
    _, unseen = reader.about([str(tmp_path), str(tmp_path / "1.mp4")])
    assert unseen == [str(tmp_path / "1.mp4")]
    # What has a URL is in a store, which is asked when it is read.
    reader.begin("s3://bucket/1.mp4", OPTIONS, 8)
    assert isinstance(all_of(reader)[0][-1], End)


def test_an_actor_says_that_it_lives_while_nothing_is_read(file, monkeypatch: pytest.MonkeyPatch, node_reader) -> None:
    monkeypatch.setattr("framecue.cluster.reading._BEAT_SECONDS", 0.05)
    go_on = threading.Event()

    class Waits:
        def read(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
            go_on.wait()
            yield Content("hash", is_wanted=False)

    reader = node_reader(Waits())
    reader.begin(file(1), OPTIONS, 8)
    assert reader.more()[0].told == ()
    go_on.set()
    assert isinstance(all_of(reader)[0][-1], End)


def test_a_defect_is_raised_to_who_asks(file, node_reader) -> None:
    class Broken:
        def read(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
            raise RuntimeError("a defect")
            yield

    reader = node_reader(Broken())
    reader.begin(file(1), OPTIONS, 8)
    with pytest.raises(RuntimeError, match="a defect"):
        reader.more()


def test_time_that_others_are_waited_for_is_not_counted_as_reading(file, node_reader) -> None:
    reader = node_reader(Script())
    reader.begin(file(100), OPTIONS, 4)
    reader.more()
    reader.more(True)
    time.sleep(0.5)
    answer, _ = reader.more()
    assert isinstance(answer, Answer)
    assert 0 < answer.read_seconds < 0.5


def test_a_node_keeps_its_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "here")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    NodeReader(ReadLimits(stall_seconds=1), {"AWS_REGION": "there", "AWS_PROFILE": "mine"}, reader=Script())
    assert (os.environ["AWS_REGION"], os.environ.pop("AWS_PROFILE")) == ("here", "mine")
