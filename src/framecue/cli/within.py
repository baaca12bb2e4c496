"""Whether a limit on how soon one thing follows another leaves out what was asked for, and which limit would not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from framecue.library import InOrder

if TYPE_CHECKING:
    from framecue.library import Hit, Library, Query, SearchOptions

__all__ = ["least_within", "within_hint"]

# Among so many of the best the one that follows soonest is looked for, and so often again among sooner ones.
_MOST_LOOKED_AT, _MOST_SEARCHES = 100, 10
# Times that differ by less are the same.
_INSTANT_SECONDS = 1e-3


def within_hint(
    library: Library, query: Query | InOrder, hits: Sequence[Hit], options: SearchOptions, *, mark: str = "--"
) -> str | None:
    """Return in a sentence that a limit on the time, and nothing else, leaves out what fits; None if it does not.

    Args:
        library: that was searched.
        query: what was asked.
        hits: what was found: something, of which it is known that nothing fits.
        options: of the search.
        mark: what stands before the name of an option, or of a command.
    """
    if not hits or options.offset or any(hit.fits is not False for hit in hits):
        return None
    seconds = least_within(library, query, options, is_enough=lambda hit: hit.fits is True)
    if seconds is None or not isinstance(query, InOrder):
        return None
    return f"nothing fits that comes within {query.within_seconds:g} s; with {mark}within {seconds:g} something does"


def least_within(
    library: Library, query: Query | InOrder, options: SearchOptions, *, is_enough: Callable[[Hit], bool]
) -> float | None:
    """Return the least time within which one thing would have to come after another, in seconds, rounded up to tenths.

    Args:
        library: that was searched.
        query: what was asked.
        options: of the search.
        is_enough: whether a result is good enough.

    Returns:
        None if no time would do, or the query has no limit on it.
    """
    if not isinstance(query, InOrder) or query.within_seconds is None:
        return None
    some = replace(options, k=_MOST_LOOKED_AT, offset=0, all_moments=True, explain=False, refine=False)
    least: float | None = None
    for _ in range(_MOST_SEARCHES):
        # Each is the best that ends where it does; sooner ones may come to light without what takes longer.
        sooner = None if least is None else least - _INSTANT_SECONDS
        if sooner is not None and sooner < query.within_seconds:
            break
        found = library.search(replace(query, within_seconds=sooner), options=some)
        if not (enough := [hit for hit in found if is_enough(hit)]):
            break
        least = min(map(_longest_wait, enough))
    return None if least is None else math.ceil(10 * least) / 10


def _longest_wait(hit: Hit) -> float:
    """Return the longest time from the end of one part of a hit to the beginning of the next, in seconds."""
    waits = (later.start_seconds - earlier.end_seconds for earlier, later in pairwise(hit.parts))
    return max(0.0, *waits)
