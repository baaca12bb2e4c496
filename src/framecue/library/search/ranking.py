"""The engine of search: which moments a library returns for a query, and in which order.

Everything is a stream of moments, best first. A stream searches deeper as it is read further; keeping only the best
moment of each video leaves some out, and a page is a slice of the rest. So the pages of a query, put together,
are the same as one long page.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np

from framecue.library.search.box import Term
from framecue.library.search.found import Found, apart, best_of_each_video
from framecue.library.search.hybrid import FUSED_SEGMENTS, find_hybrid
from framecue.library.search.judge import Judge, at_least
from framecue.library.search.legs.leg import Asked
from framecue.library.search.one_box import find_in_one_box
from framecue.library.search.query import SearchOptions
from framecue.library.search.weights import WEIGHTS
from framecue.library.store import Store

__all__ = ["IsOut", "find", "moments", "nothing_is_out", "page"]

IsOut = Callable[[Found], bool]


def nothing_is_out(_found: Found) -> bool:
    """Return False: no moment is left out."""
    return False


def find(
    store: Store,
    vector: np.ndarray,
    options: SearchOptions,
    *,
    terms: Sequence[tuple[Term, float]] = (),
    asks_seen: bool = True,
    heaviest: float = 0.0,
    read: str | None = None,
    where: str | None = None,
    judge: Judge | None = None,
    is_out: IsOut = nothing_is_out,
) -> list[Found]:
    """Return one page of results.

    Args:
        store: the library, ready for full text search if hybrid search is wanted.
        vector: float32 (E,), unit length, the query's vector.
        options: which results.
        terms: the query's texts with their weights above 0, for the legs that look for words.
        asks_seen: whether anything of the query is to be seen.
        heaviest: the largest weight of a part of the query, pictures and all; 0 if that is one of the terms.
        read: what the model has read of the texts that every leg looks for; None for all of it.
        where: an SQL condition on the rows that are looked at.
        judge: tells how surely anything is seen, and judges the moments, for ``options.min_confidence``.
        is_out: whether a moment is left out, as if the library did not have it.

    Returns:
        At most ``options.k``, best first.
    """
    found = moments(
        store, vector, options, terms=terms, asks_seen=asks_seen, heaviest=heaviest, read=read, where=where, judge=judge
    )
    if judge is not None and options.min_confidence is not None:
        found = at_least(found, options.min_confidence, judge)
    return page(found, options, is_out=is_out)


def page(
    found: Iterable[Found],
    options: SearchOptions,
    *,
    is_wanted: Callable[[Found], bool] = lambda _: True,
    is_out: IsOut = nothing_is_out,
) -> list[Found]:
    """Return a page of moments: at most one of each video, or none that overlaps a better one.

    Args:
        found: all moments, best first.
        options: which page, and how little may score.
        is_wanted: whether a moment that was kept is shown.
        is_out: whether a moment is left out before it stands for its video, or for what overlaps it.
    """
    found = (moment for moment in found if not is_out(moment))
    folded = apart(found) if options.all_moments else best_of_each_video(found)
    floor = _floor(options)
    wanted = (moment for moment in folded if moment.score >= floor and is_wanted(moment))
    return list(islice(wanted, min(options.offset, sys.maxsize), min(options.offset + options.k, sys.maxsize)))


def moments(
    store: Store,
    vector: np.ndarray,
    options: SearchOptions,
    *,
    terms: Sequence[tuple[Term, float]] = (),
    asks_seen: bool = True,
    heaviest: float = 0.0,
    read: str | None = None,
    where: str | None = None,
    judge: Judge | None = None,
) -> Iterator[Found]:
    """Yield all moments of a library, best first, before those of a video are folded together.

    Args:
        store: as for :func:`find`, and so are the others.
        vector: the query's vector.
        options: which results; its page does not matter.
        terms: the query's texts.
        asks_seen: whether anything of the query is to be seen.
        heaviest: the largest weight of a part of the query, pictures and all; 0 if that is one of the terms.
        read: what the model has read of the texts that every leg looks for; None for all of it.
        where: an SQL condition.
        judge: tells how surely anything is seen; without one, the nearest is taken to be what was asked for.
    """
    first = max(options.offset + options.k, FUSED_SEGMENTS if options.hybrid else 0)
    asked = Asked(
        store,
        vector,
        terms,
        where,
        floor=_floor(options),
        first=first,
        heaviest=heaviest,
        read=read,
        weights=options.weights or WEIGHTS,
    )
    if options.hybrid:
        return map(Found, find_hybrid(asked, all_moments=options.all_moments))
    return find_in_one_box(asked, options, asks_seen=asks_seen, confidence=None if judge is None else judge.seen)


def _floor(options: SearchOptions) -> float:
    return -np.inf if options.min_score is None else options.min_score
