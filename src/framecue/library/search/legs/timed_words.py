"""Words with times, for the legs that look at what is said and written."""

from __future__ import annotations

from framecue.library.search.legs.coverage import Seeker, Sighting, strengths
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.snippets import snippet
from framecue.library.store import Match, WordMatch
from framecue.library.store.phrases import tokens_of
from framecue.words.timed_text import Kind

__all__ = ["timed_matches"]

# So many places of words are weighed at most.
_MOST = 500


def timed_matches(leg: str, kind: Kind, asked: Asked) -> list[LegMatch]:
    """Return where words of a query are said or written, best first.

    A text of several words is looked for as a phrase too: where it stands as it is, the moment is the words' own.

    Args:
        leg: the leg's name.
        kind: whether what is said, or what is written.
        asked: what it is asked.
    """
    if asked.store.words.table() is None:
        return []
    places = _places(kind, asked)
    times = [(one.path, one.start_seconds, one.end_seconds) for one, _, _ in places]
    segments = asked.store.segments_at(times, asked.vector)
    seeker = Seeker(asked.text, asked.exact)
    values = strengths(
        [sighting for _, sighting, _ in places],
        seeker.words,
        num_texts=asked.store.num_timed_texts() if places else 0,
        weights=asked.weights,
        is_alone=asked.is_alone,
    )
    told: dict[str, set[str | None]] = {}
    for one, _, phrase in places:
        told.setdefault(one.path, set()).add(phrase)
    found: list[tuple[float, WordMatch, Sighting, bool, Match]] = []
    for value, (one, sighting, phrase), segment in zip(values, places, segments, strict=True):
        strength = value if phrase is not None else value * asked.weights.scattered
        if asked.exact:
            # A film that has all of several phrases comes before one with some of them.
            strength = len(told[one.path]) / len(set(asked.exact))
        if segment is not None and strength > 0:
            found.append((strength, one, sighting, phrase is not None, segment))
    found.sort(key=lambda one: (-one[0], -one[1].score, one[1].path, one[1].start_seconds))
    matches = []
    for rank, (strength, one, sighting, is_phrase, segment) in enumerate(found, start=1):
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
                text=text,
                words=tuple(word for word in seeker.words if word in sighting.words),
                spans=spans,
                is_exact=is_phrase,
            )
        )
    return matches


def _places(kind: Kind, asked: Asked) -> list[tuple[WordMatch, Sighting, str | None]]:
    """Return where words are found, each with what it has of the query, and which phrase it is; None for none."""
    seeker = Seeker(asked.text, asked.exact)
    # One word that is typed is no phrase; one in quotes is.
    phrases = asked.exact or [term.text for term, _ in asked.terms if len(tokens_of(term.text)) > 1]
    found: list[tuple[WordMatch, Sighting, str | None]] = []
    for phrase in phrases:
        for one in asked.store.search_words(phrase, kinds=[kind], phrase=True, limit=_MOST, where=asked.where):
            found.append((one, seeker.told(one.text, one.spans), phrase))
    if asked.exact:
        return found
    known = {(one.path, one.text) for one, _, _ in found}
    for one in asked.store.search_words(asked.text, kinds=[kind], limit=_MOST, where=asked.where):
        if (one.path, one.text) not in known:
            found.append((one, seeker.told(one.text, one.spans), None))
    return found
