"""A store that is kept open: each use sees the latest commit, and a snapshot is read again only after a new one."""

from __future__ import annotations

from framecue.errors import LibraryNotFoundError
from framecue.library.store.snapshot import Snapshot
from framecue.library.store.store import Store

__all__ = ["KeptStore"]


class KeptStore:
    """The store of one library, opened when it is first used; the library need not exist yet.

    A store that is opened anew for each search starts with cold caches.

    Args:
        uri: the library's normal URI.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._store: Store | None = None
        # A snapshot, and the state of the library for which it is right.
        self._read: tuple[object, Snapshot] | None = None

    def __getstate__(self) -> dict[str, object]:
        # Connections stay in their process; another one opens its own.
        return {"uri": self.uri, "_store": None, "_read": None}

    def open(self) -> Store:
        """Return the store at its latest commit.

        Raises:
            LibraryNotFoundError: there is no library.
            LibraryError: something else is at this place, or it cannot be read.
        """
        store, self._store = self._store, None
        if store is None:
            store = Store.open(self.uri)
        else:
            store.refresh()
        self._store = store
        return store

    def open_if_there(self) -> Store | None:
        """Return the store at its latest commit; None if there is no library.

        Raises:
            LibraryError: something else is at this place, or it cannot be read.
        """
        try:
            return self.open()
        except LibraryNotFoundError:
            return None

    def snapshot(self) -> Snapshot:
        """Return what the library holds, nothing if there is none; it is read again only if somebody has written.

        Whoever writes to the library keeps the snapshot up to date, and then calls :meth:`wrote`.

        Raises:
            LibraryError: something else is at this place, or it cannot be read.
        """
        store = self.open_if_there()
        if store is None:
            self._read = None
            return Snapshot()
        state = store.state()
        if self._read is None or self._read[0] != state:
            self._read = (state, store.snapshot())
        return self._read[1]

    def wrote(self, snapshot: Snapshot) -> None:
        """Note that the caller has kept a snapshot up to date with its own commits; call it with the lock."""
        store = self.open_if_there()
        self._read = None if store is None else (store.state(), snapshot)
