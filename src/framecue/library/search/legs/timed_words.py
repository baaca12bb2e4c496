"""Words with times, for the legs that look at what is said and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from framecue.library.search.legs.coverage import Seeker, Sighting, strengths
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.snippets import snippet
from framecue.library.search.weights import LegWeights
from framecue.library.store import Match, WordMatch
from framecue.library.store.phrases import tokens_of
from framecue.words.timed_text import SAID, Kind

__all__ = ["timed_matches"]

# So many places of words are weighed at most.
_MOST = 500
# A line that lasts longer is no moment of its own: nobody knows where in it the words are.
_LONGEST_SECONDS = 15.0


class _Place(NamedTuple):
    """Where words are found: what they have of the query, which phrase they are, and whether only nearly so."""

    match: WordMatch
    sighting: Sighting
    phrase: str | None = None
    is_misheard: bool = False


def timed_matches(leg: str, kind: Kind, asked: Asked) -> list[LegMatch]:
    """Return where words of a query are said or written, best first.

    A text of several words is looked for as a phrase too: where it stands as it is, the moment is the words' own. Where
    several are found in one line that has all of them, or a part of the query as it stands, the moment is the line's.
    A phrase in quotes that is said nowhere as it stands is looked for where it may have been misheard.

    Args:
        leg: the leg's name.
        kind: whether what is said, or what is written.
        asked: what it is asked.
    """
    if asked.store.words.table() is None:
        return []
    places = _places(kind, asked)
    times = [(place.match.path, place.match.start_seconds, place.match.end_seconds) for place in places]
    segments = asked.store.segments_at(times, asked.vector)
    seeker = Seeker(asked.text, asked.exact)
    values = strengths(
        [place.sighting for place in places],
        seeker.words,
        num_texts=asked.store.num_timed_texts() if places else 0,
        weights=asked.weights,
        is_alone=asked.is_alone,
    )
    told: dict[str, set[str | None]] = {}
    for place in places:
        told.setdefault(place.match.path, set()).add(place.phrase)
    found: list[tuple[float, _Place, Match]] = []
    for value, place, segment in zip(values, places, segments, strict=True):
        strength = value if place.phrase is not None else value * asked.weights.scattered
        if asked.exact:
            # A film that has all of several phrases comes before one with some of them.
            strength = len(told[place.match.path]) / len(set(asked.exact))
        if place.is_misheard:
            strength *= asked.weights.misheard
        if segment is not None and strength > 0:
            found.append((strength, place, segment))
    found.sort(key=lambda one: (-one[0], -one[1].match.score, one[1].match.path, one[1].match.start_seconds))
    matches = []
    for rank, (strength, place, segment) in enumerate(found, start=1):
        one, sighting = place.match, place.sighting
        text, spans = snippet(one.text, one.spans or sighting.spans)
        matches.append(
            LegMatch(
                leg,
                segment,
                rank,
                one.score,
                strength,
                start_seconds=one.start_seconds,
                end_seconds=one.end_seconds,
                words_seconds=one.words_seconds,
                text=text,
                words=tuple(word for word in seeker.words if word in sighting.words),
                spans=spans,
                is_exact=place.phrase is not None and not place.is_misheard,
                is_moment=place.phrase is not None or _is_moment(one, sighting, seeker.words, asked.weights),
            )
        )
    return matches


def _is_moment(line: WordMatch, sighting: Sighting, wanted: Sequence[str], weights: LegWeights) -> bool:
    is_told = len(sighting.words) == len(wanted) or sighting.run >= weights.run_words or sighting.is_run_all
    return len(sighting.words) > 1 and is_told and line.end_seconds - line.start_seconds <= _LONGEST_SECONDS


def _places(kind: Kind, asked: Asked) -> list[_Place]:
    """Return where words are found."""
    seeker = Seeker(asked.text, asked.exact)
    # One word that is typed is no phrase; one in quotes is.
    phrases = asked.exact or [term.text for term, _ in asked.terms if len(tokens_of(term.text)) > 1]
    found: list[_Place] = []
    for phrase in phrases:
        exactly = asked.store.search_words(phrase, kinds=[kind], phrase=True, limit=_MOST, where=asked.where)
        found += [_Place(one, seeker.told(one.text, one.spans), phrase) for one in exactly]
        if asked.exact and not exactly and kind == SAID:
            nearly = asked.store.search_misheard(phrase, limit=_MOST, where=asked.where)
            found += [_Place(one, seeker.told(one.text, one.spans), phrase, is_misheard=True) for one in nearly]
    if asked.exact:
        return found
    known = {(place.match.path, place.match.text) for place in found}
    for one in asked.store.search_words(asked.text, kinds=[kind], limit=_MOST, where=asked.where):
        if (one.path, one.text) not in known:
            found.append(_Place(one, seeker.told(one.text, one.spans)))
    return found
