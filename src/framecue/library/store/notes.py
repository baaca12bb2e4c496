"""Notes about files that have no rows: one table for each kind of note, made when the first is taken.

Without such a table nothing is lost: it spares later runs work that they would do again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.library.store.commit import commit
from framecue.library.store.merge import merge
from framecue.library.store.sql import is_one_of
from framecue.library.store.table import Table

__all__ = ["Notes"]

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
        self._opened: Table | None = None

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._opened = None  # opened at its latest commit when it is needed

    def read(self, where: str | None = None) -> list[tuple[str | int | float, ...]]:
        """Return the notes in the order of their paths, each with its values in the order of the columns.

        Args:
            where: an SQL condition on them; None for all.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self._table()
        if table is None:
            return []
        columns = table.scan(self._schema.names, where=where).sort_by("path")
        return list(zip(*(columns.column(name).to_pylist() for name in self._schema.names), strict=True))

    def version(self) -> int | None:
        """Return the number of the latest commit; None if there are no notes."""
        table = self._table()
        return None if table is None else table.read(lambda: table.lance.version)

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
        merge(table, pa.Table.from_pylist(list(notes), schema=self._schema), on=["path"], leaving=forget)

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

    def _table(self, *, make: bool = False) -> Table | None:
        """Return the table; None if there is none yet and ``make`` is false."""
        if self._opened is None:
            self._opened = self._make() if make else Table.open_if_there(self.uri, self._database, self._name)
        return self._opened

    def _make(self) -> Table:
        make = self._database.create_table
        return Table(
            self.uri,
            commit(self.uri, "written", lambda: make(self._name, schema=self._schema, exist_ok=True)),
        )
