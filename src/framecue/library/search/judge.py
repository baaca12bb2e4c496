"""How surely a moment is what a query asks for: what is seen and what words say, put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from framecue.encoder import Encoder, known_share_of
from framecue.library.background import background_for
from framecue.library.search.confidence import Confidence, Yardstick
from framecue.library.search.found import Found
from framecue.library.search.legs import seen
from framecue.library.search.legs.leg import LegMatch
from framecue.library.search.legs.meaning import Meaning
from framecue.library.search.query import Query, SearchOptions
from framecue.library.search.query_vectors import EncodedQuery
from framecue.library.store import Store
from framecue.library.store.words import query_words

__all__ = ["Judge", "at_least", "confidence_of_words", "judges_of", "least_sure"]

# Moments come nearest first, but for those that words have found. After so many in a row that only their pictures
# speak for, and too little, none is waited for any more.
_ENOUGH = 512
# The words that a model does not know are looked for by others, or lead a text's vector astray, so what looks like one
# that is half unknown is worth much less than half. Chosen on films of other seeds than benchmarks/answers.py reports.
_ASTRAY = 2.5


@dataclass(frozen=True)
class Judge:
    """Judges the moments that were found for one query.

    Attributes:
        seen: judges what is seen; None if that cannot be said.
        words: the words that hybrid search looks for.
    """

    seen: Confidence | None
    words: frozenset[str] = frozenset()

    def of(self, found: Found) -> float | None:
        """Return the confidence of a moment, in [0, 1]: that of what speaks most for it; None if nothing can be said.

        A phrase that was found word for word is what was asked for, whatever the picture shows.
        """
        told = [confidence_of_words(leg) for leg in _of_words(found) if _is_there(found, leg)]
        if self.words and self.words <= set(found.match.words):
            told.append(1.0)
        if self.seen is not None:
            told.append(self.seen.of_segment(found.score, found.match.vector))
        return max(told, default=None)

    def of_leg(self, found: Found, leg: LegMatch) -> float | None:
        """Return the confidence of a moment by what one of its legs has found alone, in [0, 1].

        None if that cannot be said, or if what the leg has found lies elsewhere in the video.
        """
        if leg.leg == seen.NAME:
            return None if self.seen is None else self.seen.of_segment(found.score, found.match.vector)
        return confidence_of_words(leg) if _is_there(found, leg) else None


def judges_of(store: Store, model: Encoder, queries: Iterable[EncodedQuery], options: SearchOptions) -> Iterator[Judge]:
    """Yield a judge for each query.

    What is seen can be judged for texts alone: ordinary queries are texts, and say nothing of how near a picture is to
    the library's pictures.

    Args:
        store: the library.
        model: fits it.
        queries: encoded.
        options: what is searched.

    Raises:
        LibraryError: the library cannot be read.
    """
    yardstick: Yardstick | None = None
    is_made = False
    for encoded in queries:
        words = frozenset(query_words(" ".join(text for text, _ in encoded.query.wanted_texts)).split())
        words = words if options.hybrid else frozenset()
        if not _is_text_to_see(encoded.query):
            yield Judge(None, words)
            continue
        if not is_made:
            background, is_made = background_for(store, model), True
            yardstick = None if background is None else Yardstick.of(background)
        if yardstick is None:
            yield Judge(None, words)
        elif encoded.by_text is None:
            yield Judge(
                yardstick.confidence(encoded.vector, known=_known_share(model, encoded.query) ** _ASTRAY), words
            )
        else:
            yield Judge(yardstick.confidence_of_joined(encoded.vector), words)


def _known_share(model: Encoder, query: Query) -> float:
    """Return how much of what is to be seen is told in words that a model was made for; 1 where nothing is told."""
    if not query.seen_texts:
        return 1.0
    texts, weights = zip(*query.seen_texts, strict=True)
    return float(np.average(known_share_of(model, texts), weights=weights))


def _is_text_to_see(query: Query) -> bool:
    return query.asks_seen and bool(query.wanted_texts) and all(part.kind == "text" for part in query.parts)


def least_sure(confidences: Sequence[float | None]) -> float | None:
    """Return how surely all of several things are there, which is the least; None if one of them is unknown."""
    known = [one for one in confidences if one is not None]
    return min(known) if len(known) == len(confidences) else None


def at_least(moments: Iterable[Found], least: float, judge: Judge) -> Iterator[Found]:
    """Yield the moments of which it is not known that their confidence is less.

    Args:
        moments: best first.
        least: in [0, 1].
        judge: judges them.
    """
    in_a_row = 0
    for moment in moments:
        confidence = judge.of(moment)
        if confidence is None or confidence >= least:
            in_a_row = 0
            yield moment
        elif not _of_words(moment):
            in_a_row += 1
            if in_a_row >= _ENOUGH:
                return


def _of_words(found: Found) -> list[LegMatch]:
    return [leg for leg in found.legs if leg.leg != seen.NAME]


def confidence_of_words(leg: LegMatch) -> float:
    """Return how surely words are what was asked for: half of them are much less than half of what was asked.

    The strength of a meaning is a confidence already.
    """
    strength = min(1.0, max(0.0, leg.strength))
    if leg.is_exact:
        return 1.0
    return strength if leg.leg == Meaning.name else strength**2


def _is_there(found: Found, leg: LegMatch) -> bool:
    """Whether what a leg has found lies in the moment, and not elsewhere in its video."""
    if leg.is_of_file or leg.match.key == found.match.key:
        return True
    start = leg.match.start_seconds if leg.start_seconds is None else leg.start_seconds
    end = leg.match.end_seconds if leg.end_seconds is None else leg.end_seconds
    return min(end, found.end_seconds) >= max(start, found.start_seconds)
