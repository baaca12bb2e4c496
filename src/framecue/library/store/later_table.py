"""A table of a library that need not be there yet: opened when it is first asked for, and again after a new commit.

Opening a table costs as much as a small query, and LanceDB takes as long to say that there is none. On a disk the names
of a table's commits tell at once whether anybody has written since.
"""

from __future__ import annotations

import os
from pathlib import Path

from lancedb.db import LanceDBConnection

from framecue.library.store.table import Table
from framecue.paths import is_url

__all__ = ["LaterTable", "commits_of"]


class LaterTable:
    """One table of one library, by its name.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
        name: of the table.
    """

    def __init__(self, uri: str, database: LanceDBConnection, name: str) -> None:
        self.uri, self.name = uri, name
        self._database = database
        self._opened: Table | None = None
        # The commits that there were when it was opened.
        self._commits: object = None
        self._is_right = False

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._is_right = False

    def table(self) -> Table | None:
        """Return the table as it was at the first call since :meth:`refresh`, with own writes; None if there is none.

        Raises:
            LibraryError: the library cannot be read.
        """
        if not self._is_right:
            # Before it is opened: a commit that comes in between is then seen as a new one the next time.
            commits = commits_of(self.uri, self.name)
            if commits == ():
                self._opened = None
            elif self._opened is None or commits != self._commits:
                self._opened = Table.open_if_there(self.uri, self._database, self.name)
            self._commits, self._is_right = commits, True
        return self._opened

    def put(self, table: Table | None) -> None:
        """Note that this process has made the table, or taken it out."""
        self._opened, self._commits, self._is_right = table, None, True


def commits_of(uri: str, name: str) -> object:
    """Return a value, for ``==``, that differs after every commit to a table, and if it was deleted and made anew.

    Args:
        uri: the library's normal URI.
        name: of the table.

    Returns:
        An empty tuple if there is no such table. Where it takes LanceDB to know, in an object store, or if the folder
        cannot be looked at, something that equals nothing else.
    """
    if is_url(uri):
        return object()
    folder = Path(uri) / f"{name}.lance" / "_versions"
    try:
        # In this order, as a file system over a network looks at a folder anew when it is listed.
        names = frozenset(os.listdir(folder))  # noqa: PTH208 (names alone)
        status = folder.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError:
        return object()
    return status.st_ino, status.st_mtime_ns, names
