"""How much of a query a text has: its words, the rarer ones counting for more, and where they stand in it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from framecue.library.search.weights import LegWeights
from framecue.library.store.phrases import Token, phrase_places, tokens_of
from framecue.library.store.words import query_words

__all__ = ["Seeker", "Sighting", "strengths"]


@dataclass(frozen=True)
class Sighting:
    """What a text has of a query.

    Attributes:
        words: of the query, as they are compared, each once.
        spans: where they stand in the text: (start, end) in characters, in order.
        run: how many of them, common words aside, stand in the text one after the other as they do in the query.
        is_run_all: whether the text has no other words than these.
    """

    words: frozenset[str] = frozenset()
    spans: tuple[tuple[int, int], ...] = ()
    run: int = 0
    is_run_all: bool = False


class Seeker:
    """Looks for the words of a query in texts.

    Args:
        text: the query; its commonest English words are left out, unless it has no others.
        exact: phrases that have to stand in a text word for word; then nothing else of the query matters.

    Attributes:
        words: what is looked for, as words are compared, each once.
    """

    def __init__(self, text: str, exact: Sequence[str] = ()) -> None:
        self.phrases = [tokens for phrase in exact if (tokens := tokens_of(phrase))]
        wanted = [token for phrase in self.phrases for token in phrase] if exact else tokens_of(query_words(text))
        self.words = tuple(dict.fromkeys(token.text for token in wanted))
        self._order = [token.text for token in wanted]
        self._is_exact = bool(exact)

    def look(self, text: str) -> Sighting:
        """Return what a text has of it."""
        tokens = tokens_of(text)
        if self._is_exact:
            places = [[*phrase_places(phrase, tokens)] for phrase in self.phrases]
            if not places or not all(places):
                return Sighting()
            found = sorted((tokens[first].start, tokens[last - 1].end) for some in places for first, last in some)
            return Sighting(frozenset(self.words), tuple(found))
        return self._sighting(text, [token for token in tokens if token.text in self.words])

    def told(self, text: str, spans: Sequence[tuple[int, int]]) -> Sighting:
        """Return what a text has of it where somebody else has found the words, in whatever form of them.

        Args:
            text: the text.
            spans: where they are.
        """
        inside = [
            token for token in tokens_of(text) if any(start <= token.start and token.end <= end for start, end in spans)
        ]
        return self._sighting(text, inside)

    def _sighting(self, text: str, found: Sequence[Token]) -> Sighting:
        meant = {token.text: word for token in found if (word := self._meant(token.text))}
        spans = tuple((token.start, token.end) for token in found)
        words = frozenset(meant.values())
        if len(words) < 2:
            return Sighting(words, spans, len(words))
        told = [meant.get(token.text) for token in tokens_of(query_words(text))]
        run = _longest_run(told, self._order)
        return Sighting(words, spans, run, run == len(told))

    def _meant(self, form: str) -> str | None:
        """Return the word of the query of which a text has a form: itself, or the one that begins most alike."""
        if form in self.words:
            return form
        shared = {word: _shared(word, form) for word in self.words}
        best = max(shared, key=lambda word: shared[word], default=None)
        return best if best is not None and shared[best] >= 3 else None


def _longest_run(one: Sequence[str | None], other: Sequence[str]) -> int:
    """Return how many words at most two texts have one after the other in the same way."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(other):
        places.setdefault(word, []).append(place)
    best, ending = 0, dict[int, int]()
    for told in one:
        ending = {place: ending.get(place - 1, 0) + 1 for place in places.get(told or "", ())}
        best = max([best, *ending.values()])
    return best


def strengths(
    found: Sequence[Sighting], wanted: Sequence[str], *, num_texts: int, weights: LegWeights, is_alone: bool
) -> list[float]:
    """Return how surely each of some texts is what a query asks for, in [0, 1]; 0 for one with nothing to say.

    It is the share of the query's words that the text has, each with its inverse document frequency. A word that nearly
    all texts have tells none of them, so it is less by the square of the share of others that have its rarest word.

    A query may ask two things at once, so that no text has most of it. Then several words in a row are a match, and so
    is a text that has nothing else, such as a title of two words; what has some words anyhow is a hint and no more.

    Args:
        found: what each text has of the query; texts that have none of its words are left out.
        wanted: the words of the query.
        num_texts: how many texts were looked at.
        weights: how much coverage counts.
        is_alone: whether nothing else was asked; then little coverage is something to say, too.
    """
    frequency = Counter(word for sighting in found for word in sighting.words)
    total = max(num_texts, len(found), 1)
    rarity = {word: math.log1p((total - frequency[word] + 0.5) / (frequency[word] + 0.5)) for word in wanted}
    whole = sum(rarity.values())
    values = []
    for sighting in found:
        coverage = sum(rarity[word] for word in wanted if word in sighting.words) / whole if whole else 0.0
        if is_alone:
            values.append(coverage)
            continue
        above = max(0.0, coverage - weights.least_coverage) / (1 - weights.least_coverage)
        value = weights.hint * coverage + (1 - weights.hint) * above**weights.sharpness
        if sighting.run >= weights.run_words or (sighting.run > 1 and sighting.is_run_all):
            value = max(value, weights.run)
        common = (min((frequency[word] for word in sighting.words), default=total) - 1) / max(1, total - 1)
        values.append(value * (1 - common**2))
    return values


def _shared(one: str, other: str) -> int:
    """Return with how many characters two words begin alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
