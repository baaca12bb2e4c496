"""One text, several encodings: the forms in which Unicode writes the same characters.

An accented letter is one character (form NFC, what keyboards and most systems write) or a letter and its accents (NFD,
what macOS writes into names). Both look the same, so a person who types one means the other as well. A *unit* is what a
person sees as one character: a character of NFC with whatever combines with it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["combining", "composed", "has_spellings", "never_composed", "spellings", "units"]

# Korean syllables, and the parts of them that follow the first one: they stand in no table.
_HANGUL = range(0xAC00, 0xD7A4)
_HANGUL_PARTS = (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))
# Beyond these code points nothing is composed.
_FIRST_COMPOSED, _LAST_COMPOSED = 0xA0, 0x2FA1D


def composed(text: str) -> str:
    """Return a text in the form NFC; two texts are the same to a person if these are equal."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def combining() -> frozenset[str]:
    """Return the characters that may combine with the one before them to one character."""
    return _tables()[0]


def units(text: str) -> Iterator[str]:
    """Yield the units of a text in the form NFC; combining characters at its beginning are a unit of their own."""
    marks = combining() if not text.isascii() else frozenset()
    unit = ""
    for char in text:
        if unit and char not in marks:
            yield unit
            unit = ""
        unit += char
    if unit:
        yield unit


def spellings(unit: str) -> list[str]:
    """Return the texts that mean a unit: wholly or partly composed, apart, or by a character that stands for it.

    Args:
        unit: from :func:`units`.
    """
    if len(unit) == 1 and unit not in has_spellings():
        return [unit]
    apart = unicodedata.normalize("NFD", unit)
    found = {unit}
    for end in range(1, len(apart) + 1):
        begin = composed(apart[:end])
        found |= {other + apart[end:] for other in (begin, *_tables()[1].get(begin, ()))}
    return sorted(found)


@lru_cache(maxsize=1)
def has_spellings() -> frozenset[str]:
    """Return the characters in the form NFC that can be written in another way."""
    return frozenset(map(chr, _HANGUL)) | _tables()[2] | {whole for whole in _tables()[1] if len(whole) == 1}


@lru_cache(maxsize=1)
def never_composed() -> frozenset[str]:
    """Return the characters that are not in the form NFC, as others mean the same."""
    return frozenset(char for chars in _tables()[1].values() for char in chars)


@lru_cache(maxsize=1)
def _tables() -> tuple[frozenset[str], dict[str, list[str]], frozenset[str]]:
    """Return the combining characters; by a text in NFC the characters that mean it as well; what can be apart."""
    marks = set(map(chr, _HANGUL_PARTS))
    others: dict[str, list[str]] = {}
    whole_ones = set()
    for code in range(_FIRST_COMPOSED, _LAST_COMPOSED + 1):
        char = chr(code)
        decomposition = unicodedata.decomposition(char)
        if not decomposition or decomposition.startswith("<"):
            continue  # none, or one that changes the look
        marks.update(unicodedata.normalize("NFD", char)[1:])
        if (whole := composed(char)) != char:
            others.setdefault(whole, []).append(char)
        else:
            whole_ones.add(char)
    return frozenset(marks), others, frozenset(whole_ones)
