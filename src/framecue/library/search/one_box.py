"""One box: what all legs of a search have found, weighed and put in one order.

Each leg says of a moment how likely it is the one that is asked for. The chance that all of them are wrong is the
product of the chances that each is, raised to its weight, and a moment is worth the negative logarithm of that. So
what one leg is sure of is worth more than what two are half sure of. Scores are added up, not ranks, as they know by
how much one is better (Bruch, Gai and Ingber, 2023). What only is seen is worth the more the higher its cosine; so
where no words are found, and behind all that have some, the order is that of the search by vector.

Something is always the nearest, whether or not the model knows the query's words. So what is seen counts by how surely
anything is there that looks like it, and a leg that has nothing to say does not push down what another leg has found.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, takewhile
from statistics import median

import numpy as np

from framecue.library.search.box import Term
from framecue.library.search.confidence import Confidence
from framecue.library.search.found import Found
from framecue.library.search.legs import seen
from framecue.library.search.legs.coverage import Seeker
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.registry import LEGS
from framecue.library.search.legs.seen import find_seen
from framecue.library.search.query import SearchOptions
from framecue.library.search.weights import LegWeights
from framecue.library.store import Match

__all__ = ["asked_alone", "find_in_one_box", "find_words", "joined_worth", "told_by_legs"]

# By so many of the nearest segments the scale of what is seen is made. It does not depend on the page, so the pages of
# a query fit together.
HEAD = 512
# Of one leg in one video, the strongest are weighed.
_MOST_IN_A_VIDEO = 64


def asked_alone(terms: Sequence[tuple[Term, float]], only: Sequence[str]) -> list[str]:
    """Return the legs that look for words and that somebody has named, by an option or by a prefix."""
    return [name for name in LEGS if name in only or any(term.leg == name for term, _ in terms)]


def find_in_one_box(
    asked: Asked, options: SearchOptions, *, asks_seen: bool, confidence: Confidence | None = None
) -> Iterator[Found]:
    """Yield all moments, best first.

    Args:
        asked: the query.
        options: which legs are asked.
        asks_seen: whether anything of the query is to be seen.
        confidence: how surely something with a score is what was asked for; None if nobody knows.
    """
    if options.only == (seen.NAME,):
        return map(Found, find_seen(asked)) if asks_seen else iter(())
    told = list(told_by_legs(asked, options.only))
    is_seen = asks_seen and options.asks_seen
    if not told:
        return _with_ranks(find_seen(asked), all_moments=options.all_moments) if is_seen else iter(())
    # Who asks for what is seen by its name says that it is to be seen.
    if any(term.leg == seen.NAME for term, _ in asked.terms):
        confidence = None
    # The scale must not depend on the least score, so the stream is cut off behind it.
    nearest = find_seen(replace(asked, floor=-np.inf)) if is_seen else iter(())
    head = list(islice(nearest, HEAD))
    stream = takewhile(lambda match: match.score >= asked.floor, chain(head, nearest))
    ranked = _with_ranks(stream, all_moments=options.all_moments)
    weights = asked.weights
    scale = _Scale(head, weights, confidence)
    spoken = _with_a_say(told, scale.chance_of_nearest)
    if not spoken:
        return ranked
    if not options.all_moments:
        spoken = _nearest_of_files(spoken)
    ranks = {found.match.key: found for found in _with_ranks(head, all_moments=options.all_moments)}
    moments = [moment for moment in _weighed(spoken, ranks, scale, asked) if moment.score >= asked.floor]
    if not options.all_moments:
        moments = _first_of_each_video(moments)
    weighed = {moment.match.key for moment in moments}
    rest = (replace(found, value=scale.value(found.match)) for found in ranked if found.match.key not in weighed)
    return heapq.merge(sorted(moments, key=_order), rest, key=_order)


def find_words(asked: Asked, only: Sequence[str]) -> Iterator[LegMatch]:
    """Yield what the legs that look for words have found, one leg after another, but for what is no more than usual.

    Args:
        asked: the query.
        only: the names of the legs that are asked; none for all.
    """
    return (found for found in told_by_legs(asked, only) if not found.is_usual)


def told_by_legs(asked: Asked, only: Sequence[str]) -> Iterator[LegMatch]:
    """Yield all that the legs that look for words have found, one leg after another.

    Args:
        asked: the query.
        only: the names of the legs that are asked; none for all.
    """
    alone = asked_alone(asked.terms, only)
    for name, leg in LEGS.items():
        own = [pair for pair in asked.terms if pair[0].leg == name]
        terms = own or [pair for pair in asked.terms if pair[0].leg is None]
        if terms and (not only or name in only or own) and leg.is_there(asked.store):
            share = _share_of(terms, asked)
            if not share:
                continue
            found = leg.find(replace(asked, terms=terms, is_alone=name in alone))
            yield from (found if share == 1 else (replace(one, strength=one.strength * share) for one in found))


def _share_of(terms: Sequence[tuple[Term, float]], asked: Asked) -> float:
    """Return how much of a say some texts have in a query, in [0, 1].

    Beside a picture of three times its weight a text has a third of a say, in words as in vectors.
    """
    heaviest = max((weight for _, weight in terms), default=0.0)
    return heaviest / max(heaviest, asked.heaviest) if heaviest else 0.0


def _with_a_say(told: Sequence[LegMatch], surest_seen: float) -> list[LegMatch]:
    """Return what counts: what is no more than usual does where nothing else is as sure.

    Beside something surer it could only change the order of what that has found.
    """
    surest = max((found.strength for found in told if not found.is_usual), default=0.0)
    return [found for found in told if not found.is_usual or found.strength > max(surest, surest_seen)]


def _nearest_of_files(spoken: Iterable[LegMatch]) -> list[LegMatch]:
    """Return what was found, of what is true of a whole file the segment alone that is nearest to the query."""
    kept: dict[object, LegMatch] = {}
    for number, found in enumerate(spoken):
        key: object = (found.leg, found.match.path) if found.is_of_file else number
        if key not in kept or found.match.score > kept[key].match.score:
            kept[key] = found
    return list(kept.values())


class _Scale:
    """The scale of what is seen: from the middle of the nearest segments, 0, to how surely the nearest is meant.

    Args:
        head: the nearest segments.
        weights: how much that counts.
        confidence: how surely it is what was asked for; None if nobody knows.

    Attributes:
        is_there: whether anything is seen at all.
        chance_of_nearest: how surely the nearest segment is what was asked for; 1 if nobody knows, 0 if there is none.
    """

    def __init__(self, head: Sequence[Match], weights: LegWeights, confidence: Confidence | None) -> None:
        self._zero = median(match.score for match in head) if head else 0.0
        self._width = head[0].score - self._zero if head else 0.0
        self.is_there = bool(head)
        self.chance_of_nearest = 1.0 if head else 0.0
        sure = known = 1.0
        if head and confidence is not None:
            self.chance_of_nearest = confidence.of_segment(head[0].score, head[0].vector)
            sure = min(1.0, self.chance_of_nearest / weights.enough) ** weights.doubt
            known = confidence.known
        unsure = weights.unsure * known
        self._sure = unsure + (1 - unsure) * sure
        self._weights = weights

    def chance(self, match: Match) -> float:
        """Return how surely a segment is what was asked for, by what is seen in it, in [0, 1]."""
        above = match.score - self._zero
        if not self.is_there or above < 0:
            return 0.0
        return self._sure * (min(1.0, above / self._width) if self._width > 0 else 1.0)

    def value(self, match: Match) -> float:
        """Return what a segment is worth of which nothing else is known."""
        return joined_worth([(self._weights.seen, self.chance(match))], self._weights)


def _with_ranks(stream: Iterable[Match], *, all_moments: bool) -> Iterator[Found]:
    """Yield what is seen, each with its place among the segments, or among the videos."""
    ranks: dict[object, int] = {}
    for match in stream:
        rank = ranks.setdefault(match.key if all_moments else match.path, len(ranks) + 1)
        yield Found(match, legs=(LegMatch(seen.NAME, match, rank, match.score, max(0.0, match.score)),))


@dataclass(frozen=True)
class _Place:
    """A moment to be weighed: its segment, and its own times if words have some."""

    match: Match
    own_seconds: tuple[float, float] | None = None


def _weighed(
    spoken: Sequence[LegMatch], nearest: dict[tuple[str, float, float], Found], scale: _Scale, asked: Asked
) -> Iterator[Found]:
    """Yield the moments that words have found, and the nearest of the same videos, each with its worth."""
    by_path: dict[str, dict[str, list[LegMatch]]] = {}
    for found in spoken:
        by_path.setdefault(found.match.path, {}).setdefault(found.leg, []).append(found)
    seen_in: dict[str, list[Found]] = {}
    for one in nearest.values():
        seen_in.setdefault(one.path, []).append(one)
    plain = [pair for pair in asked.terms if pair[0].leg is None]
    wanted = frozenset(Seeker(" ".join(term.text for term, _ in plain)).words)
    share = _share_of(plain, asked)
    unread = wanted.difference(wanted if asked.read is None else Seeker(asked.read).words)
    for path, by_leg in by_path.items():
        strongest = {
            leg: sorted(some, key=lambda found: -found.strength)[:_MOST_IN_A_VIDEO] for leg, some in by_leg.items()
        }
        video = _Video(strongest, seen_in.get(path, []), wanted, unread, share)
        for place in _places(by_leg, strongest, video.seen):
            yield _worth(place, video, nearest.get(place.match.key), scale, asked.weights)


@dataclass(frozen=True)
class _Video:
    """What was found in one video.

    Attributes:
        by_leg: the strongest of each leg that looks for words.
        seen: its nearest segments, best first.
        wanted: the words of the query that every leg looks for.
        unread: those of them that the model of what is seen was not asked for.
        share: how much of a say they have in the query, in [0, 1].
    """

    by_leg: Mapping[str, Sequence[LegMatch]]
    seen: Sequence[Found]
    wanted: frozenset[str]
    unread: frozenset[str]
    share: float


def _places(
    by_leg: Mapping[str, Sequence[LegMatch]], strongest: Mapping[str, Sequence[LegMatch]], seen_in: Sequence[Found]
) -> Iterable[_Place]:
    """Return the moments of a video that are to be weighed, each once."""
    found = [one for leg, some in by_leg.items() for one in (some if some[0].is_of_file else strongest[leg])]
    phrases = [span for one in found if one.is_exact and (span := _own_seconds(one)) is not None]
    places: dict[_Place, None] = {}
    for one in found:
        span = _own_seconds(one)
        # Nothing is a finer moment than the very words.
        if span is not None and not one.is_exact and any(_overlap(span, phrase) for phrase in phrases):
            span = None
        places[_Place(one.match, span)] = None
    if seen_in:
        places.setdefault(_Place(seen_in[0].match))
    return places


def _own_seconds(found: LegMatch) -> tuple[float, float] | None:
    """Return when something found begins and ends, if that is more than where its segment does."""
    start, end = found.start_seconds, found.end_seconds
    if not found.is_moment or start is None or end is None:
        return None
    # What lasts no time, or lies behind the last picture, can be neither cut out nor looked at.
    is_there = end > start and min(end, found.match.end_seconds) > max(start, found.match.start_seconds)
    return (start, end) if is_there else None


def _worth(place: _Place, video: _Video, own_seen: Found | None, scale: _Scale, weights: LegWeights) -> Found:
    """Return a moment with what all legs have to say of it, there or elsewhere in its video."""
    chance = scale.chance(place.match)
    if place.own_seconds is not None:
        # What is said goes on over the cut between two segments.
        both = (one.match for one in video.seen if _overlap(_seconds(one.match), place.own_seconds))
        chance = max([chance, *map(scale.chance, both)])
    if video.seen:
        chance = max(chance, weights.seen_elsewhere * scale.chance(video.seen[0].match))
    told = [(weights.seen, chance)]
    legs: list[LegMatch] = []
    if own_seen is not None:
        legs += own_seen.legs
    elif scale.is_there:
        legs.append(LegMatch(seen.NAME, place.match, None, place.match.score, max(0.0, place.match.score)))
    there = []
    for leg, matches in video.by_leg.items():
        own = next((found for found in matches if _is_very(place, found)), None)
        own = own or next((found for found in matches if _is_at(place, found)), None)
        elsewhere = weights.elsewhere * matches[0].strength
        strength = max(own.strength if own else 0.0, elsewhere)
        told.append((weights.of(leg), strength))
        legs.append(own or matches[0])
        if own is not None:
            there.append(own)
    told.append((weights.rest, _rest(there, video.wanted)))
    told.append((weights.unread, video.share * chance * _share_told(there, video.unread)))
    return Found(place.match, joined_worth(told, weights), tuple(legs), place.own_seconds)


def joined_worth(told: Iterable[tuple[float, float]], weights: LegWeights) -> float:
    """Return what several chances to be what was asked for are worth together.

    Args:
        told: of each, how much it counts, and the chance, in [0, 1].
        weights: say how sure anything can be.
    """
    return sum(-weight * math.log1p(-weights.certain * chance) for weight, chance in told)


def _rest(there: Sequence[LegMatch], wanted: frozenset[str]) -> float:
    """Return how much of what a text lacks of a query the other texts at the same moment have, in [0, 1].

    One word of a name is next to nothing beside a long query, unless a sentence that is said there has all the others.

    Args:
        there: what was found at the moment.
        wanted: the words of the query.
    """
    # A meaning has no words.
    there = [found for found in there if found.words]
    if len(there) < 2:
        return 0.0
    first = max(there, key=lambda found: found.strength)
    lacking = wanted.difference(first.words)
    told = lacking.intersection(word for found in there for word in found.words)
    return first.strength * len(told) / len(lacking) if lacking else 0.0


def _is_very(place: _Place, found: LegMatch) -> bool:
    """Whether a moment is the very one that a leg has found."""
    return found.match.key == place.match.key and _own_seconds(found) == place.own_seconds


def _is_at(place: _Place, found: LegMatch) -> bool:
    """Whether what a leg has found is true of a moment."""
    if found.is_of_file or found.match.key == place.match.key:
        return True
    low, high = _seconds(found.match)
    low = low if found.start_seconds is None else found.start_seconds
    high = high if found.end_seconds is None else found.end_seconds
    return _overlap(place.own_seconds or _seconds(place.match), (low, high))


def _seconds(match: Match) -> tuple[float, float]:
    return match.start_seconds, match.end_seconds


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether two spans share half of the shorter one at least: at a cut, times are a frame or two off."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return shared > 0 and 2 * shared >= min(one[1] - one[0], other[1] - other[0])


def _first_of_each_video(moments: Iterable[Found]) -> list[Found]:
    best: dict[str, Found] = {}
    for moment in moments:
        if moment.path not in best or _order(moment) < _order(best[moment.path]):
            best[moment.path] = moment
    return list(best.values())


def _order(found: Found) -> tuple[float, bool, float, str, float]:
    # Of two moments that are worth the same, one is the words' own time and the other a segment around it.
    return -found.value, found.own_seconds is None, -found.score, found.path, found.start_seconds


def _share_told(there: Sequence[LegMatch], unread: frozenset[str]) -> float:
    """Return how many of the words that nobody can see are told at a moment, in [0, 1]; 0 if there are none.

    In "carnival a bee that spins" what is seen has all but one word, and a film with that in its name has this one.

    Args:
        there: what was found at the moment.
        unread: the words.
    """
    told = unread.intersection(word for found in there for word in found.words)
    return len(told) / len(unread) if unread else 0.0
