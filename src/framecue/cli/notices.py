"""What a search logs as a warning, such as a leg that could not look, as a line for the person who searches."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from framecue.cli.output import log

__all__ = ["search_warnings_told"]


@contextmanager
def search_warnings_told() -> Iterator[None]:
    """Write warnings of searches on standard error while the block runs, each once, however many searches it is."""
    logger = logging.getLogger("framecue.library.search")
    handler = _Once(logging.WARNING)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Once(logging.Handler):
    """Writes each message once."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self._told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message that has not been written yet."""
        message = record.getMessage()
        if message not in self._told:
            self._told.add(message)
            log(message)
