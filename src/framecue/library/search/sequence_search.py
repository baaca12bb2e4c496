"""Searching for one thing after another: the best moments for each part, joined over time within a video.

No file is read and nothing is encoded again: the nearest segments of each part, and what other legs of a search find
for it, are the moments; each has a value for each part, and ``sequence.py`` joins them.

Shapes: P parts of a query, S moments of one video, E the embedding's width.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import chain, islice
from operator import or_

import numpy as np

from framecue.library.search.box import LEG_NAMES
from framecue.library.search.found import Found, span_of
from framecue.library.search.legs import seen
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.legs.said import Said
from framecue.library.search.legs.seen import find_seen
from framecue.library.search.legs.written import Written
from framecue.library.search.one_box import joined_worth
from framecue.library.search.sequence import Chain, Repeats, best_chains
from framecue.library.search.weights import LegWeights
from framecue.library.store import Match

__all__ = ["LEAST_CHANCE", "NEAREST_SEGMENTS", "find_in_order"]

NEAREST_SEGMENTS = 2048
"""How many of the nearest segments of each part are joined; a library with fewer is joined as a whole."""
# Who says "then" mostly means soon: what a second between two things takes from the logarithm of their chances, and
# what any time takes at most. Chosen on films of other seeds than benchmarks/answers.py reports.
_SECOND_COSTS, _COSTS_AT_MOST = 1 / 15, 1.0
# Legs say how surely anything like a moment is there. That it is this one, and none of those that are much like it, has
# odds that are so many times less; of two that surely are what is meant, the nearer one is then still likelier. Chosen
# on films of other seeds, too.
_ODDS_OF_ANOTHER = 8.0
# How much an hour weighs beyond that: little beside how well they fit, but of two equal ones the nearer wins.
_AN_HOUR = 10.0
# What is said and what is written meanwhile are different words, and a meaning is that of either.
_SAID, _WRITTEN = 1, 2
_WORDS_OF = {Said.name: _SAID, Written.name: _WRITTEN}
LEAST_CHANCE = 1e-4
"""What a chance is at least: one of nothing would rule a moment out, whatever its other parts say."""

Chances = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""Gives, of cosines (S,) with one query and vectors (S, E), the chance in [0, 1] of each moment to be what is meant."""


@dataclass
class _Video:
    """The moments of a video, and for each part of a query the chances of what is seen, cosines and legs by number."""

    moments: list[Found] = field(default_factory=list)
    chances: list[dict[int, float]] = field(default_factory=list)
    scores: list[dict[int, float]] = field(default_factory=list)
    legs: list[dict[int, dict[str, LegMatch]]] = field(default_factory=list)
    places: dict[tuple[float, float], int] = field(default_factory=dict)

    def place(self, moment: Found) -> int:
        """Return the number of a moment, which is kept if it is new."""
        times = moment.start_seconds, moment.end_seconds
        if times not in self.places:
            self.places[times] = len(self.moments)
            self.moments.append(moment)
        return self.places[times]

    def note(self, part: int, place: int, found: LegMatch) -> None:
        """Note that a leg has found a moment for a part; of what it has found there, the strongest stays."""
        legs = self.legs[part].setdefault(place, {})
        if found.leg not in legs or found.strength > legs[found.leg].strength:
            legs[found.leg] = found

    def words_of(self, place: int) -> int:
        """Return which words a moment is, in bits; 0 for a segment, which is more than the words in it."""
        if self.moments[place].own_seconds is None:
            return 0
        told = chain.from_iterable(by_place.get(place, ()) for by_place in self.legs)
        return reduce(or_, (_WORDS_OF.get(leg, _SAID | _WRITTEN) for leg in told), 0)

    def is_told_again(self, part: int, before: int, place: int) -> bool:
        """Whether the line that tells a part at a moment has told the part before at another already.

        A line of which nobody knows when it is said stands in each segment that it reaches into.
        """
        if self.moments[before].end_seconds < self.moments[place].start_seconds:
            return False
        told, earlier = (
            self.legs[number].get(moment, {}).get(Said.name) for number, moment in ((part, place), (part - 1, before))
        )
        return bool(told and told.lines and earlier and set(told.lines) <= set(earlier.lines))


def find_in_order(
    parts: Sequence[Asked],
    chances: Sequence[Chances],
    legs: Callable[[Asked], Iterable[LegMatch]],
    *,
    asks_seen: Sequence[bool],
    within_seconds: float | None,
) -> list[Found]:
    """Return what happens in the order of the parts, best first.

    Args:
        parts: what each part is about, in order.
        chances: tell for each part what cosines with it mean.
        legs: asks the legs that look for words.
        asks_seen: of each part, whether anything of it is to be seen.
        within_seconds: how long after the end of one moment the next begins at most; None for any time.

    Returns:
        At most one for each moment that can be the last, with its parts; those of a video may overlap.
    """
    nearest = [
        list(islice(find_seen(replace(asked, first=NEAREST_SEGMENTS)), NEAREST_SEGMENTS)) if is_seen else []
        for asked, is_seen in zip(parts, asks_seen, strict=True)
    ]
    said = [[one for one in legs(asked) if not one.is_of_file] for asked in parts]
    videos = _videos(nearest, said, num_parts=len(parts))
    for part, (asked, is_seen) in enumerate(zip(parts, asks_seen, strict=True)):
        if is_seen:
            _see(videos, asked, chances[part], part, nearest[part])
    found = [
        joined
        for video in videos.values()
        for joined in _joined(video, [asked.weights for asked in parts], within_seconds=within_seconds)
    ]
    # What adding up has rounded tells none from another.
    return sorted(found, key=lambda one: (-round(one.value, 9), one.match.key, one.own_seconds))


