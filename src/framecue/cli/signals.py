"""Requests to end: Ctrl-C, SIGTERM of a service manager, SIGHUP of a closed terminal."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from types import FrameType

__all__ = ["TerminatedError", "requests_to_end"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
# Longer than several signals of one request are apart, or the strokes of a key that is held down a little too long.
PATIENCE_SECONDS = 1.0


class TerminatedError(KeyboardInterrupt):
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
    at once; what was kept until then is whole.

    A signal that is ignored (``nohup``) stays so, and so does one that somebody else answers.
    """
    before = {}
    answer = _Answer()
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # Not from another thread (ValueError): there a program has a life of its own.
        with suppress(ValueError):
            if number is not None and signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                before[number] = signal.signal(number, answer)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Answer:
    """What is done at each request to end."""

    def __init__(self) -> None:
        self._num_requests = 0
        self._first_seconds = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._num_requests += 1
        if self._num_requests == 1:
            self._first_seconds = monotonic()
            raise KeyboardInterrupt if number == signal.SIGINT else TerminatedError(number)
        # Several at once are one request: a terminal that closes, or a service manager, sends more than one. Ctrl-C is
        # of a person, who has seen that it takes a while.
        is_asked_again = number == signal.SIGINT or self._num_requests > 2
        if is_asked_again and monotonic() - self._first_seconds >= PATIENCE_SECONDS:
            with suppress(OSError):
                os.write(2, b"Error: stopped at once, as was asked for again\n")
            os._exit(128 + number)
