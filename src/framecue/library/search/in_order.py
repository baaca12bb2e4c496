"""Sentences that tell one thing after another: "X, then Y", "X before Y", "after X, Y", "first X, then Y".

Only the words between the parts are understood, and only English ones; what a part says is for whoever searches. A
sentence may be understood wrongly ("a calm before the storm"), so it is never searched for in parts alone: it competes
with itself as a whole. What is an idiom ("now and then", "before and after") says no order at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from unicodedata import category

from framecue.library.search.box import quotations

__all__ = ["MOST_PARTS", "has_arrow", "lacking_half", "says_only_order", "split_in_order"]

MOST_PARTS = 4
"""How many parts a sentence may have; one with more is a story, which the halves do not make easier to find."""

_ARROW = r"(?:-{1,2}>|=>|\u2192)"
# Words are one space apart, and every pattern takes one of the spaces at its beginning.
_HOW_SOON = (
    r"(?:(?:right|just|shortly|soon|immediately|directly|straight|long|(?:a (?:little|moment|while|second|minute)|"
    r"(?:\d{1,4}|a few|some|several) (?:seconds?|minutes?|moments?))(?: later)?) )?"
)
# What divides two parts, as people type it: not always with the space that belongs there.
_STOP = r"(?: ?(?:[,;\u2026\u2013\u2014]+|\.{3}|-{2,}) ?|\. )"
# What may stand behind a word that says the order.
_PAUSE = r"(?:[,:\u2026]|\.{3})? (?:[\u2013\u2014] )?"
# X, then Y. The first need no comma; before the others there is one, or "and".
_THEN = re.compile(
    rf"(?:{_STOP}| )(?:and |but )?(?:then|afterwards?|after (?:that|this|which)|thereafter){_PAUSE}"
    rf"|(?:{_STOP}(?:and |but )?|,? and )"
    rf"(?:next(?! to\b)|later(?: on)?(?! than\b)|subsequently|eventually|finally|at last){_PAUSE}"
    rf"|,? (?:(?:which|that|who) )?(?:is |are |was |were )?(?:then )?{_HOW_SOON}followed by "
    rf"| ?{_ARROW} ?",
    re.IGNORECASE,
)
# X before Y.
_BEFORE = re.compile(rf",? {_HOW_SOON}before ", re.IGNORECASE)
# Y after X, and whatever else has the later one first.
_AFTER = re.compile(rf",? (?:{_HOW_SOON}after |(?:is |are |was |were )?{_HOW_SOON}preceded by )", re.IGNORECASE)
_BEFORE_THAT = re.compile(
    rf"{_STOP}(?:and |but )?(?:before (?:that|this)|previously|beforehand){_PAUSE}", re.IGNORECASE
)
# After X, Y.
_AFTER_FIRST = re.compile(rf"^(?:{_HOW_SOON}after|once|as soon as) ([^,]+), ?(.+)$", re.IGNORECASE)
# Before Y, X.
_BEFORE_FIRST = re.compile(rf"^{_HOW_SOON}before ([^,]+), ?(.+)$", re.IGNORECASE)
# What begins the first of several.
_BEGINNING = re.compile(
    r"^(?:(?:at )?first(?:ly)?(?: of all)?|to begin with|after|once|as soon as)[,:]? ", re.IGNORECASE
)
_FIRST = re.compile(r"^(?:(?:at )?first(?:ly)?(?: of all)?|to begin with)[,:]? ", re.IGNORECASE)
# What says an order and nothing else: an arrow, wherever it stands, and some words where there are no others.
_SURELY = re.compile(_ARROW)
_ALONE = re.compile(r"(?:and |but )?(?:then|followed by|preceded by)", re.IGNORECASE)
# The words of an order where they say none.
_IDIOMS = re.compile(
    r"\b(?:(?:every )?now and then|then and there|there and then"
    r"|(?:by|since|until|till|back|even|before|from) then|the then\b"
    r"|before and after|after and before|(?:the )?day before yesterday|(?:the )?day after tomorrow"
    r"|before (?:long|now)|(?:ever|never|like|as|long) before(?=$|[,;.])|(?:happily )?ever after"
    r"|(?!after\b)(\w+) after \1\b|(?:one|each) after (?:the other|another)|once upon a time|after (?:all|hours|dark)"
    r"|(?:looks?|looking|looked|takes?|taking|took|named?|names|naming|asks?|asking|asked|runs?|running|ran) after)\b",
    re.IGNORECASE,
)


def split_in_order(text: str) -> tuple[str, ...] | None:
    """Return what a sentence says happens first, and then; None if it does not say so.

    What stands between quotation marks is left whole; words are one space apart in what is returned.

    Args:
        text: as a person typed it.
    """
    text = " ".join(text.split())
    parts = tuple(text[start:stop].strip(" ,;") for start, stop in _spans(_words_of_order(text)))
    if not 2 <= len(parts) <= MOST_PARTS or not all(map(_says_something, parts)):
        return None
    return parts


def says_only_order(text: str) -> bool:
    """Whether the words between the parts of a sentence say an order and nothing else, as "X, then Y" does.

    What stands before or after something may be one thing with it: "a quarrel before the law", "a walk after work".

    Args:
        text: as a person typed it.
    """
    hidden = _words_of_order(" ".join(text.split()))
    return any(pattern.search(hidden) for pattern in (_THEN, _BEFORE_THAT))


def _words_of_order(text: str) -> str:
    """Return a text, of the same length, without what says no order in it: its quotations and idioms."""
    # Neither has spaces then, so that a half is empty only if there is nothing in it.
    hidden = _hide(text, quotations(text))
    return _hide(hidden, (found.span() for found in _IDIOMS.finditer(hidden)))


def has_arrow(text: str) -> bool:
    """Whether an arrow says an order in a text, and not a word, which may say something else.

    Args:
        text: as a person typed it; an arrow between quotation marks says nothing.
    """
    return _SURELY.search(_hide(text, quotations(text))) is not None


def lacking_half(text: str) -> str | None:
    """Return what is wrong with an order that lacks a half, and the way out; None if it lacks none.

    Only what cannot mean anything else is taken for one: an arrow with nothing before or after it, and "then" alone. A
    sentence may well begin or end with a word such as "then", and is searched for as it stands.

    Args:
        text: as a person typed it.
    """
    text = " ".join(text.split())
    if _ALONE.fullmatch(text.strip(" ,;.:")):
        return _lacking(text, "both halves of the order are")
    hidden = _hide(text, quotations(text))
    arrows = [*_SURELY.finditer(hidden)]
    ends = [0, *(place for found in arrows for place in found.span()), len(text)]
    empty = [not _says_something(text[start:stop]) for start, stop in zip(ends[::2], ends[1::2], strict=True)]
    if not arrows or not any(empty):
        return None
    if all(empty):
        return _lacking(text, "both halves of the order are")
    place = empty.index(True)
    if place == 0:
        return _lacking(arrows[0][0], f"the half before {arrows[0][0]} is", say="what comes first")
    if place == len(arrows):
        return _lacking(arrows[-1][0], f"the half after {arrows[-1][0]} is", say="what comes after the first")
    signs = f"{arrows[place - 1][0]} and {arrows[place][0]}"
    return _lacking(arrows[place][0], f"the half between {signs} is", say="what comes after the first")


def _lacking(words: str, what: str, *, say: str = "what comes first, and what comes after it") -> str:
    """Return the sentence about what lacks; `words` are those that are put into quotes to search for themselves."""
    way_out = f'search for "{words[:40]}" in quotes'
    return f"{what} empty; say {say}, as in 'a panda shrinks -> an octopus grows', or {way_out}"


def _says_something(part: str) -> bool:
    """Whether there is a letter, a digit or an emoji in a part."""
    return any(char.isalnum() or category(char) == "So" for char in part)


def _hide(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """Return a text of the same length in which some parts are no words."""
    letters = [*text]
    for start, stop in spans:
        letters[start:stop] = "\0" * (stop - start)
    return "".join(letters)


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where the parts lie, in the order in which they happen."""
    if len(spans := _between(_THEN, text, _begin(_BEGINNING, text))) > 1:
        return spans
    if len(spans := _between(_BEFORE_THAT, text, 0)) > 1:
        return spans[::-1]
    if found := _AFTER_FIRST.match(text):
        return [found.span(1), found.span(2)]
    if found := _BEFORE_FIRST.match(text):
        return [found.span(2), found.span(1)]
    if len(spans := _between(_BEFORE, text, _begin(_FIRST, text))) > 1:
        return spans
    return _between(_AFTER, text, _begin(_FIRST, text))[::-1]


def _begin(pattern: re.Pattern[str], text: str) -> int:
    return found.end() if (found := pattern.match(text)) else 0


def _between(separator: re.Pattern[str], text: str, begin: int) -> list[tuple[int, int]]:
    """Return the spans of a text between separators."""
    spans = []
    for found in separator.finditer(text, begin):
        spans.append((begin, found.start()))
        begin = found.end()
    return [*spans, (begin, len(text))]