def _videos(
    nearest: Sequence[Sequence[Match]], said: Sequence[Sequence[LegMatch]], *, num_parts: int
) -> dict[str, _Video]:
    """Return the moments by video; those of words have what their legs have found."""
    videos: dict[str, _Video] = {}

    def of(path: str) -> _Video:
        every = range(num_parts)
        return videos.setdefault(
            path, _Video(chances=[{} for _ in every], scores=[{} for _ in every], legs=[{} for _ in every])
        )

    for match in (match for matches in nearest for match in matches):
        of(match.path).place(Found(match))
    for part, matches in enumerate(said):
        for one in matches:
            own = _own_seconds(one)
            video = of(one.match.path)
            place = video.place(Found(one.match, own_seconds=own))
            video.note(part, place, one)
            video.scores[part][place] = one.match.score
    return videos


def _own_seconds(found: LegMatch) -> tuple[float, float] | None:
    """Return when words are said or shown, if that is known more finely than the segment, within the video.

    The very words, not the line around them: one line may say both of two things, in their order.
    """
    if found.words_seconds is not None:
        start, end = found.words_seconds
    elif found.start_seconds is not None and found.end_seconds is not None:
        start, end = found.start_seconds, found.end_seconds
    else:
        return None
    end = min(end, found.match.duration_seconds)
    return (start, end) if end > start else None


def _see(videos: dict[str, _Video], asked: Asked, chances: Chances, part: int, nearest: Sequence[Match]) -> None:
    """Give all segments their chances for a part by what is seen."""
    ranks = {match.key: rank for rank, match in enumerate(nearest, start=1)}
    places = [
        (video, place, moment.match.vector)
        for video in videos.values()
        for place, moment in enumerate(video.moments)
        # The times of words are no segment: what is seen there is seen in the segment.
        if moment.own_seconds is None
    ]
    if not places:
        return
    vectors = np.stack([vector for _, _, vector in places]).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    scores = vectors @ asked.vector
    for (video, place, _), score, chance in zip(places, scores, chances(scores, vectors), strict=True):
        video.scores[part][place] = float(score)
        match = video.moments[place].match
        found = LegMatch(seen.NAME, match, ranks.get(match.key), float(score), max(0.0, float(score)))
        video.note(part, place, found)
        video.chances[part][place] = float(chance)


def _joined(video: _Video, weights: Sequence[LegWeights], *, within_seconds: float | None) -> list[Found]:
    num_parts = len(weights)
    starts = np.array([moment.start_seconds for moment in video.moments])
    ends = np.array([moment.end_seconds for moment in video.moments])
    values = np.full((num_parts, len(video.moments)), -np.inf)
    again = values.copy()
    for part, by_place in enumerate(video.legs):
        for place, by_leg in by_place.items():
            seen_chance = video.chances[part].get(place, 0.0)
            values[part, place] = _worth(by_leg, seen_chance, weights[part])
            has_lines = Said.name in by_leg and by_leg[Said.name].lines
            again[part, place] = (
                _worth(_without_lines(by_leg), seen_chance, weights[part]) if has_lines else values[part, place]
            )
    # What comes late costs, and what is then added for the beginning leaves the time between them.
    late = _AN_HOUR / 3600 * (starts + ends) / 2
    for each in (values, again):
        each[0] += late
        each[-1] -= late
    chains = best_chains(
        starts,
        ends,
        values,
        words=np.array([video.words_of(place) for place in range(len(video.moments))]),
        within_seconds=within_seconds,
        second_costs=_SECOND_COSTS,
        costs_at_most=_COSTS_AT_MOST,
        repeats=Repeats(again, video.is_told_again),
    )
    return [_found(video, one) for one in chains]


def _without_lines(by_leg: Mapping[str, LegMatch]) -> dict[str, LegMatch]:
    return {name: found for name, found in by_leg.items() if name != Said.name}


def _worth(by_leg: Mapping[str, LegMatch], seen_chance: float, weights: LegWeights) -> float:
    """Return the logarithm of how likely a moment is what a part means; no moment is one of which no leg tells."""
    return math.log(max(_chance(by_leg, seen_chance, weights), LEAST_CHANCE)) if by_leg else -math.inf


def _chance(by_leg: Mapping[str, LegMatch], seen_chance: float, weights: LegWeights) -> float:
    """Return how likely a moment, and no other, is what a part means, by all legs, which count here as in one box.

    There, what is seen is surely right from a confidence of `enough` on, and its cosine tells which moment is best.
    Here its confidence has to tell that too, so it is not cut off, and counts for more instead.
    """
    told = [(weights.of(leg), found.strength) for leg, found in by_leg.items() if leg != seen.NAME]
    chance = -math.expm1(-joined_worth([*told, (weights.seen / weights.enough, seen_chance)], weights))
    return chance / (chance + _ODDS_OF_ANOTHER * (1 - chance))


def _found(video: _Video, found: Chain) -> Found:
    """Return the span of a chain; its score is the mean of its moments'."""
    parts = []
    for part, (place, scores, by_place) in enumerate(zip(found.moments, video.scores, video.legs, strict=True)):
        moment = video.moments[place]
        by_leg = by_place.get(place, {})
        if part and video.is_told_again(part, found.moments[part - 1], place):
            by_leg = _without_lines(by_leg)
        legs = tuple(by_leg[name] for name in LEG_NAMES if name in by_leg)
        parts.append(replace(moment, match=replace(moment.match, score=scores[place]), legs=legs))
    return Found(
        replace(parts[0].match, score=float(np.mean([part.score for part in parts]))),
        value=found.value,
        own_seconds=span_of(parts),
        parts=tuple(parts),
    )
