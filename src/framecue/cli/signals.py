"""Requests to end (SIGTERM of a service manager, SIGHUP of a closed terminal), answered as Ctrl-C is."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

__all__ = ["TerminatedError", "requests_to_end"]

_NAMES = ("SIGTERM", "SIGHUP")


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
    """Raise ``TerminatedError`` in the main thread when a signal asks the process to end, while the block runs.

    A signal that is ignored (``nohup``) stays so, and so does one that somebody else answers.
    """
    before = {}
    for name in _NAMES:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        # Not from another thread (ValueError): there a program has a life of its own.
        with suppress(ValueError):
            if number is not None and signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, _raise)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _raise(number: int, frame: FrameType | None) -> None:
    raise TerminatedError(number)
