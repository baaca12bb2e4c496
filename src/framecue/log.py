"""Lines in the log, the logger ``framecue``: names of files may hold anything, and a log has lines of text."""

from __future__ import annotations

import logging

__all__ = ["log_skipped", "printable"]

logger = logging.getLogger("framecue")


def printable(text: object) -> str:
    """Return a text as one line that every encoding of Unicode can carry, with escapes for what is no character."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(text))
    return shown.encode("utf-8", "backslashreplace").decode()


def log_skipped(path: object, reason: str) -> None:
    """Log that a file is left out, as a warning."""
    logger.warning("skipped %s: %s", printable(path), printable(reason))
