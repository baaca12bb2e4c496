"""Where taught names stand in a text: whole words, in any case, the longest first.

A name is found as people type it: "rex", "Rex's", "REX,", and "our   goal celebration" for "our goal celebration".
In scripts that put no spaces between words (Chinese, Japanese, Thai) it is found wherever it stands; in Hangul also
in front of what is written onto it (a particle).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["FoundName", "find_names", "is_bare", "name_key", "text_beside"]

# Signs that people and their programs write for one another: apostrophes, and hyphens.
_SAME = str.maketrans(
    dict.fromkeys("\u2019\u2018\u02bc\uff07\u0060\u00b4", "'") | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212", "-")
)
_NO_SPACES = re.compile(
    "["
    "\u0e00-\u0eff"  # Thai, Lao
    "\u0f00-\u0fff"  # Tibetan
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007"
    "\u3040-\u30ff"  # Hiragana, Katakana
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
    "]"
)
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]")
# What may stand beside a name without saying more than the name alone: articles, and words for what is searched.
_EMPTY = frozenset(
    {
        *("a", "an", "the", "this", "that", "these", "those", "my", "our", "your", "his", "her", "its", "their", "s"),
        *("and", "or", "of", "with", "showing", "find", "show", "me", "video", "videos", "clip", "clips", "moment"),
        *("moments", "scene", "scenes", "picture", "pictures", "photo", "photos", "image", "images", "footage", "shot"),
        *("der", "die", "das", "ein", "eine", "einen", "mein", "meine", "unser", "unsere", "und", "von", "mit"),
        *("le", "la", "les", "l", "un", "une", "mon", "ma", "mes", "notre", "et", "de", "avec"),
        *("el", "los", "las", "una", "mi", "y", "con", "il", "lo", "gli", "e", "di", "o", "os", "as", "um", "uma"),
    }
)


@dataclass(frozen=True)
class FoundName:
    """A name in a text.

    Attributes:
        name: as it was taught.
        start: of its first character in the text.
        end: behind its last one.
    """

    name: str
    start: int
    end: int


# More than anybody teaches: each search asks for the keys of all names, so a smaller cache would hold none of them.
@lru_cache(maxsize=65536)
def name_key(name: str) -> str:
    """Return what a name is compared by: two names with the same key are one, whatever their case and spaces."""
    if name.isascii():  # as below, and many times as fast
        return " ".join(name.translate(_SAME).lower().split())
    return _fold(name)[0].strip()


def find_names(text: str, names: Iterable[str]) -> list[FoundName]:
    """Return where names stand in a text, in the text's order, none over another.

    Args:
        text: as it was typed.
        names: as they were taught; of two with the same key the first counts.
    """
    keys: dict[str, str] = {}
    for name in names:
        keys.setdefault(name_key(name), name)
    keys.pop("", None)
    if not keys:
        return []
    folded, places = _fold(text)
    lengths = sorted({len(key) for key in keys})
    words = [
        (start, start + length)
        for start in range(len(folded))
        for length in lengths
        # Whether a name is there is quicker to see than whether a word may begin there.
        if folded[start : start + length] in keys
        and _begins(folded, places, start)
        and _ends(folded, places, start + length)
    ]
    found: list[tuple[int, int, str]] = []
    taken = bytearray(len(folded))
    # The longest first: "little Rex" is not "Rex".
    for start, end in sorted(words, key=lambda word: (word[0] - word[1], word[0])):
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            found.append((start, end, keys[folded[start:end]]))
    return [FoundName(name, places[start][0], places[end - 1][1]) for start, end, name in sorted(found)]


def text_beside(text: str, found: Sequence[FoundName]) -> str:
    """Return what a text says beside the names that were found in it, with single spaces."""
    parts, last = [], 0
    for each in found:
        parts.append(text[last : each.start])
        last = each.end
    return " ".join(" ".join([*parts, text[last:]]).split())


def is_bare(text: str, found: Sequence[FoundName]) -> bool:
    """Whether a text has names and says nothing beside them: "a video of Rex" does, "Rex runs" does not."""
    words = re.findall(r"[^\W_]+", text_beside(text, found).translate(_SAME).casefold())
    return bool(found) and all(word in _EMPTY for word in words)


def _fold(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return a text as it is compared, and for each of its characters where in the text that comes from."""
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    for start, end in _clusters(text):
        cluster = text[start:end]
        if cluster.isspace():
            # One space for many; it is as long as they are.
            if folded and folded[-1] == " ":
                places[-1] = (places[-1][0], end)
                continue
            made = " "
        else:
            plain = "".join(sign for sign in cluster if unicodedata.category(sign) != "Cf")
            made = unicodedata.normalize("NFC", unicodedata.normalize("NFC", plain).translate(_SAME).casefold())
        folded.extend(made)
        places.extend([(start, end)] * len(made))
    return "".join(folded), places


def _clusters(text: str) -> list[tuple[int, int]]:
    """Return the parts of a text that may be composed to one character: a letter and the marks on it."""
    starts = [
        place for place, sign in enumerate(text) if place == 0 or not (unicodedata.combining(sign) or _is_jamo(sign))
    ]
    return list(zip(starts, [*starts[1:], len(text)], strict=True)) if text else []


def _is_jamo(sign: str) -> bool:
    # Vowels and final consonants of Hangul that is written in its parts.
    return "\u1160" <= sign <= "\u11ff"


def _begins(text: str, places: list[tuple[int, int]], start: int) -> bool:
    """Whether a word of a folded text may begin at a place, by what is in front of it."""
    # Within what comes of one character of the text, as the second s of ß, nothing begins or ends.
    return start == 0 or (places[start - 1] != places[start] and _is_edge(text[start - 1], text[start]))


def _ends(text: str, places: list[tuple[int, int]], end: int) -> bool:
    """Whether a word of a folded text may end at a place, by what is behind it; it may be behind the text's own end."""
    if end >= len(text):
        return end == len(text)
    is_edge = _is_edge(text[end - 1], text[end]) or _HANGUL.match(text[end - 1]) is not None
    return is_edge and places[end - 1] != places[end]


def _is_edge(before: str, after: str) -> bool:
    if _NO_SPACES.match(before) or _NO_SPACES.match(after):
        return True
    if (_HANGUL.match(before) is None) != (_HANGUL.match(after) is None):
        return True  # a particle behind a name in other letters
    return not (_is_letter(before) and _is_letter(after))


def _is_letter(sign: str) -> bool:
    return sign == "_" or sign.isalnum() or unicodedata.category(sign).startswith("M")
