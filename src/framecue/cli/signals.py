"""Requests to end: Ctrl-C, SIGTERM of a service manager, SIGHUP of a closed terminal.

A request is an exception in whatever Python does at that moment, and some of that drops every exception: what runs when
an object goes, a bare ``except``, native code that asks whether something is there. Such a request would be lost, and
the command go on for hours. But then its exception is gone before anybody has said that it is being heeded, which can
be seen; it is asked again.
"""

from __future__ import annotations

import _thread
import os
import signal
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from time import monotonic
from types import FrameType

__all__ = ["TerminatedError", "heed", "requests_to_end"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
# Longer than several signals of one request are apart, or the strokes of a key that is held down a little too long.
PATIENCE_SECONDS = 1.0
# After so long what has dropped a request is done with that.
_AGAIN_SECONDS = 0.1


class _RequestError(KeyboardInterrupt):
    """A request to end; other than its base it can be watched as it goes."""


class TerminatedError(_RequestError):
    """The process was asked to end; whoever keeps something on Ctrl-C keeps it now as well.

    Attributes:
        exit_code: what a shell expects of a process that this signal ended.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextmanager
def requests_to_end() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` in the main thread when a signal asks the process to end, while the block runs.

    That of SIGTERM and SIGHUP is a ``TerminatedError``. Only the first signal raises: another exception would come in
    the midst of keeping what there is. A second Ctrl-C, or a third of the others, after some patience ends the process
    at once; what was kept until then is whole. An exception that is lost is raised again.

    A signal that is ignored (``nohup``) stays so, and so does one that somebody else answers.
    """
    before = {}
    answer = _Answer()
    # Within another block it is that one which is asked.
    token = _current.set(_current.get() or answer)
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # Not from another thread (ValueError): there a program has a life of its own.
        with suppress(ValueError):
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, answer)
    try:
        yield
    finally:
        answer.heed()
        _current.reset(token)
        for number, handler in before.items():
            signal.signal(number, handler)


def heed() -> None:
    """Note that what somebody asked for is being done: the exception may go, and is not raised again."""
    answer = _current.get()
    if answer is not None:
        answer.heed()


class _Answer:
    """What is done at each request to end."""

    def __init__(self) -> None:
        self._num_requests = 0
        self._first_seconds = 0.0
        self._is_heeded, self._is_lost = False, False
        self._raised: weakref.ref[_RequestError] | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._is_lost:
            self._is_lost = False
            raise self._request(number)
        self._num_requests += 1
        if self._num_requests == 1:
            self._first_seconds = monotonic()
            raise self._request(number)
        # Several at once are one request: a terminal that closes, or a service manager, sends more than one. Ctrl-C is
        # of a person, who has seen that it takes a while.
        is_asked_again = number == signal.SIGINT or self._num_requests > 2
        if is_asked_again and monotonic() - self._first_seconds >= PATIENCE_SECONDS:
            with suppress(OSError):
                os.write(2, b"stopped at once, as was asked for again\n")
            os._exit(128 + number)

    def heed(self) -> None:
        """Do not ask again."""
        self._is_heeded = True

    def _request(self, number: int) -> _RequestError:
        """Return the exception, which is watched from now on."""
        error = _RequestError() if number == signal.SIGINT else TerminatedError(number)
        self._raised = weakref.ref(error, lambda _: self._lose(number))
        return error

    def _lose(self, number: int) -> None:
        """Ask again a little later, unless the exception is gone because it was heeded."""
        if self._is_heeded:
            return
        timer = threading.Timer(_AGAIN_SECONDS, self._ask_again, [number])
        timer.daemon = True
        with suppress(RuntimeError):  # the interpreter is ending anyway
            timer.start()

    def _ask_again(self, number: int) -> None:
        if self._is_heeded:
            return
        self._is_lost = True
        if hasattr(signal, "pthread_kill"):  # it ends what the main thread waits for, too
            signal.pthread_kill(threading.main_thread().ident or 0, number)
        else:
            _thread.interrupt_main(signal.Signals(number))


_current: ContextVar[_Answer | None] = ContextVar("what answers requests to end", default=None)
