"""A table of a library: LanceDB's table, with the library's URI for messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa
from lancedb.db import LanceDBConnection
from lancedb.index import IndexConfig
from lancedb.table import LanceTable

from framecue.errors import LibraryError
from framecue.library.store.attempt import attempt
from framecue.library.store.commit import commit
from framecue.library.store.time_limit import check_time, time_left

__all__ = ["TABLE", "Table"]

# The table of segments.
TABLE = "segments"

T = TypeVar("T")


@dataclass(frozen=True)
class Table:
    """An open table of a library.

    What a commit holds does not change, so LanceDB is asked once for its columns, its indexes and its number of rows,
    and again after each commit by way of this object. Whatever writes goes by :meth:`commit`, whatever shows the latest
    commit by :meth:`catch_up`.

    Attributes:
        uri: the library's normal URI.
        lance: LanceDB's table. It shows the commit that was the latest when it was opened, and its own later ones.
    """

    uri: str
    lance: LanceTable
    # What is known of the commit that is shown.
    _known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, uri: str, database: LanceDBConnection, name: str) -> Table:
        """Open a table at its latest commit.

        Raises:
            LibraryError: no table has this name (see :func:`is_not_found`), or it cannot be read.
        """
        return cls(uri, attempt(uri, "opened", lambda: database.open_table(name)))

    @classmethod
    def open_if_there(cls, uri: str, database: LanceDBConnection, name: str) -> Table | None:
        """Open a table at its latest commit; return None if no table has this name.

        Raises:
            LibraryError: it cannot be read.
        """
        try:
            return cls.open(uri, database, name)
        except LibraryError as error:
            if is_not_found(error):
                return None
            raise

    @property
    def schema(self) -> pa.Schema:
        """The columns and the table's metadata."""
        return self._once("schema", lambda: self.lance.schema)

    @property
    def version(self) -> int:
        """The number of the commit that it shows."""
        return self._once("version", lambda: self.lance.version)

    @property
    def indexes(self) -> Sequence[IndexConfig]:
        """Its indexes, of whatever kind."""
        return self._once("indexes", lambda: list(self.lance.list_indices()))

    def attempt(self, verb: str, action: Callable[[], T]) -> T:
        """Do something with the table, and return the result.

        Args:
            verb: what is done, as in "the library cannot be *verb*".
            action: does it.

        Raises:
            LibraryError: LanceDB cannot do it.
        """
        return attempt(self.uri, verb, action)

    def commit(self, verb: str, action: Callable[[], T]) -> T:
        """Write to the table, and return the result; see :func:`framecue.library.store.commit.commit`.

        Raises:
            LibraryError: LanceDB cannot do it, or this run has lost its lease on the library.
        """
        try:
            return commit(self.uri, verb, action)
        finally:
            self._forget()  # also if it failed: several commits may have been due

    def catch_up(self, verb: str = "read") -> None:
        """Show the latest commit, by whomever.

        Args:
            verb: as for :meth:`attempt`.

        Raises:
            LibraryError: LanceDB cannot do it.
        """
        try:
            self.attempt(verb, self.lance.checkout_latest)
        finally:
            self._forget()

    def read(self, action: Callable[[], T]) -> T:
        """Do something that reads the table, and return the result.

        Another process may have joined the files of the commit that this table shows, and dropped them. Then the latest
        commit is read.

        Raises:
            LibraryError: LanceDB cannot do it.
            TooSlowError: it takes longer than somebody allows (``time_limit``).
        """
        check_time()
        try:
            return self.attempt("read", action)
        except LibraryError as error:
            if not _is_dropped(error):
                raise
        self.catch_up()
        return self.attempt("read", action)

    def scan(self, columns: Sequence[str] | Mapping[str, str] | None = None, *, where: str | None = None) -> pa.Table:
        """Return rows.

        Args:
            columns: which columns, or their names with the SQL that each is made of; None for all.
            where: an SQL condition on the rows; None for all rows.

        Raises:
            LibraryError: the library cannot be read.
        """
        search = self.lance.search()
        if where is not None:
            search = search.where(where)
        if columns is not None:
            search = search.select(dict(columns) if isinstance(columns, Mapping) else list(columns))
        return self.read(lambda: search.to_arrow(timeout=time_left()))

    def has_rows(self, where: str) -> bool:
        """Whether there is a row for which an SQL condition holds; no more is read than up to that.

        Raises:
            LibraryError: the library cannot be read.
        """
        search = self.lance.search().where(where).select(["path"]).limit(1)
        return bool(self.read(lambda: search.to_arrow(timeout=time_left())).num_rows)

    def count(self, where: str | None = None) -> int:
        """Return the number of rows for which an SQL condition holds; None for all rows.

        Raises:
            LibraryError: the library cannot be read.
        """
        if where is None:
            return self._once("rows", self.lance.count_rows)
        return self.read(lambda: self.lance.count_rows(where))

    def _once(self, what: str, ask: Callable[[], T]) -> T:
        """Return what is known of the commit that is shown, or ask for it."""
        check_time()
        known = self._known
        if what not in known:
            answer = self.read(ask)
            if known is not self._known:
                return answer  # the commit that was dropped, or written meanwhile by another thread, is another one
            known[what] = answer
        answered: T = known[what]
        return answered

    def _forget(self) -> None:
        # Another dictionary, so that an answer which is still to come is not taken for one about the new commit.
        object.__setattr__(self, "_known", {})


def is_not_found(error: LibraryError) -> bool:
    """Whether a table could not be opened because none has its name."""
    return "not found" in str(error.__cause__)


def _is_dropped(error: LibraryError) -> bool:
    """Whether a file of the table was not there."""
    return "Not found: " in str(error.__cause__)
