"""How surely a moment shows or says all of a sentence that tells of one thing after another, and not one of them alone.

What is said of one half, word for word, is no more than one half of what was asked, however sure it is. So each part is
judged by what may be about it: a leg that has found words of one part alone, or a meaning that is as near to one part
as to the sentence, says nothing of the others. What is seen is judged by the vector of the whole sentence.

A sentence of two things comes nearer to what lies between them, or has a little of both, than either thing does. So
where the sentence says an order and nothing else, a meaning is as sure of each part as that part's own meaning there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from framecue.library.results import FITS_FROM
from framecue.library.search.found import Found
from framecue.library.search.judge import Judge, confidence_of_words, least_sure
from framecue.library.search.legs.coverage import Seeker
from framecue.library.search.legs.leg import LegMatch
from framecue.library.search.legs.meaning import Meaning
from framecue.library.search.legs.seen import NAME
from framecue.library.search.query import Query

__all__ = ["WholeJudge"]

FindWords = Callable[[], Sequence[Iterable[LegMatch]]]
"""Finds for each part of a sentence what the legs that look for words have."""


@dataclass(frozen=True)
class WholeJudge(Judge):
    """Judges moments that were found for a sentence as a whole: each is as sure as the part that is least sure there.

    Attributes:
        parts: what the sentence says happens one after another.
        find_words: finds the words of each part; asked once, and only if a meaning was found.
        says_only_order: whether the sentence says an order and cannot be one thing.
    """

    parts: tuple[Query, ...] = ()
    find_words: FindWords = tuple
    says_only_order: bool = False

    def of(self, found: Found) -> float | None:
        """Return the confidence of a moment, in [0, 1]: that of its least sure part; None if it cannot be said."""
        return least_sure(self._of_parts(found, is_held_to_parts=True))

    def of_leg(self, found: Found, leg: LegMatch) -> float | None:
        """See `Judge.of_leg`: that of the part of which the leg is least sure."""
        alone = super().of_leg(found, leg)
        if leg.leg == NAME:
            return alone if all(part.asks_seen for part in self.parts) or alone is None else 0.0
        told = self._told(leg)
        every = [confidence_of_words(told[part]) if part in told else 0.0 for part in range(len(self.parts))]
        return None if alone is None else min(every)

    def of_parts(self, found: Found) -> list[float | None]:
        """Return for each part how surely it is there, in [0, 1], by all that may be about it; None if unknown.

        A meaning that may be about all is as sure of each here: it speaks for the sentence as a whole.
        """
        return self._of_parts(found, is_held_to_parts=False)

    def is_of_all(self, leg: LegMatch) -> bool:
        """Whether something found may be about all parts, and not about one or some of them alone."""
        return len(self._parts_of(leg)) == len(self.parts)

    def _of_parts(self, found: Found, *, is_held_to_parts: bool) -> list[float | None]:
        told = [self._told(leg) if is_held_to_parts else self._told_of_parts(leg) for leg in found.legs]
        return [
            self._of_part(number, replace(found, legs=tuple(by_part[number] for by_part in told if number in by_part)))
            for number in range(len(self.parts))
        ]

    def _told_of_parts(self, leg: LegMatch) -> dict[int, LegMatch]:
        """Return what something found says of the parts that it may be about, by their numbers."""
        return dict.fromkeys(self._parts_of(leg), leg)

    def _told(self, leg: LegMatch) -> dict[int, LegMatch]:
        """Return the same; of an order, a meaning is no surer of a part than the part's own meaning is there."""
        if not self.says_only_order or leg.words or leg.leg != Meaning.name:
            return self._told_of_parts(leg)
        near = self._near(leg)
        return {number: replace(leg, strength=min(leg.strength, sure)) for number, sure in enumerate(near)}

    def _of_part(self, number: int, found: Found) -> float | None:
        asks_seen = self.parts[number].asks_seen
        confidence = Judge(self.seen if asks_seen else None, self.words).of(found)
        # Words that are found nowhere at the moment are not there; what is seen may be beyond judging.
        return 0.0 if confidence is None and not asks_seen else confidence

    def _parts_of(self, leg: LegMatch) -> set[int]:
        """Return the numbers of the parts that something found may be about: one alone, several, or all."""
        every = set(range(len(self.parts)))
        if leg.words and not (leg.is_exact and self._is_plain):
            # The words of the order belong to no part.
            told = frozenset[str]().union(*self._words).intersection(leg.words)
            # Of parts with the same words one is told: who asks for a word twice, one after the other, means two.
            alone = {
                number
                for number, words in enumerate(self._words)
                if told <= words and words not in self._words[:number]
            }
            return (alone or every) if told else set()
        if leg.words or leg.leg != Meaning.name:
            return every
        near = self._near(leg)
        # As near to a part as to the sentence, it has nothing of the other parts.
        if max(near, default=0.0) >= leg.strength:
            return {near.index(max(near))}
        # A little nearer to the sentence than to a part, as a longer text mostly is, it is still what that part means,
        # and not what others mean that do not fit it by themselves.
        return {number for number, strength in enumerate(near) if strength >= FITS_FROM} or every

    def _near(self, leg: LegMatch) -> list[float]:
        """Return for each part how surely it is meant where a meaning was found, in [0, 1]."""
        return [max((one.strength for one in told if _is_same(one, leg)), default=0.0) for told in self._meanings]

    @property
    def _is_plain(self) -> bool:
        """Whether no quotes and no prefixes divide the sentence, so that a phrase that was found is all of it."""
        return not any(term.leg or term.exact for part in self.parts for term, _ in part.wanted_terms)

    @cached_property
    def _words(self) -> list[frozenset[str]]:
        """The words of each part, as they are compared."""
        return [
            frozenset(
                word
                for term, _ in part.wanted_terms
                for seeker in (Seeker(term.text), Seeker(term.text, term.exact))
                for word in seeker.words
            )
            for part in self.parts
        ]

    @cached_property
    def _meanings(self) -> list[list[LegMatch]]:
        """What is meant by each part, where it was found."""
        return [[one for one in told if one.leg == Meaning.name] for told in self.find_words()]


def _is_same(one: LegMatch, other: LegMatch) -> bool:
    """Whether two meanings are those of words of one file at the same time."""
    if one.match.path != other.match.path or one.start_seconds is None or other.start_seconds is None:
        return one.match.key == other.match.key
    ends = (one.end_seconds or one.start_seconds), (other.end_seconds or other.start_seconds)
    return min(ends) > max(one.start_seconds, other.start_seconds)
