"""Reading the next files while the model encodes earlier ones: a thread for each reader, and a bounded queue.

Files go to the readers in turn and come back in the order of the units, so the result of a run does not depend on which
reader is faster.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence, Set
from typing import Protocol, runtime_checkable

from framecue.errors import VideoError
from framecue.library.indexing.encode import End, PreparedMoment
from framecue.library.indexing.unit import Unit
from framecue.video import Content, Moment, ReadOptions, ReadVideo

__all__ = ["Abandonable", "Claims", "read_ahead"]

# The items of a queue; an exception is a bug, which ends the run.
Item = Content | PreparedMoment | End | BaseException

# How often a reader that waits for room in its queue checks whether the run has ended.
_POLL_SECONDS = 0.2


@runtime_checkable
class Abandonable(Protocol):
    """A reader whose file can be given up while it is being read."""

    def abandon(self) -> None:
        """End the reading at once, from any thread; nothing is read with this reader afterwards."""
        ...


class Claims:
    """Keeps track of the contents that need no reading: those the library holds, and those of earlier units.

    Args:
        held: hashes of the contents that the library holds.
    """

    def __init__(self, held: Set[str]) -> None:
        self._held = held
        self._units: dict[str, int] = {}
        self._lock = threading.Lock()

    def claim(self, video_id: str, number: int) -> bool:
        """Claim a content for the unit of this number, and return whether the unit has to read it.

        If a later unit, with another reader, was faster, both read the content, and the earlier one counts.
        """
        with self._lock:
            if video_id in self._held or self._units.get(video_id, number) < number:
                return False
            self._units[video_id] = number
            return True


def read_ahead(
    units: Sequence[Unit],
    readers: Sequence[ReadVideo],
    options: ReadOptions,
    *,
    prepare: Callable[[Moment], PreparedMoment],
    claims: Claims,
    depth: int,
) -> Generator[tuple[Unit, Content | PreparedMoment | End], None, None]:
    """Yield what is read of each unit, in the order of the units: its content, its moments, its end.

    Args:
        units: the files.
        readers: read a file each; one thread at a time uses each of them. One that is :class:`Abandonable` is abandoned
            if the caller stops before the last unit.
        options: what to read of each file.
        prepare: makes a moment ready for the model, in the reader's thread.
        claims: which contents need no reading.
        depth: how many moments of each reader may wait, which bounds their memory.
    """
    reading = _Reading(units, readers, options, prepare=prepare, claims=claims, depth=depth)
    threads = [
        threading.Thread(target=reading.read_share, args=(first,), name=f"framecue-read-{first}", daemon=True)
        for first in range(len(readers))
    ]
    for thread in threads:
        thread.start()
    try:
        for number, unit in enumerate(units):
            item = None
            while not isinstance(item, End):
                item = reading.next_of(number)
                yield unit, item
    except BaseException:
        # A run that is stopped has files to commit; a reader may be in the midst of a step that takes minutes.
        reading.stop.set()
        for read in readers:
            if isinstance(read, Abandonable):
                read.abandon()
        raise
    finally:
        reading.stop.set()
        for thread in threads:
            thread.join()


class _Reading:
    """The state that the threads of :func:`read_ahead` share."""

    def __init__(
        self,
        units: Sequence[Unit],
        readers: Sequence[ReadVideo],
        options: ReadOptions,
        *,
        prepare: Callable[[Moment], PreparedMoment],
        claims: Claims,
        depth: int,
    ) -> None:
        self.units, self.readers, self.options = units, readers, options
        self.prepare, self.claims = prepare, claims
        self.stop = threading.Event()
        self.queues: list[queue.Queue[Item]] = [queue.Queue(depth) for _ in readers]

    def next_of(self, number: int) -> Content | PreparedMoment | End:
        """Wait for the next item of a unit and return it; raise the bug that ended its reader."""
        item = self.queues[number % len(self.queues)].get()
        if isinstance(item, BaseException):
            raise item
        return item

    def read_share(self, first: int) -> None:
        """Read the units of one reader, one after another."""
        number = first
        try:
            while number < len(self.units) and not self.stop.is_set():
                self._read_one(number, self.readers[first])
                number += len(self.readers)
        except BaseException as error:  # a bug must end the run, not leave it waiting
            self._put(number, error)

    def _read_one(self, number: int, read: ReadVideo) -> None:
        error: VideoError | None = None
        path = self.units[number].path
        try:
            for event in read(path, self.options, lambda video_id: self.claims.claim(video_id, number)):
                if self.stop.is_set():
                    return
                if isinstance(event, Moment):
                    self._put(number, self.prepare(event))
                elif isinstance(event, Content):
                    self._put(number, event)
        except VideoError as caught:
            error = caught
        self._put(number, End(error))

    def _put(self, number: int, item: Item) -> None:
        """Put an item into the queue, waiting for room as long as the run goes on."""
        while not self.stop.is_set():
            try:
                self.queues[number % len(self.queues)].put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return
