"""Words as full text search sees them: how a name is split, and which words of a query a text contains.

LanceDB's tokenizer splits and folds by itself. This module does what it leaves undone: it splits names written as one
word, and unifies the two encodings of an accent. It also finds which words matched, as LanceDB returns only a score.
"""

from __future__ import annotations

import re
import unicodedata

from framecue.forms import composed

__all__ = ["distinct_words", "is_common", "matched_words", "name_words", "query_words", "says_something"]

# Words in nearly every English text: they do not tell which text is meant, unless a query has no others.
# fmt: off
_COMMON = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
))
# fmt: on
# In beachParty2019: between beach and Party, and between Party and 2019.
_SEAM = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# Scripts that are written without spaces: here a word may be found anywhere in a text.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "ð": "d"})


def name_words(name: str) -> str:
    """Return a file's or folder's name with spaces between words that are written together, as in ``beachParty``."""
    return _SEAM.sub(" ", composed(name))


def query_words(text: str) -> str:
    """Return the words of a query to look up: all but the commonest English ones, or all if there are no others."""
    words = _WORD.findall(composed(text))
    return " ".join([word for word in words if word.casefold() not in _COMMON] or words)


def is_common(word: str) -> bool:
    """Whether a word is one of the commonest in English, which tell nothing of what a text is about."""
    return word.casefold() in _COMMON


def says_something(text: str) -> bool:
    """Whether a text has more than the commonest English words and punctuation: another word, a number or an emoji."""
    words = _WORD.findall(composed(text))
    return not all(map(is_common, words)) or any(unicodedata.category(char) == "So" for char in text)


def distinct_words(words: str) -> str:
    """Return words that are divided by spaces, each once: a search looks up each as often as it stands there."""
    found: dict[str, str] = {}
    for word in words.split():
        found.setdefault(word.casefold(), word)
    return " ".join(found.values())


def matched_words(query: str, text: str) -> tuple[str, ...]:
    """Return the words of a query that a text contains, whatever their case and accents.

    Args:
        query: from :func:`query_words`.
        text: the text that was searched.

    Returns:
        The words as the query has them, in its order, each once.
    """
    folded = _folded(text)
    there = set(_WORD.findall(folded))
    found: dict[str, str] = {}
    for word in _WORD.findall(query):
        bare = _folded(word)
        if bare in there or (_UNSPACED.search(bare) and bare in folded):
            found.setdefault(bare, word)
    return tuple(found.values())


def _folded(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char)).translate(_LETTERS)
