"""Files are made one at a time, each once for all who wait, and none that nobody waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from framecue.errors import BusyError, FramecueError, InputError
from framecue.service.media import making
from framecue.service.media.cache import MediaCache, cache_key
from framecue.service.media.making import Making, Workshop

NAMES = [f"{cache_key(number)}.mp4" for number in range(20)]
SOON = 30.0


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(MediaCache(tmp_path), at_once=1)
    yield workshop
    workshop.close()


class Slow:
    """Makes files when it is let, and counts."""

    def __init__(self) -> None:
        self.num_made = 0
        self.begun, self.let = threading.Event(), threading.Event()
        self.told: list[bool] = []

    def __call__(self, partial: Path, making: Making) -> None:
        making.stopped_by(self.let.set)
        self.num_made += 1
        self.begun.set()
        assert self.let.wait(SOON)
        self.told.append(making.tell(0.5))
        if not self.told[-1]:
            raise FramecueError("given up")
        partial.write_bytes(b"made")


def waited(found: Path | Making, seconds: float = SOON) -> Path | None:
    assert isinstance(found, Making)
    return asyncio.run(found.wait(seconds))


def test_one_making_is_for_all_who_wait(workshop: Workshop) -> None:
    slow = Slow()

    async def run() -> list[Path | None]:
        found = [workshop.order(NAMES[0], slow) for _ in range(5)]
        assert len({id(one) for one in found}) == 1
        makings = [one for one in found if isinstance(one, Making)]
        assert await makings[0].wait(0.01) is None  # not yet, which spoils nothing for the others
        waiting = [asyncio.ensure_future(one.wait(SOON)) for one in makings]
        waiting.append(asyncio.ensure_future(makings[0].wait(SOON)))
        await asyncio.sleep(0)
        waiting.pop().cancel()  # one goes
        slow.let.set()
        return await asyncio.gather(*waiting)

    places = asyncio.run(run())
    assert slow.num_made == 1
    assert len(set(places)) == 1
    assert places[0] is not None
    assert places[0].read_bytes() == b"made"
    assert workshop.order(NAMES[0], slow) == places[0]


def test_it_says_how_far_it_has_come(workshop: Workshop) -> None:
    slow = Slow()
    found = workshop.order(NAMES[0], slow)
    assert isinstance(found, Making)
    assert slow.begun.wait(SOON)
    assert (found.is_begun, found.share) == (True, 0.0)
    waiting = workshop.order(NAMES[1], slow)
    assert isinstance(waiting, Making)
    assert not waiting.is_begun
    slow.let.set()
    assert waited(found) is not None
    assert found.share == 0.5


def test_what_nobody_waits_for_is_given_up(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "_PATIENCE_SECONDS", -1.0)
    slow, later = Slow(), Slow()
    slow.let.set()
    first = workshop.order(NAMES[0], slow)
    assert isinstance(first, Making)
    assert isinstance(first.done.exception(SOON), FramecueError)
    assert (slow.num_made, slow.told) in ((0, []), (1, [False]))
    # Whoever comes then gets a new one, at once.
    monkeypatch.setattr(making, "_PATIENCE_SECONDS", SOON)
    later.let.set()
    assert waited(workshop.order(NAMES[0], later)) is not None
    assert later.num_made == 1


def test_what_went_wrong_is_told_to_all_and_not_tried_again_at_once(workshop: Workshop) -> None:
    attempts: list[Path] = []

    def broken(partial: Path, making: Making) -> None:
        attempts.append(partial)
        raise InputError("it is damaged")

    for _ in range(3):
        with pytest.raises(InputError, match="it is damaged"):
            waited(workshop.order(NAMES[0], broken))
    assert len(attempts) == 1
    slow = Slow()
    slow.let.set()
    assert waited(workshop.order(NAMES[1], slow)) is not None  # others are made as ever


def test_only_so_many_wait(workshop: Workshop) -> None:
    slow = Slow()
    found = [workshop.order(name, slow) for name in NAMES[:8]]
    with pytest.raises(BusyError, match="several videos are being converted already; try again") as caught:
        workshop.order(NAMES[8], slow)
    assert caught.value.retry_seconds > 0
    assert workshop.order(NAMES[3], slow) is found[3]  # for these there is room
    slow.let.set()
    for one in found:
        assert waited(one) is not None
    assert waited(workshop.order(NAMES[8], slow)) is not None


def test_closing_gives_up_what_is_being_made(tmp_path: Path) -> None:
    workshop, slow = Workshop(MediaCache(tmp_path), at_once=1), Slow()
    found = workshop.order(NAMES[0], slow)
    assert isinstance(found, Making)
    assert slow.begun.wait(SOON)
    workshop.close()
    with pytest.raises(FramecueError, match=r"^the server is stopping; ask again when it runs$"):
        waited(found)
    assert slow.told == [False]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FramecueError, match="the server is stopping"):
        workshop.order(NAMES[1], slow)
