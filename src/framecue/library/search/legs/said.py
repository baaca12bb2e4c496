"""The leg of what is said: speech and subtitles."""

from __future__ import annotations

from dataclasses import replace

from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.row_texts import legs_matches, not_indexed
from framecue.library.search.legs.timed_words import timed_matches
from framecue.library.store import Store
from framecue.words.timed_text import SAID

__all__ = ["Said"]


class Said:
    """Looks at what was heard and at subtitles, each with its own times.

    A library that an older framecue filled has subtitles by segment, in its rows; those are found too.
    """

    name = "said"

    def is_there(self, store: Store) -> bool:
        """Whether there are words with times, or texts of rows, in which subtitles may be."""
        return store.words.table() is not None or store.has_text_index()

    def lacking(self, store: Store) -> str | None:
        """Return what is missing, with the way out; None if nothing is."""
        if store.num_timed_texts("kind = 'said'"):
            return None
        if store.has_any("subtitles"):
            return None if store.has_text_index() else not_indexed("its subtitles")
        return (
            "nothing that is said in its videos is known; `framecue index PATHS --speech` listens to them, and "
            "subtitles in files beside them are read as well"
        )

    def find(self, asked: Asked) -> list[LegMatch]:
        """Return where words of the query are said, what has all of them as they stand first."""
        timed = timed_matches(self.name, SAID, asked)
        told = {match.match.key for match in timed}
        rows = legs_matches(self.name, asked, lambda found: found.subtitles, is_of_file=False)
        older = [match for match in rows if match.match.key not in told]
        if not older:
            return timed
        # By strength, as the scores of two indexes cannot be compared.
        both = sorted([*timed, *older], key=lambda match: (-match.strength, not match.is_exact))
        return [replace(match, rank=rank) for rank, match in enumerate(both, start=1)]
