"""The leg of what is meant: what is said or written whose meaning is near the query's, whatever words it uses."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from threading import Lock

import numpy as np

from framecue.errors import ModelError
from framecue.library.background import meaning_background_for
from framecue.library.results import FITS_FROM
from framecue.library.search.box import Term
from framecue.library.search.confidence import MIDDLE, Confidence, Yardstick
from framecue.library.search.fusion import shared_ranks
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.store import Store
from framecue.library.store.passages import PassageState
from framecue.words.sentences import SentenceEncoder, SentenceFingerprint
from framecue.words.timed_text import SAID, WRITTEN, Kind

__all__ = ["Meaning"]

logger = logging.getLogger(__name__)

# How many moments are asked for: the best of them are ever fused.
_LIMIT = 200
# In a library of next to no words nothing tells what ordinary queries come to in it. Then the encoder's own cosines of
# unrelated texts do: so many of their deviations above their mean a meaning is as likely a chance as not, and they
# differ by so much. Of the best of some hundred sentences, one about something else is at 3 to 5.
_EVEN, _SPREAD = 5.0, 0.5
# What is said to fit, and is no longer than a sentence, is a moment of its own.
_LONGEST_SECONDS = 10.0


class Meaning:
    """Finds passages and sentences by their meaning; it keeps the encoder of the library that was searched last."""

    name = "meaning"

    def __init__(self) -> None:
        self._lock = Lock()
        self._encoder: SentenceEncoder | None = None

    def is_there(self, store: Store) -> bool:
        """See `Leg.is_there`."""
        return store.passages.num_rows() > 0

    def lacking(self, store: Store) -> str | None:
        """See `Leg.lacking`."""
        if store.passages.count():
            return None
        state = store.passages.state()
        if state is not None and state.is_unfinished:
            return "the meaning of its words was asked for and is not made yet; `framecue index PATHS` makes it"
        if state is not None:
            return (
                "no words are known that its sentence encoder can read; `framecue index PATHS --speech` listens to them"
            )
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
            encoder = self._encoder_of(state.fingerprint)
            meaning = _meaning(encoder, terms)
            if meaning is None:
                return
        except ModelError as error:
            if asked.is_alone:
                raise
            logger.warning("meanings were not looked for: %s", error)
            return
        found = asked.store.search_passages(meaning, asked.vector, limit=_LIMIT, where=asked.where)
        confidences = _confidences(asked.store, encoder, state)
        judged = [(confidences[match.text.kind].of(match.score), match) for match in found]
        judged.sort(key=lambda one: (-one[0], -one[1].score))
        ranks = shared_ranks((place, strength) for place, (strength, _) in enumerate(judged))
        for place, (strength, match) in enumerate(judged):
            yield LegMatch(
                leg=self.name,
                match=match.match,
                rank=ranks[place],
                score=match.score,
                strength=strength,
                start_seconds=match.text.start_seconds,
                end_seconds=match.text.end_seconds,
                text=match.text.text,
                is_usual=not asked.is_alone and match.score < confidences[match.text.kind].usual_best,
                is_moment=strength >= FITS_FROM
                and match.text.end_seconds - match.text.start_seconds <= _LONGEST_SECONDS,
            )

    def _encoder_of(self, fingerprint: SentenceFingerprint) -> SentenceEncoder:
        from framecue.exported.sentences import load_sentence_encoder  # a library without meanings never needs it

        with self._lock:
            if self._encoder is None or self._encoder.fingerprint != fingerprint:
                logger.info("loading the sentence encoder")
                self._encoder = load_sentence_encoder(fingerprint)
            return self._encoder


def _meaning(encoder: SentenceEncoder, terms: Sequence[tuple[Term, float]]) -> np.ndarray | None:
    """Return the vector float32 (E,) of unit length of some texts with their weights; None if it knows none of them."""
    known = [(text, weight) for term, weight in terms if (text := encoder.known_part(term.text))]
    if not known:
        return None
    vectors = encoder.embed_queries([text for text, _ in known])
    mean = np.array([weight for _, weight in known], dtype=np.float32) @ vectors
    unit: np.ndarray = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return unit


def _confidences(store: Store, encoder: SentenceEncoder, state: PassageState) -> dict[Kind, Confidence]:
    """Return what turns cosines into how surely a meaning is the one that is asked for, by the kind of the words."""
    background = meaning_background_for(store, encoder)
    if background is not None:
        yardstick = Yardstick.of(background)
        return {SAID: yardstick.confidence_of_meaning(), WRITTEN: yardstick.confidence_of_title()}
    mean, deviation = state.unrelated
    scale = max(_SPREAD * deviation, 1e-6)
    return dict.fromkeys((SAID, WRITTEN), Confidence(mean + _EVEN * deviation - MIDDLE * scale, scale))
