"""The leg of names: files and folders whose names have the words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.row_texts import legs_matches, not_indexed
from framecue.library.store import Store
from framecue.library.store.words import name_words

__all__ = ["Named"]


class Named:
    """Looks at the names of files and of the folders that they are in."""

    name = "named"

    def is_there(self, store: Store) -> bool:
        """Whether the names are indexed, as they are from the first run on."""
        return store.has_text_index()

    def lacking(self, store: Store) -> str | None:
        """Return what is missing, with the way out; None if nothing is."""
        return None if store.has_text_index() else not_indexed("the names of its files")

    def find(self, asked: Asked) -> list[LegMatch]:
        """Return all segments of the files that have words in their names, those with more of them first."""
        names = cache(_names)
        return legs_matches(self.name, asked, lambda found: names(found.match.path), is_of_file=True)


def _names(path: str) -> str:
    """Return the names in a path, with spaces in what is written as one word, as in ``beachParty``."""
    return "/".join(map(name_words, Path(path).with_suffix("").parts[1:]))
