"""Replacing rows of a table in one commit, and checking that LanceDB did so.

LanceDB has an open fault: if a column by which rows are matched has a scalar index, a merge may silently match nothing
(lancedb issues 3177 and 3515). So no such index is made, a merge does not use one that somebody else made, and the
counts that a merge returns are compared with what was in the table before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from framecue.errors import LibraryError
from framecue.library.store.sql import is_one_of
from framecue.library.store.table import Table

__all__ = ["drop_doubled", "merge"]

# The values of the columns that are the key.
Key = tuple[object, ...]


class _Counts(NamedTuple):
    """How many rows of the table are replaced, added and deleted."""

    updated: int
    inserted: int
    deleted: int

    def __str__(self) -> str:
        return f"{self.updated} replaced, {self.inserted} added and {self.deleted} taken out"


def merge(table: Table, rows: pa.Table, *, on: Sequence[str], leaving: Sequence[str] = ()) -> None:
    """Replace the rows that have the same keys, add the rows with new keys, and delete others, in one commit.

    Args:
        table: to write to.
        rows: with the table's columns.
        on: the columns that are the key; ``path`` is one of them.
        leaving: paths whose earlier rows are deleted, except for those that are replaced.

    Raises:
        LibraryError: the library cannot be written to, or LanceDB did something else.
    """
    there = _keys_there(table, rows, on, leaving)
    if doubled := _doubled_paths(there, on):
        # Such rows come of two runs at once in an object store without a lease. A merge could only update both. They
        # are deleted first, in a commit of its own: after a kill in between, the next run encodes their files again.
        table.commit("written", lambda: table.lance.delete(is_one_of(doubled)))
        there = _keys_there(table, rows, on, leaving)
    expected = _expected(there, _keys(rows, on), on, leaving)
    # Without an index on a key: with one, LanceDB may match nothing.
    builder = table.lance.merge_insert(list(on)).use_index(False)
    builder = builder.when_matched_update_all().when_not_matched_insert_all()
    if leaving:
        builder = builder.when_not_matched_by_source_delete(is_one_of(leaving))
    result = table.commit("written", lambda: builder.execute(rows))
    done = _Counts(result.num_updated_rows, result.num_inserted_rows, result.num_deleted_rows)
    # In an object store another run may write in between; LanceDB then tries again, with rows that were not counted.
    if done != expected and result.num_attempts == 1:
        raise LibraryError(
            f"library {table.uri} was not written as it should be: of its rows {expected} were due, but LanceDB has "
            f"{done}; it may do so where there is an index on {' or '.join(on)}: drop one that was made by hand, and "
            "index into a new library"
        )


def drop_doubled(table: Table, rows: pa.Table, *, on: Sequence[str]) -> None:
    """Leave one of each row that is there twice, after rows were added while somebody else wrote.

    Args:
        table: that they were added to.
        rows: what was added.
        on: the columns that are the key; ``path`` is one of them.

    Raises:
        LibraryError: the library cannot be read or written.
    """
    table.catch_up()
    doubled = _doubled_paths(_keys_there(table, rows, on, ()), on)
    if doubled:
        # A merge deletes them and writes them once.
        merge(table, rows.filter(pc.is_in(rows.column("path"), pa.array(doubled))), on=on)


def _keys_there(table: Table, rows: pa.Table, on: Sequence[str], leaving: Sequence[str]) -> list[Key]:
    """Return the keys in the table that a merge may touch."""
    paths = {*rows.column("path").to_pylist(), *leaving}
    return _keys(table.scan(on, where=is_one_of(sorted(paths))), on)


def _doubled_paths(there: Sequence[Key], on: Sequence[str]) -> list[str]:
    """Return the paths of which the table has a row twice."""
    number = on.index("path")
    return sorted({str(key[number]) for key, times in Counter(there).items() if times > 1})


def _expected(there: Sequence[Key], new: Sequence[Key], on: Sequence[str], leaving: Sequence[str]) -> _Counts:
    """Return the counts that a merge should have, from the keys that are in the table."""
    coming, held, going = set(new), set(there), set(leaving)
    number = on.index("path")
    return _Counts(
        updated=sum(key in coming for key in there),
        inserted=sum(key not in held for key in new),
        deleted=sum(key[number] in going and key not in coming for key in there),
    )


def _keys(rows: pa.Table, on: Sequence[str]) -> list[Key]:
    return list(zip(*(rows.column(name).to_pylist() for name in on), strict=True))
