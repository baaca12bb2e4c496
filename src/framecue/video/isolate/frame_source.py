"""Frames of files that nobody has to trust: decoded in other processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from types import TracebackType
from typing import Any

import numpy as np

from framecue.errors import InputError
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.limits import STALL_SECONDS
from framecue.video.read.condition import Condition
from framecue.video.read.decode import VideoInfo
from framecue.video.read.frames import Frames
from framecue.video.read.grid_frames import GridFrames, GridOptions
from framecue.video.read.sampling import FrameSampling

__all__ = ["IsolatedFrameSource"]


class IsolatedFrameSource:
    """Decodes in processes of its own, each started when first needed; a file that ends one costs that file alone.

    Use it in a ``with`` block, for any number of files. Threads may share it: as many as there are processes read at
    once, and the others wait. It can be pickled, and used after a fork: the other process has processes of its own.

    Args:
        num_processes: how many files are read at once, at most.
        stall_seconds: how long nothing may come of a file while somebody waits for it.
        memory_bytes: how much memory each file may take; ``None`` for half of the machine's, 8 GB at most.
        max_cpu_seconds: how much processor time each file may take; ``None`` in proportion to it, see ``Asker``.
        max_megapixels: how many megapixels one pass over it may decode; ``None`` likewise.

    Raises:
        InputError: a number is not above 0.
    """

    def __init__(
        self,
        *,
        num_processes: int = 1,
        stall_seconds: float = STALL_SECONDS,
        memory_bytes: int | None = None,
        max_cpu_seconds: float | None = None,
        max_megapixels: float | None = None,
    ) -> None:
        if num_processes < 1:
            raise InputError(f"num_processes is {num_processes}; it must be at least 1")
        self._num_processes = num_processes
        self._limits: dict[str, Any] = {
            "stall_seconds": stall_seconds,
            "memory_bytes": memory_bytes,
            "max_cpu_seconds": max_cpu_seconds,
            "max_megapixels": max_megapixels,
        }
        self._fill()

    def _fill(self) -> None:
        self._process_id = os.getpid()
        self._readers = [IsolatedReader(**self._limits) for _ in range(self._num_processes)]
        # Last in, first out: no more processes are started than are used at once.
        self._idle: LifoQueue[IsolatedReader] = LifoQueue()
        for reader in self._readers:
            self._idle.put(reader)

    def __getstate__(self) -> dict[str, Any]:
        return {"_num_processes": self._num_processes, "_limits": self._limits}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._fill()

    def __enter__(self) -> IsolatedFrameSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; a second time does nothing."""
        for reader in self._readers:
            reader.close()

    def read_frames(
        self,
        path: str | Path | bytes,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Return the frames that a sampling takes of a file, or of a file's content; see ``FrameSource.read_frames``.

        Raises:
            InputError: the window or ``short_side`` makes no sense.
            VideoError: the file cannot be used, crashes the decoder, or takes too long or too much memory.
            FramecueError: a process cannot be started.
            RuntimeError: this source is closed.
        """
        with self._reader() as reader:
            return reader.read_frames(
                path, sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, short_side=short_side
            )

    def read_grid(self, path: str | Path, options: GridOptions) -> GridFrames:
        """Return the frames of a file on a fixed grid in time, as JPEG pictures; see ``IsolatedReader.read_grid``.

        Raises:
            The same as ``read_frames``.
        """
        with self._reader() as reader:
            return reader.read_grid(path, options)

    def probe(self, path: str | Path | bytes) -> VideoInfo:
        """Return what a file is, or a file's content; see ``VideoSource.probe``.

        Raises:
            The same as ``read_frames``.
        """
        with self._reader() as reader:
            return reader.probe(path)

    def condition(self, path: str | Path | bytes) -> Condition:
        """Return what a file is and whether it is whole; see ``IsolatedReader.condition``.

        Raises:
            The same as ``read_frames``.
        """
        with self._reader() as reader:
            return reader.condition(path)

    @contextmanager
    def _reader(self) -> Iterator[IsolatedReader]:
        if os.getpid() != self._process_id:
            # Two processes that read from one pipe would get each other's frames. The readers are the other's to end.
            self._inherited = self._readers
            self._fill()
        reader = self._idle.get()
        try:
            yield reader
        finally:
            self._idle.put(reader)
