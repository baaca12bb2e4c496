"""The paths of a large library's files, each once: a pattern, which no index knows, is compared with these alone.

A file has some twenty segments, and LanceDB compares a pattern with the path of each of them. Reading all paths takes
longer than comparing them once, so they are read when a process asks for the second time, and kept for as long as
nobody writes to the library.
"""

from __future__ import annotations

from threading import Lock
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from framecue.library.store.filter_indexes import indexed_columns
from framecue.library.store.table import Table

__all__ = ["forget_paths", "matching_paths"]

_MOST_LIBRARIES = 4

_lock = Lock()
# By library: its state when somebody asked last, and its paths, once they were read. Shared by all stores of a process,
# as a server has one for each that asks.
_kept: dict[str, tuple[object, pa.Array | None]] = {}


def matching_paths(table: Table, state: object, pattern: str, *, most: int) -> list[str] | None:
    """Return the paths that a regular expression matches, as far as naming them is quicker than comparing every row.

    Args:
        table: of segments.
        state: a value that differs whenever the table has changed.
        pattern: in the syntax that Rust and RE2 share.
        most: how many paths are worth naming.

    Returns:
        The paths in their order; None where the pattern is to be compared row by row: more match, or the library has
        no index on its paths, or this is the first time that anybody asks.

    Raises:
        LibraryError: the library cannot be read.
    """
    paths = _paths(table, state)
    if paths is None:
        return None
    try:
        matching = paths.filter(pc.match_substring_regex(paths, pattern))
    except pa.ArrowInvalid:  # a pattern that is too large for RE2
        return None
    return None if len(matching) > most else sorted(cast("list[str]", matching.to_pylist()))


def forget_paths() -> None:
    """Forget what was read, of all libraries."""
    with _lock:
        _kept.clear()


def _paths(table: Table, state: object) -> pa.Array | None:
    """Return each path once, without an order; None where they were not read."""
    with _lock:
        noted = _kept.get(table.uri)
    if noted is None or noted[0] != state:
        _keep(table.uri, state, None)
        return None
    if noted[1] is None and "path" in indexed_columns(table):
        noted = state, pc.unique(table.scan(["path"]).column("path"))
        _keep(table.uri, *noted)
    return noted[1]


def _keep(uri: str, state: object, paths: pa.Array | None) -> None:
    with _lock:
        _kept.pop(uri, None)
        _kept[uri] = state, paths
        while len(_kept) > _MOST_LIBRARIES:
            del _kept[next(iter(_kept))]
