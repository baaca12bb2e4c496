"""Writing SQL conditions for LanceDB; imports nothing, as conditions are written before a library is opened."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["is_one_of", "quoted"]


def is_one_of(paths: Sequence[str]) -> str:
    """Return the SQL condition that a row's path is one of these, or of no row if there are none."""
    if not paths:
        return "path = ''"
    return f"path IN ({', '.join(quoted(path) for path in paths)})"


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
