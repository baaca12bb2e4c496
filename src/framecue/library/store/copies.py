"""Notes about files whose content a library holds under another path, in a second table.

The table is made when the first such file is found. Without it nothing is lost: each run hashes such files again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.errors import LibraryError
from framecue.library.state import FileState
from framecue.library.store.attempt import attempt
from framecue.library.store.merge import merge
from framecue.library.store.records import Copy
from framecue.library.store.sql import is_one_of
from framecue.library.store.table import Table, is_not_found

__all__ = ["Copies"]

COPIES_TABLE = "copies"

_COPIES_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("modified_seconds", pa.float64(), nullable=False),
    ]
)


class Copies:
    """The notes of one library about copies.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self.uri = uri
        self._database = database
        self._opened: Table | None = None

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._opened = None  # opened at its latest commit when it is needed

    def read(self) -> dict[str, Copy]:
        """Return the notes by path, in the order of the paths.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self._table()
        if table is None:
            return {}
        names = ("path", "video_id", "size_bytes", "modified_seconds")
        columns = table.scan(names).sort_by("path")
        rows = zip(*(columns.column(name).to_pylist() for name in names), strict=True)
        return {path: Copy(video_id, FileState(*state)) for path, video_id, *state in rows}

    def version(self) -> int | None:
        """Return the number of the latest commit; None if there are no notes."""
        table = self._table()
        return None if table is None else table.read(lambda: table.lance.version)

    def note(self, copies: Mapping[str, Copy], *, forget: Sequence[str] = ()) -> None:
        """Note some copies and forget others, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        # Most commits of a run have nothing to note, and most libraries no such table to look for.
        if not (copies or forget):
            return
        table = self._table(make=bool(copies))
        if table is None:
            return
        if not copies:
            table.attempt("written", lambda: table.lance.delete(is_one_of(forget)))
            return
        rows = pa.Table.from_pylist(
            [{"path": path, "video_id": copy.video_id, **vars(copy.state)} for path, copy in copies.items()],
            schema=_COPIES_SCHEMA,
        )
        merge(table, rows, on=["path"], leaving=forget)

    def _table(self, *, make: bool = False) -> Table | None:
        """Return the table; None if there is none yet and ``make`` is false."""
        if self._opened is None:
            self._opened = self._make() if make else self._open()
        return self._opened

    def _open(self) -> Table | None:
        try:
            return Table.open(self.uri, self._database, COPIES_TABLE)
        except LibraryError as error:
            if is_not_found(error):
                return None
            raise

    def _make(self) -> Table:
        make = self._database.create_table
        return Table(
            self.uri,
            attempt(self.uri, "written", lambda: make(COPIES_TABLE, schema=_COPIES_SCHEMA, exist_ok=True)),
        )
