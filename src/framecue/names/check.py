"""What may be a name: something that can be found in a text again, and no word that everybody uses."""

from __future__ import annotations

import unicodedata
from functools import cache

from framecue.assets import ordinary_words
from framecue.errors import InputError
from framecue.names.find import name_key

__all__ = ["MAX_NAME_LENGTH", "checked_name", "is_ordinary"]

MAX_NAME_LENGTH = 99
"""How many characters a name may have."""

# Control signs, and halves of characters.
_HIDDEN = ("Cc", "Cs")
# What turns the direction of what follows. Joiners are not here: emoji and some scripts' names have them.
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# Letters by their category, that show nothing: they fill a place in Hangul.
_FILLERS = "\u115f\u1160\u3164\uffa0"
_ARTICLES = frozenset({"a", "an", "the"})
# Of a word's other forms, what stands in the list.
_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"), ("er", ""))

_LEAST_STEM = 3


def checked_name(name: str) -> str:
    """Return a name as it is kept: composed (NFC), with single spaces.

    Raises:
        InputError: it is empty or too long, has signs that nobody sees, or has neither letters, digits nor pictures.
    """
    shown = repr(name[:40]) + ("..." if len(name) > 40 else "")
    if not name.strip():
        raise InputError("a name is empty; give the words by which you will search, such as Rex")
    if len(name) > MAX_NAME_LENGTH:
        raise InputError(f"the name {shown} has {len(name)} characters; give at most {MAX_NAME_LENGTH}")
    bad = [sign for sign in name if not sign.isspace() and (unicodedata.category(sign) in _HIDDEN or sign in _TURNING)]
    if bad:
        raise InputError(f"the name {shown} has the sign U+{ord(bad[0]):04X}, which nobody sees; leave it out")
    if not any(_is_seen(sign) for sign in name):
        raise InputError(f"the name {shown} has no letter; give words, as only those are found in a query")
    return unicodedata.normalize("NFC", " ".join(name.split()))


def _is_seen(sign: str) -> bool:
    """Whether a sign is a letter, a digit or a picture; marks are none without a letter below them."""
    category = unicodedata.category(sign)
    return sign not in _FILLERS and (category[0] in "LN" or category == "So")


def is_ordinary(name: str) -> bool:
    """Whether a name is one ordinary English word, or a form of one, with or without an article: "penguin", "the dogs".

    So is a letter of an alphabet, and a number: they stand in many a text. In scripts whose signs are words, one sign
    may be a name. Of several words none is taken for ordinary: together they are somebody's own, as in "our goal".
    """
    words = name_key(name).split(" ")
    if len(words) == 2 and words[0] in _ARTICLES:
        del words[0]
    return len(words) == 1 and (
        _is_letter_or_number(words[0]) or any(form in _known_words() for form in _forms(words[0]))
    )


def _is_letter_or_number(word: str) -> bool:
    return word.isdecimal() or (len(word) == 1 and unicodedata.category(word) in ("Lu", "Ll"))


def _forms(word: str) -> list[str]:
    stems = [word.removesuffix(ending) + stem for ending, stem in _ENDINGS if word.endswith(ending)]
    # "running" is of "run".
    doubled = [stem[:-1] for stem in stems if len(stem) > 3 and stem[-1] == stem[-2]]
    # Shorter ones are letters and articles: "is" is no form of "i".
    return [word, *(stem for stem in [*stems, *doubled] if len(stem) >= _LEAST_STEM)]


@cache
def _known_words() -> frozenset[str]:
    return frozenset(ordinary_words())
