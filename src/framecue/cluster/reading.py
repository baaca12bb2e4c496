"""Reading videos on a node of a cluster: what an actor does that reads one file at a time, ahead of who asks for it.

It is an ordinary class, which knows nothing of Ray. The file is read by a thread, as far ahead as its queue has room,
and whoever asks takes what is there. So how fast the driver asks bounds what is read.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from framecue.cluster.variables import take_variables
from framecue.errors import VideoError
from framecue.library.indexing.encode import End
from framecue.library.indexing.words_runner import ReadLimits
from framecue.paths import exists, is_url
from framecue.video import Content, Moment, ReadOptions
from framecue.video.isolate.spool import kept_spool
from framecue.video.read.moments import Event

__all__ = ["Answer", "Hashed", "NodeReader", "NotSeen", "ReadMoment", "ReadMoments", "Told"]

# How long an answer waits for something to tell; the driver knows by it that the actor lives.
_BEAT_SECONDS = 1.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Hashed:
    """The content's hash is known. Nothing more comes before it was said whether its frames are wanted."""

    video_id: str


@dataclass(frozen=True)
class NotSeen:
    """There is no such file on this node's disks."""


@dataclass(frozen=True)
class ReadMoment:
    """What is told of a moment beside its pixels; see :class:`framecue.video.Moment`."""

    start_seconds: float
    end_seconds: float
    thumbnail: bytes
    num_frames: int
    num_replaced: int = 0


@dataclass(frozen=True)
class ReadMoments:
    """Moments that follow each other; their pixels come beside the answer.

    Attributes:
        moments: what is told of each.
        size_bytes: of all pixels.
    """

    moments: tuple[ReadMoment, ...]
    size_bytes: int

    @property
    def num_frames(self) -> int:
        """How many frames they have together."""
        return sum(moment.num_frames for moment in self.moments)


Told = Hashed | NotSeen | Content | ReadMoments | End


@dataclass(frozen=True)
class Answer:
    """What is new of a file.

    Attributes:
        told: in its order; at most one of them is a :class:`ReadMoments`.
        read_seconds: how long this actor has read until now, without waiting for anybody.
    """

    told: tuple[Told, ...] = ()
    read_seconds: float = 0.0


