"""The standard streams as a command may find them: closed, full, or in an encoding that lacks most characters."""

from __future__ import annotations

import codecs
import io
import os
import sys
from contextlib import suppress
from typing import Any

__all__ = ["end_quietly", "output_was_closed", "prepare_streams"]

# What framecue itself writes and such an encoding lacks; the rest is written as escapes.
_PLAIN = str.maketrans({"–": "-", "—": "-", "…": "...", "×": "x", "±": "+-", "─": "-", "▀": "#", "’": "'", "→": "->"})  # noqa: RUF001
_ERRORS = "framecue.plain"


def prepare_streams() -> None:
    """Make standard output and standard error take any text; one that is closed drops it, and notes that."""
    codecs.register_error(_ERRORS, _plainly)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Kept open: a file of the run must not get its number, and be written to.
            nowhere = open(os.devnull, "wb", buffering=0)  # noqa: PTH123, SIM115
            setattr(sys, name, io.TextIOWrapper(_Closed(nowhere), encoding="utf-8", write_through=True))
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    elif isinstance(sys.stdin, io.TextIOWrapper):
        with suppress(io.UnsupportedOperation):  # somebody has read from it before
            sys.stdin.reconfigure(errors="surrogateescape")


class _Closed(io.BufferedWriter):
    """Stands for a stream that is closed.

    Attributes:
        has_dropped: whether something was to be written.
    """

    has_dropped = False

    def write(self, data: Any) -> int:
        self.has_dropped = True
        return len(data)


def output_was_closed() -> bool:
    """Whether something was to be written on standard output, and could not be, as it was closed from the beginning."""
    buffer = getattr(sys.stdout, "buffer", None)
    return isinstance(buffer, _Closed) and buffer.has_dropped


def end_quietly() -> None:
    """Drop what could not be written: the interpreter would try again at its end, and complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError, AttributeError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace what an encoding cannot write (an error handler of ``codecs``)."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(_PLAIN)
    try:
        text.encode(error.encoding)
    except UnicodeEncodeError:
        text = text.encode("ascii", "backslashreplace").decode()
    return text, error.end
