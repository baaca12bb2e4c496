from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.library.indexing.encode import End
from framecue.library.indexing.prefetch import Claims, read_ahead
from framecue.library.indexing.unit import Unit
from framecue.library.state import FileState
from framecue.video import Content, FrameSampling, Moment, Progress, ReadOptions

OPTIONS = ReadOptions(FrameSampling(1))


class Reader:
    """Reads nothing: each unit has three moments; counts how far ahead it has been asked to."""

    def __init__(self) -> None:
        self.moments: list[str] = []
        self.threads: set[int] = set()

    def __call__(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator:
        assert options is OPTIONS
        self.threads.add(threading.get_ident())
        if path == "bug":
            raise ZeroDivisionError
        content = path.removesuffix("-copy")
        if not is_wanted(content):
            yield Content(content, is_wanted=False)
            return
        yield Content(content, True, 3.0, 3)
        for second in range(3):
            if path == "bad" and second == 1:
                raise VideoError(path, "breaks off")
            yield Progress()
            self.moments.append(f"{path}{second}")
            yield Moment(second, second + 1, np.zeros((1, 1, 1, 3), np.uint8), path.encode())


def units(*names: str) -> list[Unit]:
    return [Unit(name, FileState(1, 1.0)) for name in names]


def ahead(names: list[str], readers: list, *, held: set[str] | None = None, depth: int = 2):
    def prepare(moment: Moment) -> Moment:
        return replace(moment, pixels=moment.pixels + 7)

    return read_ahead(units(*names), readers, OPTIONS, prepare=prepare, claims=Claims(held or set()), depth=depth)


def words(events) -> list[str]:
    """Say in words what came."""
    found = []
    for unit, event in events:
        if isinstance(event, Moment):
            assert event.pixels.item(0) == 7  # it was prepared
            assert event.thumbnail == unit.path.encode()
            found.append(f"{unit.path}{event.start_seconds}")
        elif isinstance(event, Content):
            found.append(f"{unit.path}:{'' if event.is_wanted else 'known'}")
        else:
            found.append(f"{unit.path}.{event.error.reason if event.error else ''}")
    return found


@pytest.mark.parametrize("num_readers", [1, 2, 3])
def test_everything_comes_in_the_order_of_the_units(num_readers: int) -> None:
    names = [f"v{number}-" for number in range(7)]
    readers = [Reader() for _ in range(num_readers)]
    expected = [text for name in names for text in (f"{name}:", f"{name}0", f"{name}1", f"{name}2", f"{name}.")]
    assert words(ahead(names, readers)) == expected
    for number, reader in enumerate(readers):
        assert [moment[:-1] for moment in reader.moments[::3]] == names[number::num_readers]
        assert len(reader.threads) == 1
        assert threading.get_ident() not in reader.threads


def test_only_so_much_waits() -> None:
    reader = Reader()
    events = ahead([f"v{number}-" for number in range(50)], [reader], depth=4)
    for _ in range(3):
        next(events)
    threading.Event().wait(0.3)
    assert len(reader.moments) <= 3 + 4 + 1
    events.close()
    num_read = len(reader.moments)
    threading.Event().wait(0.3)
    assert len(reader.moments) == num_read  # the thread has ended


class StuckReader(Reader):
    """Is in the midst of a step that gives nothing, until it is abandoned."""

    def __init__(self) -> None:
        super().__init__()
        self.is_stuck, self.is_abandoned = threading.Event(), threading.Event()

    def __call__(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator:
        self.is_stuck.set()
        assert self.is_abandoned.wait(60)
        raise VideoError(path, "given up")
        yield

    def abandon(self) -> None:
        self.is_abandoned.set()


def test_who_stops_does_not_wait_for_a_step_that_takes_minutes() -> None:
    stuck = StuckReader()
    events = ahead(["v", "w"], [Reader(), stuck])
    next(events)
    assert stuck.is_stuck.wait(60)
    events.close()
    assert stuck.is_abandoned.is_set()


def test_a_reader_that_has_read_all_is_not_abandoned() -> None:
    stuck = StuckReader()
    list(ahead(["v"], [Reader(), stuck]))
    assert not stuck.is_abandoned.is_set()


def test_a_file_that_breaks_off_ends_with_its_error_and_the_next_is_read() -> None:
    assert words(ahead(["bad", "v"], [Reader()])) == ["bad:", "bad0", "bad.breaks off", "v:", "v0", "v1", "v2", "v."]


@pytest.mark.parametrize("num_readers", [1, 2])
def test_a_defect_is_raised(num_readers: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(ahead(["v", "bug", "w"], [Reader() for _ in range(num_readers)]))


def test_content_that_the_library_or_an_earlier_file_has_is_not_read() -> None:
    found = words(ahead(["held", "v", "v-copy"], [Reader()], held={"held"}))
    assert found == ["held:known", "held.", "v:", "v0", "v1", "v2", "v.", "v-copy:known", "v-copy."]


def test_the_earlier_file_counts_whichever_reader_is_faster() -> None:
    claims = Claims({"held"})
    assert not claims.claim("held", 0)
    assert claims.claim("x", 5)
    assert claims.claim("x", 2)
    assert not claims.claim("x", 3)
    assert not claims.claim("x", 5)
    assert claims.claim("x", 2)


def test_end_without_an_error() -> None:
    assert End().error is None
