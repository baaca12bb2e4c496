"""Threads that carry out work as it comes, and hand back what became of it in the order in which it came."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Generic, TypeVar

__all__ = ["Workers"]

Result = TypeVar("Result")


class Workers(Generic[Result]):
    """A few threads; use it in a ``with`` block. What one raises is raised where its result would have come.

    Args:
        num_threads: how many; 0 lets the calling thread do the work, when it gives it.
        around: makes a context in which each piece of work is done, in its thread.
    """

    def __init__(self, num_threads: int, *, around: Callable[[], AbstractContextManager[object]] = nullcontext) -> None:
        self._pool = ThreadPoolExecutor(num_threads, thread_name_prefix="framecue-work") if num_threads else None
        self._around = around
        # One piece waits for each thread, so that none of them waits for the next; this bounds the memory.
        self._num_waiting = 2 * num_threads
        self._coming: deque[Future[Result]] = deque()

    def __enter__(self) -> Workers[Result]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give up what has not begun, and wait for what has."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def give(self, work: Callable[[], Result]) -> None:
        """Give a piece of work; the one whose result was not handed back the longest comes first in `results`."""
        if self._pool is not None:
            self._coming.append(self._pool.submit(self._done, work))
            return
        future: Future[Result] = Future()
        future.set_result(self._done(work))
        self._coming.append(future)

    def results(self) -> Iterator[Result]:
        """Yield the results that are there, in the order of their work; wait for some where much is under way."""
        while self._coming and (len(self._coming) > self._num_waiting or self._coming[0].done()):
            yield self._coming.popleft().result()

    def rest(self) -> Iterator[Result]:
        """Yield all results that are left, and wait for them."""
        while self._coming:
            yield self._coming.popleft().result()

    def _done(self, work: Callable[[], Result]) -> Result:
        with self._around():
            return work()
