"""The leg of what is written: text that is to be read in the picture."""

from __future__ import annotations

from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.timed_words import timed_matches
from framecue.library.store import Store
from framecue.words.timed_text import WRITTEN

__all__ = ["Written"]


class Written:
    """Looks at titles, signs, slides and whatever else was read off the screen."""

    name = "written"

    def is_there(self, store: Store) -> bool:
        """Whether there are words with times."""
        return store.words.table() is not None

    def lacking(self, store: Store) -> str | None:
        """Return what is missing, with the way out; None if nothing is."""
        if store.num_timed_texts("kind = 'written'"):
            return None
        return "nothing that is written in its pictures is known; `framecue index PATHS --screen-text` reads it"

    def find(self, asked: Asked) -> list[LegMatch]:
        """Return where words of the query are to be read, what has all of them as they stand first."""
        return timed_matches(self.name, WRITTEN, asked)
