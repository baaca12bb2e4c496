"""Shutting out a writer that has lost its lease in the middle of a commit.

It may have been stopped after it checked its lease and before its commit was written, and go on hours later. LanceDB
would take the commit then: it puts an append upon whatever others have committed meanwhile. It refuses one that began
before a table was restored, so whoever takes a lease over restores each table to what it is.
"""

from __future__ import annotations

from framecue.library.store.attempt import attempt, connect
from framecue.library.store.remote import tables_of

__all__ = ["shut_out"]


def shut_out(uri: str) -> None:
    """Let no commit to a library succeed that was begun before; its tables stay as they are.

    Args:
        uri: the library, which need not exist; this process has its lease.

    Raises:
        LibraryError: it cannot be written.
    """
    names = tables_of(uri)
    if not names:
        return

    def restore() -> None:
        database = connect(uri)
        for name in names:
            table = database.open_table(name)
            table.restore(table.version)

    attempt(uri, "written", restore)
