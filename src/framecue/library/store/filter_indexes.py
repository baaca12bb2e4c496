"""Indexes on the columns that filters ask for, so that a filtered search need not read those columns of every row.

Without them LanceDB reads, for each search, what a condition names of all rows. With them it looks up which rows pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

import pyarrow as pa
from lancedb.index import Bitmap, BTree

from framecue.library.store.own_columns import kinds_in
from framecue.library.store.table import Table

__all__ = ["complete_columns", "indexed_columns", "lacking", "make_indexes"]

# A tree serves ranges, equality, and the beginnings of texts; a bitmap has a set of rows for each value, so it is for
# columns of few values.
_FEW_VALUES = ("kind",)
# What `framecue.library.search.filters` writes conditions on: folders and paths, lengths, times, kinds. And by what a
# run, or a search for more like a video, finds the rows of a file again.
_FILTERED = ("path", "duration_seconds", "recorded_seconds", "modified_seconds", "kind", "video_id", "size_bytes")
# Of these a library of an older format has rows that note none, and a condition has to say what is then true.
_MAY_BE_EMPTY = ("recorded_seconds", "kind")


def indexed_columns(table: Table) -> set[str]:
    """Return the columns that have an index of their own, of whatever kind.

    Raises:
        LibraryError: the library cannot be read.
    """
    return {str(index.columns[0]) for index in table.indexes if len(index.columns) == 1}


def lacking(table: Table, indexed: Collection[str]) -> list[str]:
    """Return the columns on which an index is still to be made: those of framecue's filters, and a person's own.

    Args:
        table: of segments.
        indexed: from :func:`indexed_columns`.
    """
    return [name for name in _wanted(table.schema) if name not in indexed]


def make_indexes(table: Table, columns: Collection[str]) -> None:
    """Make indexes, each in a commit of its own: those that a killed run has made are there for the next.

    Args:
        table: of segments.
        columns: from :func:`lacking`.

    Raises:
        LibraryError: the library cannot be written.
    """
    wanted = _wanted(table.schema)
    for name in columns:
        table.commit("optimized", partial(table.lance.create_index, name, config=wanted[name]()))


def complete_columns(table: Table) -> set[str]:
    """Return those columns that older formats lack, in which every row of this table has a value.

    A condition on these need not say what is true of an empty one. Only what indexes know at once is looked up.

    Raises:
        LibraryError: the library cannot be read.
    """
    known = indexed_columns(table).intersection(_MAY_BE_EMPTY)
    return {name for name in known if not table.count(f"{name} IS NULL")}


def _wanted(schema: pa.Schema) -> Mapping[str, type[BTree] | type[Bitmap]]:
    """Return the kind of each index that a table should have, by column."""
    kinds = {name: "bool" if name in _FEW_VALUES else "" for name in _FILTERED if name in schema.names}
    kinds |= kinds_in(schema)
    return {name: Bitmap if kind == "bool" else BTree for name, kind in kinds.items()}
