"""Reading the next files while the model encodes earlier ones: a thread for each reader, and a bounded queue.

Files go to the readers in turn and come back in the order of the units, so the result of a run does not depend on which
reader is faster.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Sequence, Set

from framecue.errors import VideoError
from framecue.library.indexing.encode import End
from framecue.library.indexing.plan import Unit
from framecue.video import Content, Moment, ReadOptions, ReadVideo

__all__ = ["Claims", "read_ahead"]

# How often a reader that waits for room in its queue checks whether the run has ended.
_POLL_SECONDS = 0.2


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
    prepare: Callable[[Moment], Moment],
    claims: Claims,
    depth: int,
) -> Generator[tuple[Unit, Content | Moment | End], None, None]:
    """Yield what is read of each unit, in the order of the units: its content, its moments, its end.

    Args:
        units: the files.
        readers: read a file each; one thread at a time uses each of them.
        options: what to read of each file.
        prepare: makes a moment ready for the model, in the reader's thread.
        claims: which contents need no reading.
        depth: how many moments of each reader may wait, which bounds their memory.
    """
    stop = threading.Event()
    queues: list[queue.Queue[Content | Moment | End | BaseException]] = [queue.Queue(depth) for _ in readers]

    def put(number: int, item: Content | Moment | End | BaseException) -> None:
        while not stop.is_set():
            try:
                queues[number % len(readers)].put(item, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return

    def read_one(number: int, read: ReadVideo) -> None:
        error: VideoError | None = None
        try:
            for event in read(units[number].path, options, lambda video_id: claims.claim(video_id, number)):
                if stop.is_set():
                    return
                if isinstance(event, Moment):
                    put(number, prepare(event))
                elif isinstance(event, Content):
                    put(number, event)
        except VideoError as caught:
            error = caught
        put(number, End(error))

    def read_share(first: int) -> None:
        number = first
        try:
            while number < len(units) and not stop.is_set():
                read_one(number, readers[first])
                number += len(readers)
        except BaseException as error:  # a bug must end the run, not leave it waiting
            put(number, error)

    threads = [
        threading.Thread(target=read_share, args=(first,), name=f"framecue-read-{first}", daemon=True)
        for first in range(len(readers))
    ]
    for thread in threads:
        thread.start()
    try:
        for number, unit in enumerate(units):
            while True:
                item = queues[number % len(readers)].get()
                if isinstance(item, BaseException):
                    raise item
                yield unit, item
                if isinstance(item, End):
                    break
    finally:
        stop.set()
        for thread in threads:
            thread.join()
