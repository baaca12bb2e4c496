"""Names are taught one at a time, searches go on meanwhile, and what is ended leaves everything as it was."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from framecue.errors import AbsentError, BusyError, InputError, TooSlowError
from framecue.library import HeldMoment, Library
from framecue.library.store.lock import library_lock
from framecue.names.taught import Lesson, TaughtTokens
from framecue.service import teaching as module
from framecue.service.desk import Desk
from framecue.service.teaching import Teachings
from support.colour_rows import write_colours
from support.colours import COLOURS, LearningColours

T = TypeVar("T")

LESSON = {"like": [HeldMoment("id-of-red"), HeldMoment("id-of-yellow")]}


class HeldBack(LearningColours):
    """Learns when it is let to, a step at a time as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.learns, self.may_go_on = threading.Event(), threading.Event()
        self.at_once, self.most_at_once = 0, 0

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        assert on_step is not None
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            self.learns.set()
            while not self.may_go_on.wait(0.01):
                on_step(1, 5)
            return super().learn_name(lesson, on_step=on_step)
        finally:
            self.at_once -= 1


@pytest.fixture
def model() -> HeldBack:
    return HeldBack()


@pytest.fixture
def desk(tmp_path: Path, model: HeldBack) -> Iterator[Desk]:
    places = [write_colours(tmp_path / name, *COLOURS) for name in ("one.lance", "two.lance")]
    desk = Desk([str(place) for place in places], load_model=lambda library: model)
    yield desk
    model.may_go_on.set()
    desk.close()


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    return asyncio.run(asyncio.wait_for(main(), 60))


async def until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        await asyncio.sleep(0.005)


def names(desk: Desk, library: str | None = None) -> list[str]:
    with desk.shelf(library).reading() as opened:
        return [name.name for name in opened.taught_names()]


def test_searches_go_on_while_a_name_is_learnt_and_understand_it_afterwards(desk: Desk, model: HeldBack) -> None:
    def found(library: Library) -> tuple[str, tuple[str, ...]]:
        (hit,) = library.search("rex", k=1, only="seen")
        return hit.path, hit.names

    async def main() -> None:
        teachings = Teachings(desk)
        taught = asyncio.create_task(teachings.teach(None, "Rex", LESSON))
        await asyncio.to_thread(model.learns.wait)
        await until(lambda: (at := teachings.at_work("one")) is not None and at.done > 0)
        at_work = teachings.at_work(None)
        assert at_work is not None
        assert (at_work.name, at_work.total) == ("Rex", 5)
        assert teachings.at_work("two") is None
        # Several libraries of the shelf are at work, and none waits for the one that learns.
        answers = await asyncio.gather(
            *(desk.ask(None, lambda library: library.search("blue", k=1)[0].path) for _ in range(4))
        )
        assert answers == ["/blue.mp4"] * 4
        assert not taught.done()
        model.may_go_on.set()
        assert (await taught).name == "Rex"
        assert teachings.at_work(None) is None
        # What was opened before the name was taught understands it, too.
        understood = await asyncio.gather(*(desk.ask(None, found) for _ in range(4)))
        assert {names for _, names in understood} == {("Rex",)}
        assert {path for path, _ in understood} <= {"/red.mp4", "/yellow.mp4"}

    run(main)


def test_one_at_a_time_in_the_order_in_which_they_were_asked(desk: Desk, model: HeldBack) -> None:
    async def main() -> None:
        teachings = Teachings(desk, most_waiting=2)
        asked = [
            asyncio.create_task(teachings.teach(library, name, LESSON))
            for library, name in ((None, "Rex"), ("two", "Bella"), (None, "Minka"))
        ]
        await asyncio.to_thread(model.learns.wait)
        with pytest.raises(BusyError, match="2 changes of names are waiting already"):
            await teachings.teach(None, "Fido", LESSON)
        model.may_go_on.set()
        assert [taught.name for taught in await asyncio.gather(*asked)] == ["Rex", "Bella", "Minka"]
        assert [lesson.name for lesson in model.lessons] == ["Rex", "Bella", "Minka"]
        assert model.most_at_once == 1

    run(main)
    assert (names(desk), names(desk, "two")) == (["Minka", "Rex"], ["Bella"])


