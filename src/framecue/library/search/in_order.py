"""Sentences that tell one thing after another: "X, then Y", "X followed by Y", "X before Y", "Y after X".

Only the words between the halves are understood, and only English ones; what a half says is for whoever searches. A
sentence may be understood wrongly ("a calm before the storm"), so it is never searched for in halves alone: it competes
with itself as a whole.
"""

from __future__ import annotations

import re

__all__ = ["MOST_PARTS", "split_in_order"]

MOST_PARTS = 4
"""How many parts a sentence may have; one with more is a story, which the halves do not make easier to find."""

# Words are one space apart.
_THEN = re.compile(
    r"[,;.]? (?:and )?(?:then|afterwards|after that),? |[,;.] next,? |,? (?:is )?followed by ", re.IGNORECASE
)
_BEFORE = re.compile(r",? before ", re.IGNORECASE)
_AFTER = re.compile(r",? after ", re.IGNORECASE)
_FIRST = re.compile(r"^first,? ", re.IGNORECASE)
_AFTER_FIRST = re.compile(r"^after ([^,]+), ?(.+)$", re.IGNORECASE)
# A quotation, which is looked for as it stands; a mark that is not closed goes to the end.
_QUOTED = re.compile(r"\"[^\"]*(?:\"|$)|\u201c[^\u201d]*(?:\u201d|$)")


def split_in_order(text: str) -> tuple[str, ...] | None:
    """Return what a sentence says happens first, and then; None if it does not say so.

    What stands between quotation marks is left whole; words are one space apart in what is returned.

    Args:
        text: as a person typed it.
    """
    text = " ".join(text.split())
    hidden = _QUOTED.sub(lambda found: "\0" * len(found[0]), text)
    spans = _spans(hidden)
    # A quotation has no spaces now, so that a half is empty only if there is nothing in it.
    parts = tuple(text[start:stop].strip(" ,;") for start, stop in spans)
    if not 2 <= len(parts) <= MOST_PARTS or not all(re.search(r"\w", part) for part in parts):
        return None
    return parts


def _spans(text: str) -> list[tuple[int, int]]:
    """Return where the parts lie, in the order in which they happen."""
    begin = found.end() if (found := _FIRST.match(text)) else 0
    spans = _between(_THEN, text, begin)
    if len(spans) > 1:
        return spans
    if found := _AFTER_FIRST.match(text):
        return [found.span(1), found.span(2)]
    spans = _between(_BEFORE, text, begin)
    if len(spans) > 1:
        return spans
    return _between(_AFTER, text, begin)[::-1]


def _between(separator: re.Pattern[str], text: str, begin: int) -> list[tuple[int, int]]:
    """Return the spans of a text between separators."""
    spans = []
    for found in separator.finditer(text, begin):
        spans.append((begin, found.start()))
        begin = found.end()
    return [*spans, (begin, len(text))]
