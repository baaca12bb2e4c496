"""One process that decodes files, seen from the process that started it: starting it, waiting for it, ending it.

It is a new Python that imports no more than decoding takes (:mod:`framecue.video.isolate.serve`): neither a fork (torch
has threads by then) nor multiprocessing's spawn (which runs the user's main script again).
"""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from framecue.errors import FramecueError
from framecue.video.isolate.wire import receive, send
from framecue.video.limits import STALL_SECONDS
from framecue.video.read.budget import Limits

__all__ = ["DecodingProcess", "LostError", "SpentError", "StalledError", "StartError", "default_memory_bytes"]

_MAX_MEMORY_BYTES = 8 << 30
_CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_", "HF_", "HUGGING_FACE_")
# The signals that a process brings upon itself.
_CRASHES = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP", "SIGSYS", "SIGXFSZ")
_SECONDS_TO_DIE = 10.0
# How long one that is not understood is waited for, as it may be about to end, which tells more.
_SECONDS_TO_END = 2.0

# Not `-m`, which would look for modules in the working folder first: that may be anybody's.
_BOOTSTRAP = "import sys; sys.path[:] = sys.argv[1:]; from framecue.video.isolate.serve import main; main()"


class LostError(Exception):
    """The process has ended, or is of no more use.

    Attributes:
        reason: why.
        is_from_outside: whether somebody ended it, so that the file may be blameless.
    """

    def __init__(self, reason: str, *, is_from_outside: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_from_outside = is_from_outside


class StartError(FramecueError):
    """The process cannot be started.

    Attributes:
        may_pass: whether another try may go better: it was ended from outside, or the system had no room for it.
    """

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


class StalledError(Exception):
    """The process was ended because nothing came from it."""


class SpentError(Exception):
    """The system ended the process because it took more processor time than its file may."""


class DecodingProcess:
    """One process, which has been started; call :meth:`begin` before it is asked anything.

    Args:
        command: what to start; ``None`` for :mod:`framecue.video.isolate.serve`.
        memory_bytes: how much memory it may take; ``None`` for no limit.
        limits: what each file may cost.
        stall_seconds: how long nothing may come from it while it is waited for.

    Attributes:
        num_answered: how many questions it has been asked, counted when each is over.

    Raises:
        StartError: it cannot be started.
    """

    def __init__(
        self, command: Sequence[str] | None, memory_bytes: int | None, limits: Limits, stall_seconds: float
    ) -> None:
        self.num_answered = 0
        self._is_waiting = False
        self._ticks = 0
        # Starting takes part of a second, but a busy machine is no failure.
        self._patience_seconds = max(stall_seconds, STALL_SECONDS)
        self._is_stalled = False
        self._ended = threading.Event()
        self._limits = (memory_bytes, limits)
        self._stall_seconds = stall_seconds
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed when it has begun)
        try:
            self._process = subprocess.Popen(
                command or [sys.executable, "-c", _BOOTSTRAP, *sys.path],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=_harmless_environment(),
                # On Windows only: no console window, and no Ctrl-C that is meant for this process.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            self._complaints.close()
            may_pass = error.errno in (errno.EAGAIN, errno.ENOMEM)
            message = f"the process that decodes videos cannot be started: {error}"
            raise StartError(message, may_pass=may_pass) from error

    def begin(self) -> None:
        """Wait until the process is ready for questions; another thread may end it meanwhile.

        Raises:
            StartError: it ended before, or said nothing for too long.
        """
        tick_seconds = min(1.0, self._stall_seconds / 10)
        threading.Thread(target=self._watch, args=(tick_seconds,), daemon=True, name="framecue-decoder-watch").start()
        with self._complaints as complaints:
            try:
                self.send(self._limits)
                self.receive()
            except (LostError, SpentError, StalledError) as error:
                code = self._process.poll()
                self.end()
                complaints.seek(0)
                lines = complaints.read().decode(errors="replace").split("\n")
                complaint = next((line.strip() for line in reversed(lines) if line.strip()), "")
                raise _start_error(code, complaint, error) from error
            except BaseException:
                self.end()
                raise
        self._patience_seconds = self._stall_seconds

    def send(self, message: object) -> None:
        """Send a message.

        Raises:
            LostError: the process has ended.
            StalledError: it has been ended.
            SpentError: it took more processor time than it may.
        """
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, message)
        except (OSError, ValueError):  # the latter where another thread has ended it, and closed the pipe
            raise self._loss() from None

    def receive(self) -> Any:
        """Wait for a message, for as long as the limit allows.

        Raises:
            LostError: the process has ended.
            StalledError: it has been ended.
            SpentError: it took more processor time than it may.
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

    def _loss(self) -> LostError | SpentError | StalledError:
        """Return how the process ended, which it may be about to do."""
        try:
            code = self._process.wait(timeout=_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._kill()
            code = None
        if self._is_stalled:
            return StalledError()
        if code is not None and code == -getattr(signal, "SIGXCPU", 0) != 0:
            return SpentError()
        return _lost(code)


def _lost(code: int | None) -> LostError:
    """Return how a process ended that was reading a file."""
    if code is None:
        return LostError("the decoder sent nonsense while it read this file, which is damaged")
    name = _name_of(code)
    if name == "SIGKILL":
        reason = "the decoder was killed (SIGKILL) while it read this file, as a system does that runs out of memory"
        return LostError(reason, is_from_outside=True)
    if code < 0 and name not in _CRASHES:
        reason = f"the decoder was ended from outside ({name}) while it read this file; index it again"
        return LostError(reason, is_from_outside=True)
    return LostError(f"the decoder crashed on this file ({name}): the file is damaged, or ffmpeg has a defect")


def _harmless_environment() -> dict[str, str]:
    """Return this process's environment without what opens stores and hubs: whoever decodes needs none of it."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(_CREDENTIALS)}


def _start_error(code: int | None, complaint: str, error: Exception) -> StartError:
    """Return why a process did not answer.

    Args:
        code: its exit code; None if it had not ended.
        complaint: the last line that it wrote.
        error: what came in place of its answer.
    """
    what = "the process that decodes videos"
    if complaint or code is None or code >= 0 or isinstance(error, StalledError):
        return StartError(f"{what} cannot be started: {complaint or str(error) or 'no answer'}")
    return StartError(f"{what} ended while it started ({_name_of(code)})", may_pass=True)


def _name_of(code: int) -> str:
    """Return the name of the signal that ended a process, or its exit code in words."""
    with suppress(ValueError):
        if code < 0:
            return signal.Signals(-code).name
    return f"signal {-code}" if code < 0 else f"exit code {code:#x}" if code > 255 else f"exit code {code}"


def default_memory_bytes() -> int | None:
    """Return half of the machine's memory, 8 GB at most; ``None`` where the system does not say how much it has."""
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None
    return min(_MAX_MEMORY_BYTES, total // 2) if total > 0 else None
