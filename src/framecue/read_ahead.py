"""Reading files in threads while earlier ones are being encoded, in the order in which they were given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from typing import TypeVar

from framecue.errors import VideoError

__all__ = ["read_ahead", "read_batches_ahead"]

Item = TypeVar("Item")
Read = TypeVar("Read")


def read_ahead(
    items: Sequence[Item], read: Callable[[Item], Read], *, num_threads: int, num_waiting: int
) -> Generator[tuple[Item, Read | VideoError], None, None]:
    """Yield each item with what reading it gave, in the order of the items.

    Args:
        items: what to read.
        read: reads one; called in a thread.
        num_threads: how many are read at once.
        num_waiting: how many may be read, or wait for a thread, before the caller asks for them; this bounds the
            memory.

    Yields:
        (the item, what was read, or the VideoError that it raised); any other error is raised.
    """
    coming: deque[tuple[Item, Future[Read]]] = deque()
    left = deque(items)
    with ThreadPoolExecutor(num_threads, thread_name_prefix="framecue-ahead") as pool:
        try:
            while True:
                while left and len(coming) < num_waiting:
                    item = left.popleft()
                    coming.append((item, pool.submit(read, item)))
                if not coming:
                    return
                first, future = coming.popleft()
                try:
                    found: Read | VideoError = future.result()
                except VideoError as error:
                    found = error
                yield first, found
        finally:
            for _, future in coming:
                future.cancel()


def read_batches_ahead(
    items: Sequence[Item], read: Callable[[Item], Read], *, num_threads: int, batch_size: int
) -> Generator[list[tuple[Item, Read | VideoError]], None, None]:
    """Yield what `read_ahead` does, so many at a time; the next are read while a batch is worked on.

    Args:
        items: what to read.
        read: reads one; called in a thread.
        num_threads: how many are read at once.
        batch_size: how many a batch has; the last may have fewer.
    """
    ahead = read_ahead(items, read, num_threads=num_threads, num_waiting=num_threads + batch_size)
    with closing(ahead) as found:
        while batch := list(islice(found, batch_size)):
            yield batch
