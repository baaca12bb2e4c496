"""A page of what happens one after another, alone or in competition with the same sentence as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from framecue.library.search.found import Found, apart, best_of_each_video
from framecue.library.search.query import SearchOptions

__all__ = ["one_page", "the_surer_first"]


def the_surer_first(joined: Sequence[Found], whole: Iterator[Found], whole_chance: float) -> Iterator[Found]:
    """Yield first what is surer as parts than anything is as a whole, then everything as a whole.

    Args:
        joined: the spans of parts, with their chances.
        whole: what was found for the sentence as a whole, best first.
        whole_chance: how surely the best of that is what is meant, in [0, 1].
    """
    surer = [one for one in joined if one.chance is not None and one.chance > whole_chance]
    return chain(sorted(surer, key=lambda one: -one.value), whole)


def one_page(found: Iterator[Found], options: SearchOptions) -> list[Found]:
    """Return a page of moments, at most one of each video or none that overlaps a better one."""
    folded = apart(found) if options.all_moments else best_of_each_video(found)
    floor = -float("inf") if options.min_score is None else options.min_score
    wanted = (one for one in folded if one.score >= floor)
    return list(islice(wanted, options.offset, options.offset + options.k))
