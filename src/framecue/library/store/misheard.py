"""Phrases as speech recognition may have heard them: nearly word for word.

What is told in quotes is found as it stands. Speech was heard by a model, though, which takes "plates" for "plate" and
"a" for "the". Such a place is told too, but only of speech, and where at most every third word is like that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from framecue.library.store.phrases import Token
from framecue.library.store.words import is_common

__all__ = ["misheard_places", "shares_stem"]

# One in so many words may be another.
_EACH = 3


def misheard_places(phrase: Sequence[Token], tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield where a text has nearly a phrase, as (number of its first word, number after its last word).

    As many words, in the same order; at least one of them is another form of the one that is wanted, or another of the
    commonest words in the place of one, and at most every third.
    """
    size = len(phrase)
    for first in range(len(tokens) - size + 1):
        pairs = [(word.text, told.text) for word, told in zip(phrase, tokens[first : first + size], strict=True)]
        others = [pair for pair in pairs if pair[0] != pair[1]]
        if 0 < len(others) <= size // _EACH and all(_may_be(*pair) for pair in others):
            yield first, first + size


def shares_stem(one: str, other: str) -> bool:
    """Whether two words look like forms of one; only full text search knows."""
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return shared >= 3 and max(len(one), len(other)) - shared <= 3 and min(len(one), len(other)) - shared <= 2


def _may_be(wanted: str, told: str) -> bool:
    return shares_stem(wanted, told) or (is_common(wanted) and is_common(told))
