"""The leg of what is meant: what is said or written whose meaning is near the query's, whatever words it uses."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np

from framecue.errors import ModelError
from framecue.library.search.box import Term
from framecue.library.search.fusion import shared_ranks
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.store import Store
from framecue.library.store.passages import PassageState
from framecue.words.sentences import SentenceEncoder, SentenceFingerprint

__all__ = ["Meaning", "strengths"]

logger = logging.getLogger(__name__)

# How many moments are asked for: the best of them are ever fused.
_LIMIT = 200
# By so many rows of the library it is seen how near its texts are to the query as a rule.
_NUM_SAMPLED = 256
# What the encoder's cosines of unrelated texts count beside these, in rows: in a library of a few sentences, one that
# was meant is a good part of them.
_PRIOR_ROWS = 30
# So many deviations above the usual cosine a meaning is as likely a chance as not, and below so many it is no find at
# all. Of the best of some hundred sentences, one about something else is at 3 to 5.
_EVEN, _STEEPNESS, _LEAST = 5.0, 1.0, 3.0

# What is likelier to be meant than not, and no longer than a sentence, is a moment of its own.
_LIKELY, _LONGEST_SECONDS = 0.5, 10.0


class Meaning:
    """Finds passages and sentences by their meaning; it keeps the encoder of the library that was searched last."""

    name = "meaning"

    def __init__(self) -> None:
        self._lock = Lock()
        self._encoder: SentenceEncoder | None = None

    def is_there(self, store: Store) -> bool:
        """See `Leg.is_there`."""
        return store.passages.table() is not None

    def lacking(self, store: Store) -> str | None:
        """See `Leg.lacking`."""
        if store.passages.count():
            return None
        if store.passages.table() is not None:
            return "no words of its videos are known; `framecue index PATHS --speech` listens to them"
        return "nobody has asked for the meaning of its words; `framecue index PATHS --meaning` makes it findable"

    def find(self, asked: Asked) -> Iterator[LegMatch]:
        """See `Leg.find`.

        Raises:
            ModelError: this leg alone is asked, and the sentence encoder is no longer there.
            LibraryError: the library cannot be read.
        """
        # What is in quotes is to be found as it stands, of which a meaning knows nothing.
        terms = [(term, weight) for term, weight in asked.terms if asked.is_alone or not term.exact]
        state = asked.store.passages.state()
        if state is None or not terms:
            return
        try:
            meaning = _meaning(self._encoder_of(state.fingerprint), terms)
        except ModelError as error:
            if asked.is_alone:
                raise
            logger.warning("meanings were not looked for: %s", error)
            return
        found = asked.store.search_passages(meaning, asked.vector, limit=_LIMIT, where=asked.where)
        scores = np.array([match.score for match in found], dtype=np.float64)
        above = _deviations(scores, asked.store, state, meaning)
        ranks = shared_ranks((place, match.score) for place, match in enumerate(found))
        for place, (match, strength) in enumerate(zip(found, strengths(above).tolist(), strict=True)):
            if above[place] < _LEAST and not asked.is_alone:
                return
            yield LegMatch(
                leg=self.name,
                match=match.match,
                rank=ranks[place],
                score=match.score,
                strength=strength,
                start_seconds=match.text.start_seconds,
                end_seconds=match.text.end_seconds,
                text=match.text.text,
                is_moment=strength >= _LIKELY and match.text.end_seconds - match.text.start_seconds <= _LONGEST_SECONDS,
            )

    def _encoder_of(self, fingerprint: SentenceFingerprint) -> SentenceEncoder:
        from framecue.exported.sentences import load_sentence_encoder  # a library without meanings never needs it

        with self._lock:
            if self._encoder is None or self._encoder.fingerprint != fingerprint:
                self._encoder = load_sentence_encoder(fingerprint)
            return self._encoder


def strengths(deviations: np.ndarray) -> np.ndarray:
    """Return how surely meanings are the ones that were asked for, in [0, 1].

    Args:
        deviations: how far their cosines are above what is usual for the query, in standard deviations.
    """
    found: np.ndarray = 1 / (1 + np.exp(-_STEEPNESS * (deviations - _EVEN)))
    return found


def _meaning(encoder: SentenceEncoder, terms: Sequence[tuple[Term, float]]) -> np.ndarray:
    """Return the vector float32 (E,) of unit length of some texts with their weights."""
    vectors = encoder.embed_queries([term.text for term, _ in terms])
    mean = np.array([weight for _, weight in terms], dtype=np.float32) @ vectors
    unit: np.ndarray = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


def _deviations(scores: np.ndarray, store: Store, state: PassageState, meaning: np.ndarray) -> np.ndarray:
    """Return how far cosines are above what is usual for the query in this library, in standard deviations."""
    mean, deviation = state.unrelated
    vectors = store.passages.sample(_NUM_SAMPLED).astype(np.float32)
    if len(vectors):
        usual = vectors @ meaning / np.linalg.norm(vectors, axis=1)
        middle = float(np.median(usual))
        # As the standard deviation of a normal distribution, but a few that are near do not widen it.
        spread = 1.4826 * float(np.median(np.abs(usual - middle)))
        share = len(vectors) / (len(vectors) + _PRIOR_ROWS)
        mean, deviation = share * middle + (1 - share) * mean, share * spread + (1 - share) * deviation
    return (scores - mean) / max(deviation, 1e-6)
