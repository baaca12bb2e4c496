"""Words as full text search sees them: what a name is split into, and which words of a query a text holds.

LanceDB's tokenizer splits and folds by itself; here is what it leaves: names in one word, and two encodings of one
accent. Which words matched is found out here too, as LanceDB gives only a score.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["composed", "matched_words", "name_words", "query_words"]

# What nearly every English text has: they say nothing about which text is meant, unless they are all there is.
# fmt: off
_COMMON = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no", "not", "of",
    "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to", "was", "will", "with",
))
# fmt: on
# Between beach and Party, and between Party and 2019, in beachParty2019.
_SEAM = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")
# Scripts written without spaces, in which a word is found anywhere.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "ð": "d"})


def composed(text: str) -> str:
    """Write each accented letter as one character; some systems write names with letter and accent apart."""
    return unicodedata.normalize("NFC", text)


def name_words(name: str) -> str:
    """Write a file's or folder's name with spaces where one word ends and the next begins within a run of letters."""
    return _SEAM.sub(" ", composed(name))


def query_words(text: str) -> str:
    """Return what of a query's text is looked up: all but the commonest English words, or all where that is nothing."""
    words = _WORD.findall(composed(text))
    return " ".join([word for word in words if word.casefold() not in _COMMON] or words)


def matched_words(query: str, text: str) -> tuple[str, ...]:
    """Return the words of a query that a text holds, whatever their case and accents.

    Args:
        query: what :func:`query_words` gave.
        text: what was searched.

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
