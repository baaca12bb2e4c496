"""Reading videos in another process, so that a file on which native code crashes or hangs costs that file alone.

That process is a new Python that imports no more than decoding takes (:mod:`framecue.video.isolate.serve`). It is
neither a fork (torch has threads by then) nor multiprocessing's spawn (which runs the user's main script again).
"""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from types import TracebackType
from typing import Any

from framecue.errors import FramecueError, InputError, VideoError
from framecue.video.isolate.wire import receive, send
from framecue.video.limits import STALL_SECONDS
from framecue.video.read.moments import Content, Event, Progress, ReadOptions

__all__ = ["IsolatedReader", "default_memory_bytes"]

_MAX_MEMORY_BYTES = 8 << 30
_SECONDS_TO_DIE = 10.0

# Not `-m`, which would look for modules in the working folder first: that may be anybody's.
_BOOTSTRAP = "import sys; sys.path[:] = sys.argv[1:]; from framecue.video.isolate.serve import main; main()"


class IsolatedReader:
    """Reads videos as ``read_moments`` does, in a process of its own that is started when the first is read.

    Use it in a ``with`` block, for one file at a time. A file that kills the process, or on which it hangs, raises
    ``VideoError``, and the next one gets a fresh process.

    What bounds the time of a file that goes on and on, always giving signs of life: its hash is bounded by its size,
    the list of its packets by the limit on memory, and decoding by that list.

    Args:
        stall_seconds: how long nothing may come of a file while somebody waits for it.
        memory_bytes: how much memory reading a file may take; ``None`` for ``default_memory_bytes()``. Has no effect
            on Windows and macOS.
        command: another command to start, which has to speak as ``framecue.video.isolate.serve`` does.

    Raises:
        InputError: a limit is not above 0.
    """

    def __init__(
        self,
        *,
        stall_seconds: float = STALL_SECONDS,
        memory_bytes: int | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        if not 0 < stall_seconds < math.inf:
            raise InputError(f"stall_seconds is {stall_seconds}; it must be above 0")
        if memory_bytes is not None and memory_bytes < 1:
            raise InputError(f"memory_bytes is {memory_bytes}; it must be at least 1")
        self._stall_seconds = stall_seconds
        self._memory_bytes = default_memory_bytes() if memory_bytes is None else memory_bytes
        self._command = command
        self._child: _Child | None = None
        self._starting = threading.Lock()
        self._is_reading = self._is_closed = False

    def __enter__(self) -> IsolatedReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if there is one; a second time does nothing.

        May be called while another thread reads, whose file is given up then.
        """
        with self._starting:
            self._is_closed = True
        self._drop()

    def read(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
        """Read one video; closing the iterator early is fine.

        Args:
            path: the file.
            options: what to read.
            is_wanted: told the content's hash, says whether to read on; called in this process.

        Yields:
            ``Content`` once, then a ``Moment`` for each segment, with ``Progress`` anywhere between.

        Raises:
            VideoError: the file cannot be read or decoded, crashes the decoder, or takes too long or too much memory;
                this may come after some moments.
            FramecueError: the process cannot be started.
            RuntimeError: this reader is closed, or is reading another file.
        """
        if self._is_reading:
            raise RuntimeError("an IsolatedReader reads one file at a time; use another one, or close the iterator")
        self._is_reading = True
        try:
            yield from self._read(path, options, _asked_once(is_wanted))
        finally:
            self._is_reading = False

    def _read(self, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
        given: list[Content | None] = []  # one for each event that the caller has got; what is large is not kept
        while True:
            child = self._started()
            num_read_before = child.num_read
            num_come = 0
            try:
                with closing(self._events(child, path, options, is_wanted)) as events:
                    for event in events:
                        if isinstance(event, Progress):
                            if given:
                                yield event
                            continue
                        content = event if isinstance(event, Content) else None
                        if num_come == len(given):
                            given.append(content)
                            yield event
                        elif content != given[num_come]:
                            raise VideoError(path, "it changed while it was being read")
                        num_come += 1
                return
            except _LostError as lost:
                # What one file did to the memory may bring down the decoder in a later one, which is to blame only
                # if a fresh process dies of it as well.
                if num_read_before == 0 or self._is_closed:
                    raise VideoError(path, lost.reason) from None

    def _events(
        self, child: _Child, path: str, options: ReadOptions, is_wanted: Callable[[str], bool]
    ) -> Generator[Event, None, None]:
        is_well = False
        try:
            child.send((path, options))
            while True:
                kind, value = child.receive()
                if kind == "event":
                    yield value
                elif kind == "ask":
                    child.send(bool(is_wanted(value)))
                elif kind == "done":
                    is_well = True
                    return
                elif kind == "refused":
                    is_well = True
                    raise VideoError(path, value)
                else:
                    raise _LostError(value)
        except _StalledError:
            raise VideoError(
                path,
                f"nothing came of it for {self._stall_seconds:g} seconds, so reading it was given up: the file is "
                "damaged, or the disk is very slow; stall_seconds allows more time",
            ) from None
        finally:
            child.num_read += 1
            if not is_well:
                self._drop()

    def _started(self) -> _Child:
        with self._starting:
            if self._is_closed:
                raise RuntimeError("this IsolatedReader is closed")
            if self._child is None:
                self._child = _Child(self._command, self._memory_bytes, self._stall_seconds)
            return self._child

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _LostError(Exception):
    """The process has ended, or is of no more use; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _StalledError(Exception):
    """The process was ended because nothing came from it."""


class _Child:
    """One process, ready to read."""

    def __init__(self, command: Sequence[str] | None, memory_bytes: int | None, stall_seconds: float) -> None:
        self.num_read = 0
        self._is_waiting = False
        self._ticks = 0
        # Starting takes part of a second, but a busy machine is no failure.
        self._patience_seconds = max(stall_seconds, STALL_SECONDS)
        self._is_stalled = False
        self._ended = threading.Event()
        with tempfile.TemporaryFile() as complaints:
            try:
                self._process = subprocess.Popen(
                    command or [sys.executable, "-c", _BOOTSTRAP, *sys.path],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=complaints,
                    # On Windows only: no console window, and no Ctrl-C that is meant for this process.
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                    | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
                )
            except OSError as error:
                raise FramecueError(f"the process that decodes videos cannot be started: {error}") from error
            tick_seconds = min(1.0, stall_seconds / 10)
            threading.Thread(
                target=self._watch, args=(tick_seconds,), daemon=True, name="framecue-decoder-watch"
            ).start()
            try:
                self.send(memory_bytes)
                self.receive()
            except (_LostError, _StalledError) as error:
                self.end()
                complaints.seek(0)
                lines = complaints.read().decode(errors="replace").split("\n")
                reason = next((line.strip() for line in reversed(lines) if line.strip()), str(error) or "no answer")
                raise FramecueError(f"the process that decodes videos cannot be started: {reason}") from error
            except BaseException:
                self.end()
                raise
            self._patience_seconds = stall_seconds

    def send(self, message: Any) -> None:
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, message)
        except OSError:
            raise self._loss() from None

    def receive(self) -> Any:
        """Wait for a message, for as long as the limit allows.

        Raises:
            _LostError: the process has ended.
            _StalledError: it has been ended.
        """
        assert self._process.stdout is not None
        self._ticks, self._is_waiting = 0, True
        try:
            return receive(self._process.stdout)
        # Of a process whose memory was overwritten anything may come.
        except Exception:
            raise self._loss() from None
        finally:
            self._is_waiting = False

    def end(self) -> None:
        """Kill the process and wait until it is gone."""
        self._ended.set()
        self._kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _kill(self) -> None:
        self._process.kill()
        # One that the system keeps (it waits for a disk that does not answer) is left to it.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=_SECONDS_TO_DIE)

    def _watch(self, tick_seconds: float) -> None:
        """End the process if it is waited for too long.

        Counts ticks, not the clock: while this machine slept or this process was stopped, so was the other.
        """
        while not self._ended.wait(tick_seconds):
            self._ticks += self._is_waiting
            if self._is_waiting and self._ticks * tick_seconds > self._patience_seconds:
                self._is_stalled = True
                self._process.kill()
                return

    def _loss(self) -> _LostError | _StalledError:
        """Say how the process ended, which it may be about to do."""
        try:
            code = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            self._kill()
            code = None
        if self._is_stalled:
            return _StalledError()
        return _LostError(_ending(code))


def _ending(code: int | None) -> str:
    if code is None:
        return "the decoder sent nonsense while it read this file, which is damaged"
    name = ""
    with suppress(ValueError):
        name = signal.Signals(-code).name if code < 0 else ""
    if name == "SIGKILL":
        return "the decoder was killed (SIGKILL) while it read this file, as a system does that runs out of memory"
    what = name or (f"signal {-code}" if code < 0 else f"exit code {code:#x}" if code > 255 else f"exit code {code}")
    return f"the decoder crashed on this file ({what}): the file is damaged, or ffmpeg has a defect"


def _asked_once(is_wanted: Callable[[str], bool]) -> Callable[[str], bool]:
    """Remember the answers, in case a file has to be read again from its beginning."""
    answers: dict[str, bool] = {}

    def answer(video_id: str) -> bool:
        if video_id not in answers:
            answers[video_id] = is_wanted(video_id)
        return answers[video_id]

    return answer


def default_memory_bytes() -> int | None:
    """Give half of the machine's memory, 8 GB at most; ``None`` where the system does not say how much it has."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return min(_MAX_MEMORY_BYTES, total // 2) if total > 0 else None
