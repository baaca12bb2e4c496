"""What a command is doing where that takes longer than a moment, as a line for the person who waits at a terminal.

A first search in a new process loads a model, and compares ordinary queries with the library; later ones do not.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Timer

import click

from framecue.cli.output import log

__all__ = ["told_if_long"]

# So long a person waits without a word.
_SECONDS = 1.0
# What says, as information, which step of a search takes long.
_LOGGERS = ("framecue.library.background", "framecue.library.search.legs.meaning")


@contextmanager
def told_if_long(what: str) -> Iterator[None]:
    """Write a line on standard error that says what is being done, if the block takes longer than about a second.

    What the library notes of a step of its own in the meantime gets such a line too. Nothing is written where no person
    waits: in a pipe, to a file, and with ``--json``.

    Args:
        what: the work, as in "loading the model".
    """
    if not _does_a_person_wait():
        yield
        return
    step = _Step()
    step.begin(what)
    with ExitStack() as stack:
        stack.callback(step.end)
        for name in _LOGGERS:
            stack.enter_context(_noted(logging.getLogger(name), _Steps(step)))
        yield


class _Step:
    """One step after another: each is written if the next, or the end, does not come soon."""

    def __init__(self) -> None:
        self._timer: Timer | None = None

    def begin(self, what: str) -> None:
        self.end()
        self._timer = Timer(_SECONDS, log, [what])
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            # A line that is being written is written before whatever comes next.
            self._timer.join()
            self._timer = None


class _Steps(logging.Handler):
    """Takes what is logged as information for the name of a step that begins."""

    def __init__(self, step: _Step) -> None:
        super().__init__(logging.INFO)
        self._step = step

    def emit(self, record: logging.LogRecord) -> None:
        """Begin a step. A warning is no step, and has its own line."""
        if record.levelno == logging.INFO:
            self._step.begin(record.getMessage())


@contextmanager
def _noted(logger: logging.Logger, handler: logging.Handler) -> Iterator[None]:
    """Have a handler get what a logger says as information while the block runs."""
    level = logger.level
    logger.addHandler(handler)
    if not logger.isEnabledFor(logging.INFO):
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


def _does_a_person_wait() -> bool:
    context = click.get_current_context(silent=True)
    as_json = context is not None and bool(context.params.get("as_json"))
    return not as_json and sys.stdout.isatty() and sys.stderr.isatty()
