"""The leg of captions: segments whose description has the words."""

from __future__ import annotations

from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.row_texts import legs_matches, not_indexed
from framecue.library.store import Store

__all__ = ["Captions"]


class Captions:
    """Looks at the sentences that a captioner, or a person, has written about segments."""

    name = "captions"

    def is_there(self, store: Store) -> bool:
        """Whether texts are indexed; a row without a caption has nothing to say."""
        return store.has_text_index()

    def lacking(self, store: Store) -> str | None:
        """Return what is missing, with the way out; None if nothing is."""
        if store.has_any("caption"):
            return None if store.has_text_index() else not_indexed("its captions")
        return "it has no captions; `framecue index PATHS --captions` writes them, with an adapter that can"

    def find(self, asked: Asked) -> list[LegMatch]:
        """Return the segments whose captions have words of the query."""
        return legs_matches(self.name, asked, lambda found: found.caption, is_of_file=False)
