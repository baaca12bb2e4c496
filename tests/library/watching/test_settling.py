"""What has settled, on a clock that the test moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.library.files.walk import is_within
from framecue.library.state import FileState
from framecue.library.watching.settling import Settled, Settling

NOW = 1_700_000_000.0


class World:
    """Files with states, and time."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seconds = folder, 0.0
        self.files: dict[str, FileState] = {}
        self.looks: list[set[str]] = []
        self.settling = Settling(5.0, self.look, clock=lambda: self.seconds, calendar=lambda: NOW + self.seconds)

    def look(self, places) -> dict[str, FileState]:
        self.looks.append(set(places))
        return {path: state for path, state in self.files.items() if is_within(path, places)}

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def put(self, name: str, size: int = 1, *, age: float = 0.0) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        self.files[str(path)] = FileState(size, NOW + self.seconds - age)
        return str(path)

    def remove(self, name: str) -> str:
        path = self.folder / name
        path.unlink()
        del self.files[str(path)]
        return str(path)

    def after(self, seconds: float) -> Settled:
        self.seconds += seconds
        return self.settling.take()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_nothing_noted_is_nothing_to_look_at(world: World) -> None:
    world.put("a.mp4")
    assert not world.after(100)
    assert world.looks == []


def test_a_file_settles_once(world: World) -> None:
    path = world.put("a.mp4", age=1000)
    world.settling.note(path)
    assert not world.after(0)
    assert not world.after(4.9)
    assert world.settling.num_waiting == 1
    assert world.after(0.2) == Settled(files=frozenset([path]))
    assert world.settling.num_waiting == 0
    assert not world.after(100)
    assert len(world.looks) == 3


def test_a_file_that_grows_has_not_settled(world: World) -> None:
    for size in range(1, 20):
        # With an event for each step, and with one for the first alone.
        path = world.put("a.mp4", size)
        if size < 10 or size == 1:
            world.settling.note(path)
        assert not world.after(4)
    assert world.after(5).files == {path}


def test_an_event_without_a_change_of_size_or_time_counts(world: World) -> None:
    path = world.put("a.mp4")
    world.settling.note(path)
    assert not world.after(3)
    world.settling.note(path)
    assert not world.after(3)
    assert not world.after(1)
    assert world.after(4).files == {path}


def test_the_files_of_a_folder_settle_each_for_itself(world: World) -> None:
    a, b = world.put("sub/a.mp4"), world.put("sub/b.mp4")
    world.settling.note(world.path("sub"))
    assert not world.after(0)
    world.put("sub/b.mp4", 2)
    assert not world.after(3)
    late = world.put("sub/late.mp4")  # its own event was lost
    assert world.after(2).files == {a}
    assert world.after(3).files == {b}
    assert world.after(2).files == {late}
    assert world.settling._places == {}
    # What still waits is looked at alone, not with all that is in the folder.
    assert world.looks[-1] == {late}


def test_a_name_that_is_gone_waits_twice_as_long(world: World) -> None:
    world.put("old.mp4")
    world.settling.note(world.remove("old.mp4"))
    new = world.put("new.mp4")
    world.settling.note(new)
    assert not world.after(0)
    assert world.after(5) == Settled(files=frozenset([new]))
    assert world.after(5) == Settled(gone=(world.path("old.mp4"),))
    assert not world.after(10)


def test_a_name_that_is_back_is_not_gone(world: World) -> None:
    world.put("a.mp4")
    world.settling.note(world.remove("a.mp4"))
    assert not world.after(6)
    path = world.put("a.mp4")
    assert not world.after(1)
    world.settling.note(path)
    assert not world.after(0)
    assert not world.after(4)
    assert world.after(1) == Settled(files=frozenset([path]))


def test_a_folder_to_rescan_is_looked_at_at_once_and_its_old_files_have_settled(world: World) -> None:
    old, new, future = world.put("old.mp4", age=5), world.put("new.mp4", age=3), world.put("future.mp4", age=-60)
    world.settling.note_rescan(world.path(""), trust_times=True)
    assert world.after(0) == Settled(files=frozenset([old]), rescan=(world.path(""),))
    assert world.after(2) == Settled(files=frozenset([new]))
    assert world.after(3) == Settled(files=frozenset([future]))
    assert not world.after(10)


def test_a_folder_to_rescan_whose_times_are_not_trusted_waits(world: World) -> None:
    path = world.put("a.mp4", age=1000)
    world.settling.note_rescan(world.path(""))
    assert not world.after(0)
    world.settling.note(world.path(""))  # it stays to be rescanned
    assert not world.after(4)
    assert world.after(1) == Settled(files=frozenset([path]), rescan=(world.path(""),))


def test_what_is_noted_again_settles_again(world: World) -> None:
    path = world.put("a.mp4")
    for _ in range(2):
        world.settling.note(path)
        assert not world.after(0)
        assert world.after(5).files == {path}
