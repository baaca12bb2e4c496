"""Making files for browsers: one at a time, each once for all who wait, and none that nobody waits for."""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeAlias

from framecue.cores import num_cores
from framecue.errors import BusyError, FramecueError
from framecue.service.media.cache import MediaCache

__all__ = ["Make", "Making", "Workshop"]

Make: TypeAlias = "Callable[[Path, Making], None]"
"""Writes a file. Is given its name, and the making, which is told how far it has come and says whether to go on."""

_CORES_PER_MAKING = 4
_MAX_MAKINGS = 8
_RETRY_SECONDS = 5
# Whoever wants a file asks again every second or two.
_PATIENCE_SECONDS = 20.0
# What went wrong is not tried again at once.
_FAILURE_SECONDS = 60.0
_STOPPING = "the server is stopping; ask again when it runs"


class Making:
    """A file that is being made, or is waiting for it.

    Attributes:
        share: how far it has come, from 0 to 1.
        is_begun: whether it is being made.
    """

    def __init__(self) -> None:
        self.share = 0.0
        self.is_begun = False
        self.done: Future[Path] = Future()
        self.ended_at: float | None = None
        self._asked_at = time.monotonic()
        self._num_waiting = 0
        self._stops: list[Callable[[], None]] = []
        self._is_stopped = False

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it, or has asked for it a moment ago, and nobody has stopped it."""
        if self._is_stopped:
            return False
        return self._num_waiting > 0 or time.monotonic() - self._asked_at < _PATIENCE_SECONDS

    def ask(self) -> None:
        """Note that somebody wants it."""
        self._asked_at = time.monotonic()

    def tell(self, share: float) -> bool:
        """Note how far it has come; return whether to go on."""
        self.share = max(self.share, share)
        return self.is_wanted

    def stopped_by(self, stop: Callable[[], None]) -> None:
        """Note what stops it at once, from another thread."""
        self._stops.append(stop)
        if self._is_stopped:
            stop()

    def stop(self) -> None:
        """Have it given up, whoever waits."""
        self._is_stopped = True
        for stop in list(self._stops):
            stop()

    async def wait(self, seconds: float) -> Path | None:
        """Wait for the file; None if it is not there after so many seconds.

        Raises:
            Exception: whatever went wrong in making it.
        """
        self._num_waiting += 1
        try:
            done = asyncio.wrap_future(self.done)
            await asyncio.wait({done}, timeout=seconds)
            if done.done():
                return done.result()
            done.cancel()  # this waiter's own future; the making goes on
            return None
        finally:
            self._num_waiting -= 1
            self.ask()


class Workshop:
    """Makes files and keeps them; any thread may ask.

    Args:
        cache: where they are kept.
        at_once: how many are made at once; None for one, and one more for each four cores.
    """

    def __init__(self, cache: MediaCache, *, at_once: int | None = None) -> None:
        self._cache = cache
        self._threads = ThreadPoolExecutor(
            at_once or 1 + num_cores() // _CORES_PER_MAKING, thread_name_prefix="framecue-media"
        )
        self._makings: dict[str, Making] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    def close(self) -> None:
        """Give up what is being made."""
        with self._lock:
            self._is_closed = True
            makings = list(self._makings.values())
        for making in makings:
            making.stop()
        self._threads.shutdown(wait=False)

    def order(self, name: str, make: Make) -> Path | Making:
        """Return a file, or its making, which is begun if nobody has asked for it yet.

        Args:
            name: of the file in the cache: the same for the same content.
            make: writes it.

        Raises:
            BusyError: too many are waiting.
            FramecueError: the server is stopping.
        """
        with self._lock:
            if self._is_closed:
                raise FramecueError(_STOPPING)
            if (path := self._cache.find(name)) is not None:
                return path
            self._forget_old()
            making = self._makings.get(name)
            if making is not None and not making.done.done():
                making.ask()
                return making
            if making is not None and making.done.exception() is not None:
                return making
            if sum(not other.done.done() for other in self._makings.values()) >= _MAX_MAKINGS:
                raise BusyError("several videos are being converted already; try again in some seconds", _RETRY_SECONDS)
            making = self._makings[name] = Making()
            # A future that runs is never cancelled: whoever waits for it is one of several.
            making.done.set_running_or_notify_cancel()
            self._threads.submit(self._run, name, making, make)
            return making

    def _run(self, name: str, making: Making, make: Make) -> None:
        try:
            if not making.is_wanted:
                raise FramecueError("converting it was given up, as nobody waited for it; ask again")
            making.is_begun = True
            with self._cache.writing(name) as partial:
                make(partial, making)
        except BaseException as error:
            making.ended_at = time.monotonic() if making.is_wanted else -math.inf
            making.done.set_exception(FramecueError(_STOPPING) if self._is_closed else error)
        else:
            making.ended_at = -math.inf
            making.done.set_result(self._cache.folder / name)

    def _forget_old(self) -> None:
        now = time.monotonic()
        for name, making in list(self._makings.items()):
            if making.ended_at is not None and now - making.ended_at > _FAILURE_SECONDS:
                del self._makings[name]
