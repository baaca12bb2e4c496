"""A page of what happens one after another, alone or in competition with the same sentence as a whole."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice

import numpy as np

from framecue.library.search.found import Found, apart, best_of_each_video
from framecue.library.search.legs.leg import Asked
from framecue.library.search.one_box import find_words
from framecue.library.search.query import SearchOptions
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.search.ranking import moments
from framecue.library.search.sequence_search import Chances, find_in_order
from framecue.library.search.weights import WEIGHTS
from framecue.library.store import Store

__all__ = ["find_either_way", "find_parts_in_order"]


def find_parts_in_order(
    store: Store,
    parts: Sequence[EncodedQuery],
    options: SearchOptions,
    chances: Chances,
    *,
    within_seconds: float | None = None,
    where: str | None = None,
) -> list[Found]:
    """Return a page of the moments in which the parts happen one after another, best first.

    Args:
        store: the library.
        parts: in their order.
        options: which results.
        chances: tells what cosines mean.
        within_seconds: how long after the end of one the next begins at most; None for any time.
        where: an SQL condition on the segments that are looked at.
    """
    return _page(iter(_joined(store, parts, options, chances, within_seconds, where)), options)


def find_either_way(
    store: Store,
    whole: EncodedQuery,
    parts: Sequence[EncodedQuery],
    options: SearchOptions,
    chances: Chances,
    *,
    where: str | None = None,
) -> list[Found]:
    """Return a page for a sentence that may be understood as a whole, or as parts that happen one after another.

    What is surer as parts than anything is as a whole comes first, and then everything as a whole.

    Args:
        store: the library.
        whole: the sentence.
        parts: its parts, in their order.
        options: which results.
        chances: tells what cosines mean.
        where: an SQL condition on the segments that are looked at.
    """
    found = moments(
        store,
        whole.vector,
        options,
        terms=whole.query.wanted_terms,
        asks_seen=whole.query.asks_seen,
        where=where,
    )
    first = list(islice(found, 1))
    surest = _chance(first[0], whole, chances) if first else 0.0
    joined = _joined(store, parts, options, chances, None, where)
    surer = [one for one in joined if one.chance is not None and one.chance > surest]
    return _page(chain(surer, first, found), options)


def _chance(found: Found, whole: EncodedQuery, chances: Chances) -> float:
    """Return how surely a moment is what a sentence says, by what is seen or by the words that were found."""
    seen = float(chances(whole.vector, np.array([found.score]))[0])
    return max([seen, *(leg.strength for leg in found.legs if leg.leg != "seen")])


def _joined(
    store: Store,
    parts: Sequence[EncodedQuery],
    options: SearchOptions,
    chances: Chances,
    within_seconds: float | None,
    where: str | None,
) -> list[Found]:
    weights = options.weights or WEIGHTS
    asked = [
        Asked(store, part.vector, part.query.wanted_terms, where, weights=weights) for part in parts
    ]
    is_seen = not options.only or "seen" in options.only
    return find_in_order(
        asked,
        chances,
        partial(find_words, only=options.only),
        asks_seen=[is_seen and part.query.asks_seen for part in parts],
        within_seconds=within_seconds,
    )


def _page(found: Iterator[Found], options: SearchOptions) -> list[Found]:
    """Return a page of moments: at most one of each video, or none that overlaps a better one."""
    folded = apart(found) if options.all_moments else best_of_each_video(found)
    floor = -np.inf if options.min_score is None else options.min_score
    wanted = (one for one in folded if one.score >= floor)
    return list(islice(wanted, min(options.offset, sys.maxsize), min(options.offset + options.k, sys.maxsize)))
