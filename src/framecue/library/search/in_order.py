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

__all__ = ["MOST_PARTS", "split_in_order"]

MOST_PARTS = 4
"""How many parts a sentence may have; one with more is a story, which the halves do not make easier to find."""

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
    r"| ?(?:-{1,2}>|=>|\u2192) ?",
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
    # Neither has spaces now, so that a half is empty only if there is nothing in it.
    hidden = _hide(text, quotations(text))
    hidden = _hide(hidden, (found.span() for found in _IDIOMS.finditer(hidden)))
    parts = tuple(text[start:stop].strip(" ,;") for start, stop in _spans(hidden))
    if not 2 <= len(parts) <= MOST_PARTS or not all(map(_says_something, parts)):
        return None
    return parts


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
