"""Doing something with LanceDB: its errors as one kind, and texts as SQL literals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import pyarrow as pa

from framecue.errors import LibraryError

__all__ = ["attempt", "is_one_of", "quoted"]

T = TypeVar("T")


def attempt(uri: str, verb: str, action: Callable[[], T]) -> T:
    """Do something with LanceDB; what it raises (OSError, ValueError, RuntimeError by turns) becomes one kind."""
    try:
        return action()
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        # LanceDB's messages go on with places in its own sources; the first line and sentence say what happened.
        reason = str(error).splitlines()[0].split(", /")[0] if str(error) else type(error).__name__
        raise LibraryError(f"library {uri} cannot be {verb}: {reason}") from error


def is_one_of(paths: Sequence[str]) -> str:
    """Write the SQL condition that a row's path is one of these."""
    return f"path IN ({', '.join(quoted(path) for path in paths)})"


def quoted(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
