"""The table of the names that a library was taught: all that a search needs of them, and another model.

It is made when the first name is taught; a library without one has no such table. A name is written in one commit, so a
run that is killed while it teaches leaves the name as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.library.store.commit import commit
from framecue.library.store.later_table import LaterTable, commits_of
from framecue.library.store.merge import merge
from framecue.library.store.remote import commit_tag
from framecue.library.store.sql import is_one_of
from framecue.library.store.table import Table
from framecue.library.store.taught_name_rows import (
    PICTURES,
    SCHEMA,
    KeptExample,
    KeptName,
    name_of_row,
    names_key,
    row_of_name,
)
from framecue.names.find import name_key
from framecue.paths import is_url

__all__ = ["KeptExample", "KeptName", "TaughtNames"]

NAMES_TABLE = "taught_names"
# Each commit leaves a small file.
_MOST_FILES = 64
# Earlier versions are kept this long, for whoever is reading them.
_KEEP = timedelta(hours=1)


class TaughtNames:
    """The names of one library.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
        fingerprint: returns the library's fingerprint, as it stores it.
    """

    def __init__(self, uri: str, database: LanceDBConnection, fingerprint: Callable[[], Mapping[str, Any]]) -> None:
        self.uri = uri
        self._database, self._fingerprint = database, fingerprint
        self._later = LaterTable(uri, database, NAMES_TABLE)
        # What a search needs of all names, and the state of the table for which it is right.
        self._read: tuple[object, list[KeptName]] | None = None
        self._is_read_right = False

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._later.refresh()
        self._is_read_right = False

    def table(self) -> Table | None:
        """Return the table; None if the library was never taught a name.

        Raises:
            LibraryError: the library cannot be read.
        """
        return self._later.table()

    @property
    def made_for(self) -> str:
        """What tells the library's present model."""
        return names_key(self._fingerprint())

    def read(self) -> list[KeptName]:
        """Return all names, with their pictures, in the order of the names.

        Raises:
            LibraryError: the library cannot be read, or what it keeps of a name is damaged.
        """
        table = self.table()
        return [] if table is None else self._names(table, SCHEMA.names)

    def every(self) -> list[KeptName]:
        """Return all names, without pictures; as quick as :meth:`fitting`.

        Raises:
            LibraryError: the library cannot be read, or what it keeps of a name is damaged.
        """
        return list(self._without_pictures())

    def by_model(self) -> tuple[list[KeptName], list[KeptName]]:
        """Return the names of the library's model, which a search understands, and those of another, without pictures.

        They are read again only if somebody has written; a library without names costs a look at its folder.

        Raises:
            LibraryError: the library cannot be read, or what it keeps of a name is damaged.
        """
        names = self._without_pictures()
        if not names:
            return [], []
        made_for = self.made_for
        fitting = [name for name in names if name.made_for == made_for]
        return fitting, [name for name in names if name.made_for != made_for]

    def fitting(self) -> list[KeptName]:
        """Return the names that were taught to the library's model; see :meth:`by_model`."""
        return self.by_model()[0]

    def others(self) -> list[KeptName]:
        """Return the names that were taught to another model; see :meth:`by_model`."""
        return self.by_model()[1]

    def find(self, name: str) -> KeptName | None:
        """Return what is kept of a name, with its pictures; None if the library was not taught it.

        Args:
            name: in any case.

        Raises:
            LibraryError: the library cannot be read, or what it keeps of the name is damaged.
        """
        table = self.table()
        if table is None:
            return None
        return next(iter(self._names(table, SCHEMA.names, where=is_one_of([name_key(name)]))), None)

    # --- writing, with the lock

    def write(self, name: KeptName, *, instead_of: str | None = None) -> None:
        """Keep a name, in place of what was kept of it, in one commit.

        Args:
            name: what is kept.
            instead_of: another name that is forgotten in the same commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self._table_to_write()
        rows = pa.Table.from_pylist([row_of_name(name)], schema=SCHEMA)
        merge(table, rows, on=["path"], leaving=[] if instead_of is None else [name_key(instead_of)])
        self._is_read_right = False
        stats = cast(Any, table.read(table.lance.stats))  # a dictionary, though LanceDB's types say otherwise
        if stats["fragment_stats"]["num_fragments"] > _MOST_FILES:
            table.commit("optimized", lambda: table.lance.optimize(cleanup_older_than=_KEEP))

    def note_failure(self, name: KeptName, made_for: str, reason: str) -> None:
        """Note that a name cannot be taught to a model; what is kept of it stays.

        Raises:
            LibraryError: the library cannot be written.
        """
        if (kept := self.find(name.name)) is not None:
            self.write(replace(kept, failed_for=made_for, failure=reason))

    def forget(self, name: str) -> bool:
        """Forget a name, in one commit; return whether it was there.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self.table()
        condition = is_one_of([name_key(name)])
        # A commit that deletes nothing would still be one.
        if table is None or not table.count(condition):
            return False
        table.commit("written", lambda: table.lance.delete(condition))
        self._is_read_right = False
        return True

    def _without_pictures(self) -> list[KeptName]:
        if self._read is not None and self._is_read_right:
            return self._read[1]
        state = self._state()
        if self._read is None or self._read[0] != state:
            table = self.table()
            columns = [name for name in SCHEMA.names if name not in PICTURES]
            self._read = state, [] if table is None else self._names(table, columns)
        self._is_read_right = True
        return self._read[1]

    def _names(self, table: Table, columns: list[str], where: str | None = None) -> list[KeptName]:
        present = set(table.schema.names)
        rows = table.scan([name for name in columns if name in present], where=where).to_pylist()
        return [name_of_row(self.uri, row) for row in sorted(rows, key=lambda row: str(row["path"]))]

    def _state(self) -> object:
        """Return a value that differs after every commit, and if the library was deleted and made anew."""
        if is_url(self.uri):
            if (table := self.table()) is None:
                return None
            return table.version, commit_tag(self.uri, NAMES_TABLE, table.version)
        # On a disk without opening the table, which takes longer than all else that a search needs of names: a commit
        # is a file more in this folder.
        return commits_of(self.uri, NAMES_TABLE)

    def _table_to_write(self) -> Table:
        """Return the table, made if need be, with all columns: an older framecue's has fewer."""
        table = self.table()
        if table is None:
            make = self._database.create_table
            made = commit(self.uri, "written", lambda: make(NAMES_TABLE, schema=SCHEMA, exist_ok=True))
            table = Table(self.uri, made)
            self._later.put(table)
        present = set(table.schema.names)
        lacking = [field for field in SCHEMA if field.name not in present]
        if lacking:
            table.commit("written", lambda: table.lance.add_columns(lacking))
        return table
