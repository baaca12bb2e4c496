"""Whether a library that is followed into is still there: somebody may delete it, or put another in its place."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from framecue.errors import LibraryError
from framecue.library.files.walk import identity_of
from framecue.library.library import Library
from framecue.library.store.table import TABLE
from framecue.paths import is_url

__all__ = ["Presence"]

REMOTE_SECONDS = 30.0
"""How often an object store is asked; a local folder costs next to nothing to look at."""


class Presence:
    """The presence of one library.

    Args:
        library: what is filled.
        clock: returns seconds that never go back.
    """

    def __init__(self, library: Library, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._library, self._clock = library, clock
        self._known: object = None
        self._next_look = 0.0

    def note(self) -> None:
        """Note that the library that is there now is the one that has been filled; none may be there."""
        self._known = self._look()
        self._next_look = self._clock() + REMOTE_SECONDS

    def is_lost(self) -> bool:
        """Whether the library that was noted is gone, also where another is in its place; true once for each."""
        if self._known is None:
            return False
        if is_url(self._library.uri):
            if self._clock() < self._next_look:
                return False
            self._next_look = self._clock() + REMOTE_SECONDS
        if self._look() == self._known:
            return False
        self._known = None
        return True

    def _look(self) -> object:
        """Return what tells this library from another at its place; None where there is none.

        In an object store a library that was made anew looks like the one before. One that cannot be looked at is taken
        to be as it was: its disk or its network may be away.
        """
        if not is_url(self._library.uri):
            folder = Path(self._library.uri)
            return identity_of(str(folder / f"{TABLE}.lance")) if folder.parent.is_dir() else self._known
        try:
            return self._library.exists or None
        except LibraryError:
            return self._known