class Reads(Protocol):
    """What reads files: :class:`framecue.video.IsolatedReader`."""

    def read(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
        """Yield what is read of a file."""
        ...


@dataclass
class _Reading:
    """One file that is being read."""

    # Room for what is asked for next, and for what is read meanwhile.
    events: queue.Queue[tuple[Told, list[np.ndarray]] | BaseException] = field(default_factory=lambda: queue.Queue(2))
    wanted: queue.Queue[bool] = field(default_factory=queue.Queue)
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = field(default_factory=time.monotonic)
    waited_seconds: float = 0.0
    waiting_since: float | None = None
    ended: float | None = None

    def put(self, told: Told, pixels: Sequence[np.ndarray] = ()) -> None:
        """Hand something over; wait for room as long as anybody wants it."""
        self._put((told, list(pixels)))

    def fail(self, error: BaseException) -> None:
        """Hand over a defect."""
        self._put(error)

    def decide(self, video_id: str) -> bool:
        """Tell the content's hash, and wait for whether its frames are wanted."""
        self.put(Hashed(video_id))
        with self._waiting():
            while not self.stop.is_set():
                try:
                    return self.wanted.get(timeout=_POLL_SECONDS)
                except queue.Empty:
                    continue
        return False

    def seconds(self) -> float:
        """Return how long it has been read, without waiting."""
        now = self.ended or self.waiting_since or time.monotonic()
        return now - self.began - self.waited_seconds

    def _put(self, item: tuple[Told, list[np.ndarray]] | BaseException) -> None:
        with self._waiting():
            while not self.stop.is_set():
                try:
                    self.events.put(item, timeout=_POLL_SECONDS)
                    return
                except queue.Full:
                    continue

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Count the time of a block as waiting."""
        self.waiting_since = time.monotonic()
        try:
            yield
        finally:
            self.waited_seconds, self.waiting_since = self.waited_seconds + time.monotonic() - self.waiting_since, None


class NodeReader:
    """Reads files on a node, each when it is told to.

    Args:
        limits: what reading a file may take.
        environment: variables of the driver's for object stores; what the node has itself is kept.
        reader: reads the files; None for a process of its own.
    """

    def __init__(
        self, limits: ReadLimits, environment: Mapping[str, str] | None = None, reader: Reads | None = None
    ) -> None:
        take_variables(environment)
        self._reader = reader or limits.open_reader()
        self._spool_gb = limits.spool_gb
        self._reading: _Reading | None = None
        self._thread: threading.Thread | None = None
        self._seconds = 0.0

    def about(self, paths: Sequence[str] = ()) -> tuple[str, list[str]]:
        """Return this machine's name, and which of some paths are not to be seen from here."""
        return socket.gethostname(), [path for path in paths if not exists(path)]

    def begin(self, path: str, options: ReadOptions, frames_at_once: int) -> None:
        """Begin to read a file. What is still being read of another is given up.

        Args:
            path: the file, or its URL.
            options: what to read of it.
            frames_at_once: about how many frames are handed over together.
        """
        self.close()
        self._reading = _Reading()
        self._thread = threading.Thread(
            target=self._read, args=(self._reading, path, options, frames_at_once), name="framecue-read", daemon=True
        )
        self._thread.start()

    def more(self, wanted: bool | None = None) -> tuple[Answer, list[np.ndarray]]:
        """Return what is new of the file; nothing if nothing is for a second.

        Args:
            wanted: whether the frames are wanted of the content whose hash was told last; None if none was.

        Returns:
            The answer, and the pixels of its moments, each uint8 (F, H, W, 3).

        Raises:
            Exception: a defect; what is wrong with a file is told as its end.
        """
        reading = self._reading
        assert reading is not None
        if wanted is not None:
            reading.wanted.put(wanted)
        told: list[Told] = []
        pixels: list[np.ndarray] = []
        try:
            item = reading.events.get(timeout=_BEAT_SECONDS)
            while True:
                if isinstance(item, BaseException):
                    raise item
                told.append(item[0])
                pixels += item[1]
                # Pixels are sent as they are; more would have to wait for them.
                if isinstance(item[0], (ReadMoments, Hashed, End)):
                    break
                item = reading.events.get_nowait()
        except queue.Empty:
            pass
        return Answer(tuple(told), self._seconds + reading.seconds()), pixels

    def _read(self, reading: _Reading, path: str, options: ReadOptions, frames_at_once: int) -> None:
        error: VideoError | None = None
        waiting: list[Moment] = []
        try:
            if not is_url(path) and not exists(path):
                reading.put(NotSeen())
                return
            try:
                with (
                    kept_spool(self._spool_gb),
                    closing(_generator(self._reader.read(path, options, reading.decide))) as events,
                ):
                    for event in events:
                        if reading.stop.is_set():
                            return
                        if isinstance(event, Moment):
                            waiting.append(event)
                            if sum(len(moment.pixels) for moment in waiting) >= frames_at_once:
                                _hand_over(reading, waiting)
                                waiting = []
                        elif isinstance(event, Content):
                            reading.put(event)
            except VideoError as caught:
                error = caught
            if waiting:
                _hand_over(reading, waiting)
            reading.ended = time.monotonic()
            reading.put(End(error))
        except BaseException as defect:
            reading.fail(defect)
        finally:
            reading.ended = reading.ended or time.monotonic()

    def close(self) -> None:
        """Give up what is being read."""
        if self._reading is None or self._thread is None:
            return
        self._reading.stop.set()
        self._thread.join()
        self._seconds += self._reading.seconds()


def _hand_over(reading: _Reading, moments: Sequence[Moment]) -> None:
    told = tuple(
        ReadMoment(each.start_seconds, each.end_seconds, each.thumbnail, len(each.pixels), each.num_replaced)
        for each in moments
    )
    pixels = [each.pixels for each in moments]
    reading.put(ReadMoments(told, sum(each.nbytes for each in pixels)), pixels)


def _generator(events: Iterator[Event]) -> Generator[Event, None, None]:
    """Return events as what can be closed early."""
    yield from events
