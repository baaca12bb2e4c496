"""Phrases: a text as a sequence of words that can be compared one by one, and where a phrase stands in it.

LanceDB finds phrases in a column whose words are divided by spaces; this module writes that column, so that the rules
are framecue's own and the same when an answer is checked: case, accents, punctuation and the encoding of a letter do
not matter. In scripts that are written without spaces each character is a word, as no list of words divides a sentence
and a part of it alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import NamedTuple

__all__ = ["Token", "phrase_places", "spelled", "tokens_of", "unspaced_runs"]

# Characters of scripts without spaces between words, and Korean, whose words end in particles: Thai, Lao, Myanmar,
# Khmer, Japanese, Chinese.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
)
# Accents of Latin, Greek and Cyrillic; points and marks of Hebrew and Arabic, which most people leave out. Other marks
# are letters of their own: a vowel in Hindi, the voicing in Japanese.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]"
)
_LETTERS = str.maketrans({"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ł": "l", "þ": "th", "ð": "d", "\u0131": "i"})


def _marks() -> str:
    """Return the characters that belong to the letter before them, as the inside of brackets in a pattern."""
    marks = [code for code in range(0x300, 0x3100) if unicodedata.category(chr(code)).startswith("M")]
    return "".join(map(chr, marks)) + "\u0640\ufe20-\ufe2f"


_WORD = re.compile(rf"[{_UNSPACED}][{_marks()}]*|(?:(?![{_UNSPACED}])[^\W_])(?:(?![{_UNSPACED}])[^\W_]|[{_marks()}])*")
_RUN = re.compile(rf"[{_UNSPACED}][{_UNSPACED}{_marks()}]*")


class Token(NamedTuple):
    """One word of a text.

    Attributes:
        text: as it is compared.
        start: its first character in the text.
        end: the character after its last.
    """

    text: str
    start: int
    end: int


def tokens_of(text: str) -> list[Token]:
    """Return the words of a text, in order; punctuation is none."""
    return [Token(bare, *found.span()) for found in _WORD.finditer(text) if (bare := _bare(found[0]))]


def spelled(tokens: Sequence[Token]) -> str:
    """Return words as the column of phrases has them: divided by one space."""
    return " ".join(token.text for token in tokens)


def phrase_places(phrase: Sequence[Token], tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield where a phrase stands in a text, as (number of its first word, number after its last word)."""
    wanted = [token.text for token in phrase]
    for first in range(len(tokens) - len(wanted) + 1):
        if wanted and all(tokens[first + number].text == text for number, text in enumerate(wanted)):
            yield first, first + len(wanted)


def unspaced_runs(text: str) -> list[str]:
    """Return the parts of a text that are written without spaces, each once: such a part is looked for as a phrase."""
    return list(dict.fromkeys(_RUN.findall(unicodedata.normalize("NFC", text))))


def _bare(word: str) -> str:
    """Return a word without case, accents, and what else does not make it another word."""
    if word.isascii():
        return word.lower()
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", word).casefold())
    kept = unicodedata.normalize("NFC", _ACCENTS.sub("", apart)).translate(_LETTERS)
    return "".join(kept.split())
