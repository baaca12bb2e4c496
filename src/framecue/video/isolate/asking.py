"""Asking questions about files in another process, so that a file on which native code crashes costs that file alone.

Which questions there are does not matter here (:mod:`framecue.video.isolate.questions`).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, TypeVar

from framecue.errors import InputError, VideoError
from framecue.video.isolate.objects import Asked, ObjectReader
from framecue.video.isolate.process import (
    DecodingProcess,
    LostError,
    SpentError,
    StalledError,
    StartError,
    default_memory_bytes,
)
from framecue.video.isolate.question import Decide, Question
from framecue.video.limits import STALL_SECONDS
from framecue.video.read.budget import Limits, cpu_reason, max_cpu_seconds_of
from framecue.video.read.heartbeat import Progress

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Asker"]

Part = TypeVar("Part")

# How often a process is started that is ended while it starts.
_STARTS = 3
_SECONDS_BETWEEN_STARTS = 0.5


def _is_asked_nothing(told: str) -> NoReturn:
    raise TypeError(f"this question decides nothing, but the decoding process told {told!r}")


class Asker:
    """Asks questions about files in a process of its own, which is started when the first is asked.

    Use it in a ``with`` block, for one question at a time. A file that kills the process, or on which it hangs, raises
    ``VideoError``, and the next question gets a fresh process.

    What bounds the time of a file that goes on and on, always giving signs of life, is its budget
    (:mod:`framecue.video.read.budget`): so many pixels and so much processor time for each of its bytes.

    Args:
        stall_seconds: how long nothing may come of a file while somebody waits for it.
        memory_bytes: how much memory reading a file may take; ``None`` for ``default_memory_bytes()``. Has no effect
            on Windows and macOS.
        max_cpu_seconds: how much processor time reading a file may take; ``None`` for 60 seconds, and 500 more for each
            megabyte of the file.
        max_megapixels: how many megapixels one pass over a file may decode; ``None`` for 4000, and 100 more for each
            kilobyte.
        command: another command to start, which has to speak as ``framecue.video.isolate.serve`` does.

    Raises:
        InputError: a limit is not above 0.
    """

    def __init__(
        self,
        *,
        stall_seconds: float = STALL_SECONDS,
        memory_bytes: int | None = None,
        max_cpu_seconds: float | None = None,
        max_megapixels: float | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        if not 0 < stall_seconds < math.inf:
            raise InputError(f"stall_seconds is {stall_seconds}; it must be above 0")
        if memory_bytes is not None and memory_bytes < 1:
            raise InputError(f"memory_bytes is {memory_bytes}; it must be at least 1")
        for name, value in (("max_cpu_seconds", max_cpu_seconds), ("max_megapixels", max_megapixels)):
            if value is not None and not 0 < value < math.inf:
                raise InputError(f"{name} is {value}; it must be above 0")
        self._limits = Limits(max_cpu_seconds, max_megapixels)
        self._stall_seconds = stall_seconds
        self._memory_bytes = default_memory_bytes() if memory_bytes is None else memory_bytes
        self._command = command
        self._child: DecodingProcess | None = None
        self._beginning: DecodingProcess | None = None
        self._objects = ObjectReader()
        self._starting = threading.Lock()
        self._is_reading = self._is_closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, if there is one; a second time does nothing.

        May be called while another thread reads, whose file is given up then, or waits for the process to start.
        """
        self._is_closed = True
        if (beginning := self._beginning) is not None:
            beginning.end()
        # Whoever was starting it has seen the end of that, and starts no other.
        with self._starting:
            self._drop()
        self._objects.forget()

    def ask(
        self, question: Question[Part], decide: Decide = _is_asked_nothing
    ) -> Generator[Part | Progress, None, None]:
        """Ask one question; closing the iterator early is fine.

        Args:
            question: what to ask, and of which file; that may be an object in a store, by its URL. The process gets a
                copy of it, or its bytes by ranges, and knows no store.
            decide: is given what the question tells on its way, returns whether to go on; called in this process.

        Yields:
            The parts of the answer, with ``Progress`` anywhere after the first.

        Raises:
            VideoError: the file cannot be read or decoded, crashes the decoder, or takes too long or too much memory;
                this may come after some parts. Or the store does not give the object, or another content of it.
            FramecueError: the process cannot be started.
            RuntimeError: this reader is closed, or is reading another file.
        """
        if self._is_reading:
            raise RuntimeError("a reader reads one file at a time; use another one, or close the iterator")
        self._is_reading = True
        try:
            with self._objects.opened(question, lambda: self._is_closed) as asked:
                yield from self._parts(asked, _asked_once(decide))
        finally:
            self._is_reading = False

    def _parts(self, asked: Asked[Part], decide: Decide) -> Generator[Part | Progress, None, None]:
        given: list[object] = []  # for each part that the caller has got, what of it is compared
        may_be_blameless = True
        while True:
            child = self._started()
            num_answered_before = child.num_answered
            num_come = 0
            try:
                with closing(self._messages(child, asked, decide)) as messages:
                    for part in messages:
                        if isinstance(part, Progress):
                            if given:
                                yield part
                            continue
                        unchanging = asked.question.unchanging(part)
                        if num_come == len(given):
                            given.append(unchanging)
                            yield part
                        elif unchanging != given[num_come]:
                            raise VideoError(asked.name, "it changed while it was being read")
                        num_come += 1
                return
            except LostError as lost:
                # What one file did to the memory may bring down the decoder in a later one, which is to blame only
                # if a fresh process dies of it as well. Nor is it to blame if somebody ended the process, once.
                is_again = num_answered_before > 0 or (lost.is_from_outside and may_be_blameless)
                if not is_again or self._is_closed:
                    raise VideoError(asked.name, asked.reason(lost.reason)) from None
                may_be_blameless &= not lost.is_from_outside

    def _messages(
        self, child: DecodingProcess, asked: Asked[Part], decide: Decide
    ) -> Generator[Part | Progress, None, None]:
        is_well = False
        try:
            child.send(asked.question)
            while True:
                kind, value = child.receive()
                if kind == "part":
                    yield value
                elif kind == "beat":
                    yield Progress()
                elif kind == "read":
                    # Waiting for a store is not waiting for the decoder: nothing counts the time here.
                    child.send(_bytes_for(asked, value))
                elif kind == "decide":
                    child.send(bool(decide(value)))
                elif kind == "done":
                    is_well = True
                    return
                elif kind == "refused":
                    is_well = True
                    reason, cause = value
                    raise VideoError(asked.name, asked.reason(reason), cause=cause)
                else:
                    raise LostError(value)
        except StalledError:
            raise VideoError(
                asked.name,
                f"nothing came of it for {self._stall_seconds:g} seconds, so reading it was given up: the file is "
                "damaged or takes very long to unpack, or the disk is very slow; stall_seconds allows more time",
            ) from None
        except SpentError:
            seconds = max_cpu_seconds_of(asked.question.path, self._limits, asked.question.object_bytes)
            raise VideoError(asked.name, cpu_reason(seconds)) from None
        finally:
            child.num_answered += 1
            if not is_well:
                self._drop()

    def _started(self) -> DecodingProcess:
        with self._starting:
            if self._is_closed:
                raise RuntimeError("this reader is closed")
            if self._child is None:
                self._child = self._start()
            return self._child

    def _start(self) -> DecodingProcess:
        """Start a process, and try again where that may go better."""
        for num_left in reversed(range(_STARTS)):
            try:
                return self._begun(
                    DecodingProcess(self._command, self._memory_bytes, self._limits, self._stall_seconds)
                )
            except StartError as error:
                if self._is_closed:
                    raise RuntimeError("this reader is closed") from error
                if not error.may_pass:
                    raise
                if not num_left:
                    message = f"{error}, {_STARTS} times in a row: the system may be out of memory; run it again later"
                    raise StartError(message) from error
            time.sleep(_SECONDS_BETWEEN_STARTS)
        raise AssertionError

    def _begun(self, child: DecodingProcess) -> DecodingProcess:
        """Return a process when it is ready; one of a reader that is closed meanwhile is ended."""
        self._beginning = child
        try:
            # Looked at after it can be seen from outside: whoever closes this reader either sees it, or was before.
            if self._is_closed:
                child.end()
            child.begin()
        finally:
            self._beginning = None
        return child

    def _drop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


def _bytes_for(asked: Asked[Part], wanted: object) -> bytes:
    try:
        return asked.bytes_for(wanted)
    except ValueError as error:
        raise LostError(f"the decoder asks for what is not in the file ({error}): the file is damaged") from error


def _asked_once(decide: Decide) -> Callable[[str], bool]:
    """Remember the answers, in case a file has to be read again from its beginning."""
    answers: dict[str, bool] = {}

    def answer(told: str) -> bool:
        if told not in answers:
            answers[told] = decide(told)
        return answers[told]

    return answer
