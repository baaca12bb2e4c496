"""Notes about files that have no rows: one table for each kind of note, made when the first is taken.

Without such a table nothing is lost: it spares later runs work that they would do again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.library.state import FileState
from framecue.library.store.commit import commit
from framecue.library.store.later_table import LaterTable
from framecue.library.store.merge import merge
from framecue.library.store.sql import is_one_of
from framecue.library.store.table import Table

__all__ = ["Notes", "optional_text", "state_columns"]

# Each commit leaves a small file, and reading the notes reads them all.
_MOST_FILES = 64
# Earlier versions are kept this long, for whoever is reading them.
_KEEP = timedelta(hours=1)


class Notes:
    """The notes of one kind in one library, each about one path.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
        name: of the table.
        schema: of the table; its first column is ``path``.
    """

    def __init__(self, uri: str, database: LanceDBConnection, name: str, schema: pa.Schema) -> None:
        self.uri = uri
        self._database, self._name, self._schema = database, name, schema
        self._later = LaterTable(uri, database, name)

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._later.refresh()

    def read(self, where: str | None = None) -> list[tuple[str | int | float, ...]]:
        """Return the notes in the order of their paths, each with its values in the order of the columns.

        A column that may be empty is for :func:`optional_text`: None, also where an older framecue did not have it.

        Args:
            where: an SQL condition on them; None for all.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self._table()
        if table is None:
            return []
        present = set(table.schema.names)
        columns = table.scan([name for name in self._schema.names if name in present], where=where).sort_by("path")
        values = (
            columns.column(name).to_pylist() if name in present else [None] * columns.num_rows
            for name in self._schema.names
        )
        return list(zip(*values, strict=True))

    def version(self) -> int | None:
        """Return the number of the latest commit; None if there are no notes."""
        table = self._table()
        return None if table is None else table.version

    def note(self, notes: Sequence[dict[str, object]], *, forget: Sequence[str] = ()) -> None:
        """Take some notes and forget others, in one commit; a new note of a path takes the place of the earlier one.

        Raises:
            LibraryError: the library cannot be written.
        """
        # Most commits of a run have nothing to note, and most libraries no such table to look for.
        if not (notes or forget):
            return
        table = self._table(make=bool(notes))
        if table is None:
            return
        if not notes:
            table.commit("written", lambda: table.lance.delete(is_one_of(forget)))
            return
        rows = pa.Table.from_pylist(list(notes), schema=self._schema)
        merge(table, rows.select(self._widened(table, rows)), on=["path"], leaving=forget)

    def drop(self, condition: str) -> None:
        """Forget the notes for which an SQL condition holds, in one commit; none is made if there are no such notes.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self._table()
        if table is not None and table.count(condition):
            table.commit("written", lambda: table.lance.delete(condition))

    def upkeep(self) -> None:
        """Join the small files that many commits leave, if there are too many.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self._table()
        if table is None:
            return
        stats = cast(Any, table.read(table.lance.stats))  # a dictionary, though LanceDB's types say otherwise
        if stats["fragment_stats"]["num_fragments"] > _MOST_FILES:
            table.commit("optimized", lambda: table.lance.optimize(cleanup_older_than=_KEEP))

    def _widened(self, table: Table, rows: pa.Table) -> list[str]:
        """Return the columns to write; one that an older table lacks is added to it when a note first has a value.

        Raises:
            LibraryError: the library cannot be written.
        """
        present = set(table.schema.names)
        lacking = [field for field in self._schema if field.name not in present]
        needed = [field for field in lacking if rows.column(field.name).null_count < rows.num_rows]
        if needed:
            table.commit("written", lambda: table.lance.add_columns(needed))
        left_out = {field.name for field in lacking} - {field.name for field in needed}
        return [name for name in self._schema.names if name not in left_out]

    def _table(self, *, make: bool = False) -> Table | None:
        """Return the table; None if there is none yet and ``make`` is false."""
        table = self._later.table()
        if table is None and make:
            table = self._make()
            self._later.put(table)
        return table

    def _make(self) -> Table:
        make = self._database.create_table
        return Table(
            self.uri,
            commit(self.uri, "written", lambda: make(self._name, schema=self._schema, exist_ok=True)),
        )


def state_columns(state: FileState) -> dict[str, object]:
    """Return a file's state as the columns of a table of notes."""
    return {"size_bytes": state.size_bytes, "modified_seconds": state.modified_seconds, "object_tag": state.tag}


def optional_text(value: object) -> str | None:
    """Return the value of a column of texts that may be empty."""
    return None if value is None else str(value)