def test_whoever_goes_away_ends_the_learning_and_the_next_has_its_turn(desk: Desk, model: HeldBack) -> None:
    async def main() -> None:
        teachings = Teachings(desk)
        leaves, waits = (asyncio.create_task(teachings.teach(None, name, LESSON)) for name in ("Rex", "Bella"))
        stays = asyncio.create_task(teachings.teach(None, "Minka", LESSON))
        await asyncio.to_thread(model.learns.wait)
        for task in (leaves, waits):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        # It can only come to it once the one before has ended, as nobody lets that go on.
        await until(lambda: (at := teachings.at_work(None)) is not None and at.name == "Minka")
        model.may_go_on.set()
        await stays

    run(main)
    assert names(desk) == ["Minka"]


def test_what_takes_too_long_is_ended_and_the_old_name_stays(desk: Desk, model: HeldBack) -> None:
    async def main() -> None:
        model.may_go_on.set()
        before = await Teachings(desk).teach(None, "Rex", LESSON)
        model.may_go_on.clear()
        with pytest.raises(TooSlowError, match=r"longer than the 0\.2 seconds that are allowed, so nothing was taught"):
            await Teachings(desk, max_seconds=0.2).teach(None, "Rex", {"like": [HeldMoment("id-of-blue")]})
        with desk.shelf().reading() as library:
            assert library.taught_names() == [before]

    run(main)


def test_the_end_of_a_server_ends_what_is_learnt(desk: Desk, model: HeldBack) -> None:
    async def main() -> None:
        teachings = Teachings(desk)
        taught, waits = (asyncio.create_task(teachings.teach(None, name, LESSON)) for name in ("Rex", "Bella"))
        await asyncio.to_thread(model.learns.wait)
        teachings.close()
        for task in (taught, waits):
            with pytest.raises((asyncio.CancelledError, module._AbandonedError)):
                await task

    run(main)
    assert names(desk) == []


def test_a_run_that_writes_is_waited_for_a_while_and_no_longer(desk: Desk, model: HeldBack) -> None:
    model.may_go_on.set()

    async def main() -> None:
        teachings = Teachings(desk, lock_seconds=0.05)
        await teachings.teach(None, "Rex", LESSON)
        with library_lock(desk.shelf().uri):
            for change in (
                teachings.teach(None, "Rex", LESSON),
                teachings.forget(None, "Rex"),
                teachings.rename(None, "Rex", "Max"),
            ):
                with pytest.raises(BusyError, match="another run is writing to the library") as caught:
                    await change
                assert caught.value.retry_seconds > 1
            patient = asyncio.create_task(Teachings(desk).rename(None, "Rex", "Max"))
            await asyncio.sleep(0.05)
        assert (await patient).name == "Max"

    run(main)


def test_names_are_renamed_and_forgotten(desk: Desk, model: HeldBack) -> None:
    model.may_go_on.set()

    async def main() -> None:
        teachings = Teachings(desk)
        await teachings.teach(None, "Rex", LESSON)
        assert (await teachings.rename(None, "rex", "Max")).name == "Max"
        await teachings.forget(None, "MAX")
        with pytest.raises(AbsentError, match="was not taught this name"):
            await teachings.forget(None, "Max")
        with pytest.raises(AbsentError):
            await teachings.rename(None, "Rex", "Max")
        with pytest.raises(AbsentError, match="there is no library of that name"):
            await teachings.forget("three", "Max")
        with pytest.raises(InputError):
            await teachings.teach(None, "!!", LESSON)

    run(main)
    assert names(desk) == []
