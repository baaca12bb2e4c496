"""Checking an SQL condition that a person wrote against a library's table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from framecue.errors import InputError, LibraryError
from framecue.library.store.migrations import MIGRATIONS
from framecue.library.store.table import Table

__all__ = ["check_condition", "condition_at_work"]

# These columns hold bytes, not words or numbers: there is nothing to compare them with.
_NOT_FOR_PEOPLE = ("vector", "thumbnail", "sidecars")
_LONGEST_SHOWN = 200  # characters


def check_condition(table: Table, where: str) -> None:
    """Refuse a condition that LanceDB cannot plan; no row is read.

    Args:
        table: of segments.
        where: an SQL condition.

    Raises:
        InputError: it is not a condition, or names a column that does not exist; the message lists those that do.
    """
    try:
        # In parentheses: LanceDB's parser stops silently where a condition alone could end.
        table.lance.search().where(f"({where})").explain_plan()
    except Exception as error:  # its planner raises errors of several kinds, Rust panics among them
        columns = ", ".join(name for name in table.schema.names if name not in _NOT_FOR_PEOPLE)
        raise InputError(
            f"the condition (where) {_shortened(where)!r} cannot be used: {_reason(error)}; columns: {columns}"
        ) from error


@contextmanager
def condition_at_work(table: Table, where: str | None) -> Iterator[None]:
    """Tell a condition that fails for some row from a library that cannot be read, while the block reads rows.

    Some conditions can be planned and yet not be answered: one that divides by zero, or reads a path as a number.

    Args:
        table: of segments.
        where: the condition that a person wrote, after ``check_condition``; None if there is none.

    Raises:
        InputError: the block could not read the library, and the condition is to blame.
    """
    try:
        yield
    except (LibraryError, InputError) as error:  # a pattern that is too large is an InputError already
        reason = None if where is None else _reason_to_fail(table, where)
        if where is None or reason is None:
            raise
        raise InputError(f"the condition (where) {_shortened(where)!r} cannot be used: {reason}") from error


def _reason_to_fail(table: Table, where: str) -> str | None:
    """Return why a condition fails while the columns that it names can be read; None if that is not so."""
    named = [name for name in table.schema.names if re.search(rf"\b{re.escape(name)}\b", where, re.IGNORECASE)]
    try:
        for _ in table.lance.search().select(named or ["path"]).to_batches():
            pass
    except Exception:  # whatever it is, the condition is not to blame
        return None
    try:
        table.lance.count_rows(f"({where})")
    except Exception as error:  # see check_condition
        return _reason(error)
    return None


def _shortened(where: str) -> str:
    return where if len(where) <= _LONGEST_SHOWN else f"{where[: _LONGEST_SHOWN - 3]}..."


def _reason(error: Exception) -> str:
    """Return what is wrong, without LanceDB's phrases around it and the places in its own sources."""
    text = " ".join(str(error).split())
    if unknown := re.search(r"No field named (\S+)\.", text):
        if any(unknown[1] == name for step in MIGRATIONS for name, _ in step.columns):
            return f"there is no column {unknown[1]} yet, the next `framecue index` that has something to do adds it"
        return f"there is no column {unknown[1]}"
    if syntax := re.search(r"sql parser error: (.+?)\)?$", text):
        return syntax[1]
    if "does not return a boolean" in text:
        return "it is neither true nor false of a video"
    if at_work := re.search(
        r"applying filter expression to batch: (?:\w+ error: )*(.+?)(?: error)?(, /|\. This |$)", text
    ):
        text = at_work[1]
        return (text[0].lower() + text[1:])[:200]
    text = re.sub(r", /\S+:\d+(:\d+)?\)?.*$", "", text)
    return re.sub(r"^((lance error|Invalid input|Invalid user input|Schema error)[:,] )+", "", text)[:200]
