"""Checking an SQL condition that a person wrote against a library's table."""

from __future__ import annotations

import re

from framecue.errors import InputError
from framecue.library.store.migrations import MIGRATIONS
from framecue.library.store.table import Table

__all__ = ["check_condition"]

# These columns hold bytes, not words or numbers: there is nothing to compare them with.
_NOT_FOR_PEOPLE = ("vector", "thumbnail", "sidecars")


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
            f"the condition (where) {where!r} cannot be used: {_reason(error)}; columns: {columns}"
        ) from error


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
    text = re.sub(r", /\S+:\d+(:\d+)?\)?.*$", "", text)
    return re.sub(r"^((lance error|Invalid input|Invalid user input|Schema error)[:,] )+", "", text)[:200]
