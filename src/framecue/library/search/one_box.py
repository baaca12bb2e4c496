"""One box: what all legs of a search have found, weighed and put in one order."""

from __future__ import annotations

from collections.abc import Iterator

from framecue.library.search.found import Found
from framecue.library.search.legs.leg import Asked
from framecue.library.search.legs.seen import find_seen
from framecue.library.search.query import SearchOptions

__all__ = ["find_in_one_box"]


def find_in_one_box(asked: Asked, options: SearchOptions, *, asks_seen: bool) -> Iterator[Found]:
    """Yield all moments, best first.

    Args:
        asked: the query.
        options: which legs are asked.
        asks_seen: whether anything of the query is to be seen.
    """
    return map(Found, find_seen(asked))
