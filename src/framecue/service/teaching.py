"""Teaching names while a server answers: one at a time in a thread of its own, with less priority than searches.

Learning takes all cores for seconds, so two at once would both take twice as long. A name is written when all of it
is learnt: one that nobody waits for any more, that takes too long, or that the end of the server meets, is left out,
and what the library was taught before stays as it was.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

from framecue.errors import AbsentError, BusyError, TooSlowError
from framecue.library.library import Library
from framecue.library.results import TaughtName
from framecue.service.desk import Desk, Shelf
from framecue.service.urgency import be_less_urgent

__all__ = ["Teaching", "Teachings"]

T = TypeVar("T")

MOST_WAITING = 8
# How long learning one name may take, from when it begins.
MAX_SECONDS = 240.0
# How long a run that writes to the library, such as one that indexes, is waited for.
LOCK_SECONDS = 10.0
_POLL_SECONDS = 0.25


class _AbandonedError(BaseException):
    """Nobody waits for the answer any more; as with Ctrl-C, nothing is written."""


class _LockedError(Exception):
    """Another run is writing to the library."""


class Teaching:
    """A name that is being learnt, or waits for that.

    Args:
        library: the library's name on the server.
        name: what is learnt.
        max_seconds: how long it may take from when it begins.
        is_learning: whether it is learnt at all; a name may also be changed, which takes no time.

    Attributes:
        done: how many steps are done.
        total: how many there are; 0 before it has begun.
    """

    def __init__(self, library: str, name: str, max_seconds: float, *, is_learning: bool = True) -> None:
        self.library, self.name, self.is_learning = library, name, is_learning
        self.done, self.total = 0, 0
        self._max_seconds, self._ends_at = max_seconds, float("inf")
        self._is_abandoned = threading.Event()

    def begin(self) -> None:
        """Count its time from now on."""
        self._ends_at = monotonic() + self._max_seconds

    def abandon(self) -> None:
        """Have it end at its next step, with nothing written."""
        self._is_abandoned.set()

    def rest(self, seconds: float) -> None:
        """Wait, unless it is abandoned meanwhile."""
        self._is_abandoned.wait(seconds)

    def step(self, done: int, total: int) -> None:
        """Note how far it is, and go on if it may.

        Raises:
            TooSlowError: it takes too long.
        """
        self.done, self.total = done, total
        self.check()

    def check(self) -> None:
        """Go on if it may.

        Raises:
            TooSlowError: it takes too long.
        """
        if self._is_abandoned.is_set():
            raise _AbandonedError
        if monotonic() > self._ends_at:
            raise TooSlowError(
                f"learning the name takes longer than the {self._max_seconds:g} seconds that are allowed, so nothing "
                "was taught; give fewer examples, or use `framecue teach` on the server's machine"
            )


class Teachings:
    """Teaches names to the libraries of a desk; every change of names goes through it.

    Args:
        desk: the libraries.
        most_waiting: how many changes may wait for the one at work; more are turned away.
        max_seconds: how long learning one name may take.
        lock_seconds: how long to wait for another run that writes to a library.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        most_waiting: int = MOST_WAITING,
        max_seconds: float = MAX_SECONDS,
        lock_seconds: float = LOCK_SECONDS,
    ) -> None:
        self._desk, self._most_waiting = desk, most_waiting
        self._max_seconds, self._lock_seconds = max_seconds, lock_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="framecue-teaching", initializer=be_less_urgent)
        # In the order in which they are done; the first is at work.
        self._every: list[Teaching] = []

    def at_work(self, library: str | None) -> Teaching | None:
        """Return what is being learnt for a library; None if nothing is.

        Raises:
            AbsentError: there is no library of that name.
        """
        name = self._desk.shelf(library).name
        return next((each for each in tuple(self._every)[:1] if each.library == name and each.is_learning), None)

    async def teach(self, library: str | None, name: str, lesson: dict[str, Any]) -> TaughtName:
        """Teach a library a name; whoever is cancelled while this waits ends the learning.

        Args:
            library: its name; None for the first.
            name: the name.
            lesson: what else ``Library.teach`` takes.

        Raises:
            AbsentError: there is no library of that name, or no such example.
            BusyError: too many changes wait already, or another run is writing to the library.
            TooSlowError: learning takes too long.
            FramecueError: see ``Library.teach``.
        """

        def taught(opened: Library, teaching: Teaching) -> TaughtName:
            return opened.teach(name, **lesson, on_step=teaching.step, on_wait=_refuse_to_wait)

        return await self._do(library, name, taught, is_learning=True)

    async def rename(
        self, library: str | None, name: str, new_name: str, *, allow_ordinary: bool = False
    ) -> TaughtName:
        """Call what a name means by another name.

        Raises:
            AbsentError: there is no library of that name, or it was not taught the name.
            BusyError: too many changes wait already, or another run is writing to the library.
            FramecueError: see ``Library.rename_name``.
        """
        return await self._do(
            library,
            name,
            lambda opened, _: opened.rename_name(
                name, new_name, allow_ordinary=allow_ordinary, on_wait=_refuse_to_wait
            ),
        )

    async def forget(self, library: str | None, name: str) -> None:
        """Forget a name.

        Raises:
            AbsentError: there is no library of that name, or it was not taught the name.
            BusyError: too many changes wait already, or another run is writing to the library.
            FramecueError: see ``Library.forget_name``.
        """
        if not await self._do(library, name, lambda opened, _: opened.forget_name(name, on_wait=_refuse_to_wait)):
            raise AbsentError("the library was not taught this name; ask for its names to see which it knows")

    def close(self) -> None:
        """End what is being learnt at its next step; what waits is dropped."""
        for teaching in tuple(self._every):
            teaching.abandon()
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _do(
        self, library: str | None, name: str, action: Callable[[Library, Teaching], T], *, is_learning: bool = False
    ) -> T:
        shelf = self._desk.shelf(library)
        if len(self._every) > self._most_waiting:
            raise BusyError(
                f"{len(self._every) - 1} changes of names are waiting already, which is all that may; try again soon",
                retry_seconds=5,
            )
        teaching = Teaching(shelf.name, name, self._max_seconds, is_learning=is_learning)
        self._every.append(teaching)
        job: Future[T] = self._thread.submit(self._work, shelf, teaching, action)
        # When the thread is done with it, which may be later than that nobody waits for it.
        job.add_done_callback(lambda _: self._every.remove(teaching))
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            teaching.abandon()
            raise

    def _work(self, shelf: Shelf, teaching: Teaching, action: Callable[[Library, Teaching], T]) -> T:
        teaching.begin()
        last_try_at = monotonic() + self._lock_seconds
        while True:
            teaching.check()
            is_last = monotonic() >= last_try_at
            try:
                with shelf.writing() as library:
                    return action(library, teaching)
            except _LockedError:
                if is_last:
                    raise BusyError(
                        "another run is writing to the library, such as one that indexes into it; try again when that "
                        "has ended",
                        retry_seconds=10,
                    ) from None
            teaching.rest(_POLL_SECONDS)


def _refuse_to_wait() -> None:
    raise _LockedError
