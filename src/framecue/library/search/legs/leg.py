"""What a leg of a search is asked, and what it answers: the one interface of all ways to find a moment.

A leg is one file here and one line in the registry. What it finds is weighed and put together in ``one_box.py``.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from framecue.library.search.box import Term
from framecue.library.search.weights import WEIGHTS, LegWeights
from framecue.library.store import Match, Store

__all__ = ["Asked", "Leg", "LegMatch"]


@dataclass(frozen=True)
class LegMatch:
    """A moment that one leg has found.

    Attributes:
        leg: the leg's name.
        match: the segment in which the moment lies, with its cosine to the query, whatever the leg has looked at.
        rank: its place in the leg's own order, 1 for the best; equals share one; None if that is far down.
        score: the leg's own, more is better; comparable within one leg and query only.
        strength: how surely it is what was asked for, in [0, 1]; of what is seen, its cosine. A leg with nothing to say
            yields nothing: what has none of the rarer words of a text is no weak match, but none.
        start_seconds: when the words begin that were found, if that is known more finely than the segment; else None.
        end_seconds: likewise, when they end.
        text: what was found, in one line, such as the sentence that is said; None for what is seen.
        words: the words of the query that are in it.
        spans: where in ``text`` they are: (start, end) in characters, in order.
        is_exact: whether it is a phrase found word for word.
        is_moment: whether its own times are those of the moment, and not its segment's.
        is_of_file: whether it is true of all of the file, as its name is.
        is_usual: whether it comes no nearer than what ordinary queries find, which most often is nothing that is meant:
            it counts only where nothing else that is found is as sure.
        words_seconds: when the first of the found words begins and the last ends, where that is known more finely than
            the line that they are in; else None.
        lines: the lines of the segment's text that have them, whole, where nobody knows when these are; else none.
    """

    leg: str
    match: Match
    rank: int | None
    score: float
    strength: float
    start_seconds: float | None = None
    end_seconds: float | None = None
    text: str | None = None
    words: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    is_exact: bool = False
    is_moment: bool = False
    is_of_file: bool = False
    is_usual: bool = False
    words_seconds: tuple[float, float] | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Asked:
    """A query as a leg gets it.

    Attributes:
        store: the library.
        vector: float32 (E,), unit length: the query's vector.
        terms: the texts that this leg is to look for, with weights above 0.
        where: an SQL condition on the segments that are looked at.
        is_alone: whether somebody has asked for this very leg; then it says what it has, however little that is.
        floor: what scores less, as a cosine, may be left out.
        first: how many moments are likely to be read.
        heaviest: the largest weight of a part of the query, see ``Query.heaviest``; 0 if that is one of the terms.
        read: what the model of what is seen has read of the texts that every leg looks for; None for all of it.
        weights: how much coverage of a query counts.
        memo: what legs have found out for this query and share.
    """

    store: Store
    vector: np.ndarray = field(repr=False)
    terms: Sequence[tuple[Term, float]] = ()
    where: str | None = None
    is_alone: bool = False
    floor: float = -np.inf
    first: int = 0
    heaviest: float = 0.0
    read: str | None = None
    weights: LegWeights = WEIGHTS
    memo: dict[Hashable, Any] = field(default_factory=dict, repr=False)

    @property
    def text(self) -> str:
        """All its texts in one."""
        return " ".join(term.text for term, _ in self.terms)

    @property
    def exact(self) -> tuple[str, ...]:
        """The phrases that have to be found word for word."""
        return tuple(phrase for term, _ in self.terms for phrase in term.exact)


class Leg(Protocol):
    """A way to find moments by words."""

    @property
    def name(self) -> str:
        """Its name, as ``--only`` takes it."""

    def is_there(self, store: Store) -> bool:
        """Whether the library holds what this leg looks at; quick, as it is asked at each search."""

    def lacking(self, store: Store) -> str | None:
        """Return what the library lacks for it, with the way out, as in "it has no words"; None if nothing.

        It may read the library: it is asked where somebody wants this very leg.
        """

    def find(self, asked: Asked) -> Iterable[LegMatch]:
        """Return what it finds, best first, in an order that does not depend on the page; nothing if it has no say.

        Raises:
            LibraryError: the library cannot be read.
        """
