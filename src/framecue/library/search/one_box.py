"""One box: what all legs of a search have found, weighed and put in one order.

What a moment is worth is the sum of what each leg has to say of it, each a weight and a strength in [0, 1]: a convex
combination of scores that were brought to one scale, which Bruch, Gai and Ingber (2023) find to be better than a fusion
of ranks, as it knows by how much one is better. What only is seen is worth its cosine on that scale; so where no words
are found, and behind all that have some, the order is that of the search by vector.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from statistics import median

import numpy as np

from framecue.library.search.box import Term
from framecue.library.search.found import Found
from framecue.library.search.legs import seen
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.registry import LEGS
from framecue.library.search.legs.seen import find_seen
from framecue.library.search.query import SearchOptions
from framecue.library.search.weights import LegWeights
from framecue.library.store import Match

__all__ = ["asked_alone", "find_in_one_box", "find_words"]

# By so many of the nearest segments the scale of what is seen is made. It does not depend on the page, so the pages of
# a query fit together.
HEAD = 512
# Of one leg in one video, the strongest are weighed.
_MOST_IN_A_VIDEO = 64


def asked_alone(terms: Sequence[tuple[Term, float]], only: Sequence[str]) -> list[str]:
    """Return the legs that look for words and that somebody has named, by an option or by a prefix."""
    return [name for name in LEGS if name in only or any(term.leg == name for term, _ in terms)]


def find_in_one_box(asked: Asked, options: SearchOptions, *, asks_seen: bool) -> Iterator[Found]:
    """Yield all moments, best first.

    Args:
        asked: the query.
        options: which legs are asked.
        asks_seen: whether anything of the query is to be seen.
    """
    if options.only == (seen.NAME,):
        return map(Found, find_seen(asked)) if asks_seen else iter(())
    spoken = list(find_words(asked, options.only))
    if not options.all_moments:
        spoken = _nearest_of_files(spoken)
    is_seen = asks_seen and (not options.only or seen.NAME in options.only)
    if not spoken:
        return _with_ranks(find_seen(asked), all_moments=options.all_moments) if is_seen else iter(())
    # The scale must not depend on the least score, so the stream is cut off behind it.
    nearest = find_seen(replace(asked, floor=-np.inf)) if is_seen else iter(())
    head = list(islice(nearest, HEAD))
    stream = takewhile(lambda match: match.score >= asked.floor, chain(head, nearest))
    weights = asked.weights
    scale = _Scale(head, weights.seen)
    ranked = _with_ranks(stream, all_moments=options.all_moments)
    ranks = {found.match.key: found for found in _with_ranks(head, all_moments=options.all_moments)}
    moments = [moment for moment in _weighed(spoken, ranks, scale, weights) if moment.score >= asked.floor]
    if not options.all_moments:
        moments = _first_of_each_video(moments)
    told = {moment.match.key for moment in moments}
    rest = (replace(found, value=scale.value(found.match)) for found in ranked if found.match.key not in told)
    return heapq.merge(sorted(moments, key=_order), rest, key=_order)


def find_words(asked: Asked, only: Sequence[str]) -> Iterator[LegMatch]:
    """Yield what the legs that look for words have found, one leg after another.

    Args:
        asked: the query.
        only: the names of the legs that are asked; none for all.
    """
    alone = asked_alone(asked.terms, only)
    for name, leg in LEGS.items():
        own = [pair for pair in asked.terms if pair[0].leg == name]
        terms = own or [pair for pair in asked.terms if pair[0].leg is None]
        if terms and (not only or name in only or own) and leg.is_there(asked.store):
            yield from leg.find(replace(asked, terms=terms, is_alone=name in alone))


def _nearest_of_files(spoken: Iterable[LegMatch]) -> list[LegMatch]:
    """Return what was found, of what is true of a whole file the segment alone that is nearest to the query."""
    kept: dict[object, LegMatch] = {}
    for number, found in enumerate(spoken):
        key: object = (found.leg, found.match.path) if found.is_of_file else number
        if key not in kept or found.match.score > kept[key].match.score:
            kept[key] = found
    return list(kept.values())


class _Scale:
    """The scale of what is seen: from the middle of the nearest segments, worth nothing, to the nearest.

    Args:
        head: the nearest segments.
        weight: what the nearest is worth.

    Attributes:
        is_there: whether anything is seen at all.
    """

    def __init__(self, head: Sequence[Match], weight: float) -> None:
        self._zero = median(match.score for match in head) if head else 0.0
        self._width = head[0].score - self._zero if head else 0.0
        self.is_there = bool(head)
        self._weight = weight

    def strength(self, match: Match) -> float:
        """Return where a segment stands on it, in [0, 1]."""
        above = match.score - self._zero
        if not self.is_there or above < 0:
            return 0.0
        return min(1.0, above / self._width) if self._width > 0 else 1.0

    def value(self, match: Match) -> float:
        """Return what a segment is worth by what is seen in it."""
        return self._weight * self.strength(match)


def _with_ranks(stream: Iterable[Match], *, all_moments: bool) -> Iterator[Found]:
    """Yield what is seen, each with its place among the segments, or among the videos."""
    ranks: dict[object, int] = {}
    for match in stream:
        rank = ranks.setdefault(match.key if all_moments else match.path, len(ranks) + 1)
        yield Found(match, legs=(LegMatch(seen.NAME, match, rank, match.score, max(0.0, match.score)),))


@dataclass(frozen=True)
class _Place:
    """A moment to be weighed: its segment, and its own times if a phrase has some."""

    match: Match
    own_seconds: tuple[float, float] | None = None


def _weighed(
    spoken: Sequence[LegMatch], nearest: dict[tuple[str, float, float], Found], scale: _Scale, weights: LegWeights
) -> Iterator[Found]:
    """Yield the moments that words have found, and the nearest of the same videos, each with its worth."""
    by_path: dict[str, dict[str, list[LegMatch]]] = {}
    for found in spoken:
        by_path.setdefault(found.match.path, {}).setdefault(found.leg, []).append(found)
    seen_in: dict[str, Found] = {}
    for one in nearest.values():
        seen_in.setdefault(one.path, one)
    for path, by_leg in by_path.items():
        strongest = {
            leg: sorted(some, key=lambda found: -found.strength)[:_MOST_IN_A_VIDEO] for leg, some in by_leg.items()
        }
        best_seen = seen_in.get(path)
        places = dict.fromkeys(
            _place(found) for leg, some in by_leg.items() for found in (some if some[0].is_of_file else strongest[leg])
        )
        if best_seen is not None:
            places.setdefault(_Place(best_seen.match))
        for place in places:
            yield _worth(place, strongest, nearest.get(place.match.key), best_seen, scale, weights)


def _place(found: LegMatch) -> _Place:
    match, start, end = found.match, found.start_seconds, found.end_seconds
    # What lasts no time, or lies behind the last picture, can be neither cut out nor looked at.
    is_there = start is not None and end is not None and min(end, match.end_seconds) > max(start, match.start_seconds)
    if found.is_exact and start is not None and end is not None and is_there:
        return _Place(match, (start, end))
    return _Place(found.match)


def _worth(
    place: _Place,
    by_leg: dict[str, list[LegMatch]],
    own_seen: Found | None,
    best_seen: Found | None,
    scale: _Scale,
    weights: LegWeights,
) -> Found:
    """Return a moment with the sum of what each leg has to say of it, there or elsewhere in its video."""
    value = scale.value(place.match)
    if best_seen is not None:
        value = max(value, weights.elsewhere * scale.value(best_seen.match))
    legs: list[LegMatch] = []
    if own_seen is not None:
        legs += own_seen.legs
    elif scale.is_there:
        legs.append(LegMatch(seen.NAME, place.match, None, place.match.score, max(0.0, place.match.score)))
    for leg, matches in by_leg.items():
        there = next((found for found in matches if _place(found) == place), None)
        there = there or next((found for found in matches if _is_at(place, found)), None)
        elsewhere = weights.elsewhere * matches[0].strength
        strength = max(there.strength if there else 0.0, elsewhere)
        value += weights.of(leg) * strength
        legs.append(there or matches[0])
    return Found(place.match, value, tuple(legs), place.own_seconds)


def _is_at(place: _Place, found: LegMatch) -> bool:
    """Whether what a leg has found is true of a moment."""
    if found.is_of_file or found.match.key == place.match.key:
        return True
    start, end = place.own_seconds or (place.match.start_seconds, place.match.end_seconds)
    low = found.match.start_seconds if found.start_seconds is None else found.start_seconds
    high = found.match.end_seconds if found.end_seconds is None else found.end_seconds
    return min(end, high) > max(start, low)


def _first_of_each_video(moments: Iterable[Found]) -> list[Found]:
    best: dict[str, Found] = {}
    for moment in moments:
        if moment.path not in best or _order(moment) < _order(best[moment.path]):
            best[moment.path] = moment
    return list(best.values())


def _order(found: Found) -> tuple[float, float, str, bool, float]:
    return -found.value, -found.score, found.path, found.own_seconds is None, found.start_seconds
