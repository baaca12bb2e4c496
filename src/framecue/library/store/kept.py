"""A store that is kept open: each use sees the latest commit, and what is held is read only where that is new."""

from __future__ import annotations

from framecue.errors import LibraryNotFoundError
from framecue.library.store.snapshot import Snapshot
from framecue.library.store.store import Store
from framecue.paths import is_url

__all__ = ["KeptStore"]


class KeptStore:
    """The store of one library, opened when it is first used; the library need not exist yet.

    A store that is opened anew for each search begins with cold caches.

    Args:
        uri: the library's normal URI.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._store: Store | None = None
        # What is held, and the state of the library that it is right for.
        self._read: tuple[object, Snapshot] | None = None

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
        """Return the store at its latest commit; None where there is no library.

        Raises:
            LibraryError: something else is at this place, or it cannot be read.
        """
        try:
            return self.open()
        except LibraryNotFoundError:
            return None

    def snapshot(self) -> Snapshot:
        """Return what the library holds, nothing where there is none; read again only where somebody has written.

        Who writes the library keeps it up to date, and tells :meth:`wrote`.

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
        """Note that a snapshot has been kept up to date with one's own commits; call it with the lock.

        In an object store nothing is locked: another run may have written in between, so it is read again there.
        """
        store = self.open_if_there()
        self._read = None if store is None or is_url(self.uri) else (store.state(), snapshot)
