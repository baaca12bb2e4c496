"""The process in which files are decoded: it is asked questions about files, and sends the answers.

Native code that crashes, hangs or takes all memory does so here and costs one file;
:mod:`framecue.video.isolate.process` and :mod:`framecue.video.isolate.asking` are the other side. Which questions there
are does not matter here: each brings its own answer. Nothing that runs here may import torch or a database, as this
process starts while a person waits.

What goes to and fro, see ``wire``: first the limits on memory and on what a file may cost come in, and
``("ready", None)`` goes out. Then, for each question, the question comes in and ``("part", part)`` goes out again and
again, up to one of ``("done", None)``, ``("refused", (reason, cause))`` and ``("failed", reason)``; after the last of
these the process ends. In between ``("beat", None)`` may go out as a sign of life, and ``("decide", told)``, to which
True or False comes in, and of an object in a store ``("read", (start, length))``, to which its bytes come in.
"""

from __future__ import annotations

import gc
import math
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from queue import SimpleQueue
from typing import Any, BinaryIO, NoReturn

from framecue.errors import VideoError
from framecue.video.isolate import questions
from framecue.video.isolate.question import Decide, Question
from framecue.video.isolate.wire import receive, send
from framecue.video.read.access import reading_elsewhere
from framecue.video.read.budget import Limits, check_time, max_cpu_seconds_of, spending
from framecue.video.read.heartbeat import beat, heard_by

__all__ = ["import_questions", "main"]

Answer = Callable[[Question[object], Decide], Iterator[object]]

# A sign of life at most so often; the other side waits much longer for one.
_SECONDS_PER_BEAT = 0.25
# Beyond the time that a file may take, so that the words for it come first where there can be any.
_GRACE_SECONDS = 2
_MAX_SECONDS = 1 << 31
_PIPE_BYTES = 1 << 20
_GIGABYTE = 1 << 30


def main(answer: Answer | None = None) -> NoReturn:
    """Serve until the other side ends, however it ends.

    Args:
        answer: what answers a question; ``None`` for the question itself.
    """
    import_questions()
    # What is imported stays: looking for garbage, which large frames leave, need not look at it.
    gc.freeze()
    # These reach every process of a terminal or a service; they are the other side's to answer, and when that ends, so
    # does this process.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        _Session(*_take_pipes()).serve(answer or (lambda question, decide: question.answer(decide)))
    finally:
        # Without the interpreter's own ending, which would wait for the thread that reads the pipe.
        os._exit(0)


def import_questions() -> None:
    """Import all that decoding takes, before anything is asked.

    A question's module would be imported when the question comes in: then the time counts as the file's, and what goes
    wrong has no words.
    """
    for module in iter_modules(questions.__path__):
        import_module(f"{questions.__name__}.{module.name}")


class _AskedRanges:
    """The bytes of an object, which the other side reads."""

    def __init__(self, size_bytes: int, answer_to: Callable[[str, object], Any]) -> None:
        self.size_bytes, self._answer_to = size_bytes, answer_to

    def read(self, start: int, length: int) -> bytes:
        beat()
        data: bytes = self._answer_to("read", (start, length))
        return data


class _Session:
    def __init__(self, inbox: BinaryIO, outbox: BinaryIO) -> None:
        self._inbox, self._outbox = inbox, outbox
        self._asked: SimpleQueue[Any] = SimpleQueue()
        self._sending, self._asking = threading.Lock(), threading.Lock()
        self._sent_at = self._looked_at = 0.0

    def serve(self, answer: Answer) -> None:
        # In a thread of its own, so that the end of the other side is noticed while a file is being decoded.
        threading.Thread(target=self._listen, daemon=True).start()
        memory_bytes, limits = self._asked.get()
        _limit(memory_bytes)
        self._send("ready")
        with heard_by(self._beat):
            while True:
                question = self._asked.get()
                _limit_time(question, limits)
                try:
                    with self._reachable(question), spending(question.path, limits):
                        for part in answer(question, self._decide):
                            self._send("part", part)
                except VideoError as error:
                    self._send("refused", (error.reason, error.cause))
                except MemoryError:
                    return self._send("failed", _memory_reason(memory_bytes))
                except Exception as error:
                    return self._send("failed", _defect_reason(error))
                else:
                    self._send("done")

    def _listen(self) -> None:
        try:
            while True:
                self._asked.put(receive(self._inbox))
        finally:
            os._exit(0)

    def _send(self, kind: str, value: object = None) -> None:
        with self._sending:
            try:
                send(self._outbox, (kind, value))
            except OSError:
                # Nobody listens any more. An exception could be taken for one of the file's.
                os._exit(0)
            self._sent_at = time.monotonic()

    def _decide(self, told: str) -> bool:
        return bool(self._answer_to("decide", told))

    @contextmanager
    def _reachable(self, question: Question[object]) -> Iterator[None]:
        """Read an object's bytes by way of the other side while the block runs."""
        if question.object_bytes is None:
            yield
            return
        with reading_elsewhere(question.path, _AskedRanges(question.object_bytes, self._answer_to)):
            yield

    def _answer_to(self, kind: str, value: object) -> Any:
        """Ask the other side something; whichever thread asks gets the answer to its own question."""
        with self._asking:
            self._send(kind, value)
            return self._asked.get()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._looked_at > _SECONDS_PER_BEAT:
            self._looked_at = now
            check_time()
        if now - self._sent_at > _SECONDS_PER_BEAT:
            self._send("beat")


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Return the pipes to the other side, and leave nothing where print, ffmpeg or a crash report would write."""
    inbox, outbox = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        for descriptor in (inbox, outbox):
            msvcrt.setmode(descriptor, os.O_BINARY)
    elif sys.platform == "linux":
        import fcntl

        # Pictures are large: fewer turns of writing and waiting. A system may forbid it.
        with suppress(OSError):
            fcntl.fcntl(outbox, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    return os.fdopen(inbox, "rb"), os.fdopen(outbox, "wb")


def _limit(memory_bytes: int | None) -> None:
    """Bound this process's memory, let the system choose it first if memory runs out, and write no core files."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _lower(resource.RLIMIT_CORE, 0)
    if memory_bytes is not None:
        # What is written to, not what is reserved (RLIMIT_AS): each thread reserves a hundred megabytes.
        _lower(resource.RLIMIT_DATA, memory_bytes)
    if sys.platform == "linux":
        # Where that is forbidden, only the choice is worse.
        with suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def _limit_time(question: Question[object], limits: Limits) -> None:
    """Have the system end this process if native code does not return for longer than the file may take."""
    try:
        import resource
    except ImportError:  # Windows
        return
    seconds = time.process_time() + max_cpu_seconds_of(question.path, limits, question.object_bytes) + _GRACE_SECONDS
    # Raised again for the next file, as only the lower one of the two limits changes.
    _lower(resource.RLIMIT_CPU, min(math.ceil(seconds), _MAX_SECONDS))


def _lower(limit: int, value: int) -> None:
    import resource

    _, hard = resource.getrlimit(limit)
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    # macOS has some of them in name only.
    with suppress(OSError, ValueError):
        resource.setrlimit(limit, (wanted, hard))


def _memory_reason(memory_bytes: int | None) -> str:
    limit = (
        "there is" if memory_bytes is None else f"the {memory_bytes / _GIGABYTE:.3g} GB that reading a file may take"
    )
    return f"decoding it takes more memory than {limit}: its pictures are too large, or the file is damaged"


def _defect_reason(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    text = " ".join(str(error).split())
    return f"a defect in framecue, please report it: {type(error).__name__}: {text}{place}"


if __name__ == "__main__":
    main()
