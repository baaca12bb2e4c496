r"""What people type into the one box of a search, and the terms that it stands for.

Plain text is looked for by every leg of a search. ``said:``, ``written:``, ``seen:``, ``name:``, ``caption:`` and
``meaning:`` give what follows them to one leg alone, and quotes ask for a phrase word for word:

- A prefix stands at the beginning of a word, and its value follows the colon. It reaches to the next prefix or to the
  end; if its value begins with a quote, it reaches to the end of the quote: ``said:"happy birthday" a cake``. Spaces
  may follow the colon at the very beginning of the text, or before a quote; ``he said: hello`` is plain text.
- A quote opens at the beginning of a word, so there is none in ``a 24" screen``; one that is not closed reaches to the
  end.
- ``\"`` and ``\:`` are a quotation mark and a colon that mean nothing. Every other backslash is itself.
- Whatever else there is, is text: ``10:30``, ``http://``, ``Star Wars: A New Hope``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from framecue.checks import check_text
from framecue.errors import InputError

__all__ = ["LEG_NAMES", "MOST_PHRASES", "Term", "check_leg_names", "parse", "quotations"]

LEG_NAMES = ("seen", "said", "written", "named", "captions", "meaning")
"""The names of the legs of a search, in the order in which results name them."""
_PREFIXES = {
    "seen": "seen",
    "said": "said",
    "written": "written",
    "name": "named",
    "named": "named",
    "caption": "captions",
    "captions": "captions",
    "meaning": "meaning",
}
_PREFIX_OF = {leg: prefix for prefix, leg in reversed(_PREFIXES.items())}
# Signs that turn the direction of writing; a keyboard for Hebrew or Arabic may add them anywhere.
_TURNS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff"
_BLANKS = re.compile(rf"[\s{_TURNS}]*")
_EDGES = re.compile(rf"^[\s{_TURNS}]+|[\s{_TURNS}]+$")
# Between words, where a prefix or a quote may begin; an opening bracket as well.
_BEFORE_A_WORD = re.compile(rf"[\s{_TURNS}(\[{{\uff08\u300a\u3010]")
# With the wide colon of Chinese and Japanese keyboards.
_PREFIX = re.compile(rf"({'|'.join(_PREFIXES)})[:\uff1a]", re.IGNORECASE)
# What closes a quote that a sign opens: as they are typed, and as phones and word processors make them.
_CLOSING = {
    '"': '"',
    "\u201c": '\u201d"',
    "\u201e": '\u201c\u201d"',
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
    "\uff02": "\uff02",
}
_ESCAPED = ('"', ":", "\uff1a")


MOST_PHRASES = 20
"""How many phrases a text may have; each is looked up by itself."""


@dataclass(frozen=True)
class Term:
    """A text to search for, and who looks for it.

    Args:
        text: a phrase or a sentence, without the quotes around parts of it.
        leg: the name of the one leg of a search that looks for it; None for every leg.
        exact: those parts of the text that have to be found as they stand, word for word, where words are looked for.

    Raises:
        InputError: the text is empty or too long, has too many phrases, or there is no such leg.
    """

    text: str
    leg: str | None = None
    exact: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_text(self.text)
        if not self.text.strip():
            raise InputError("a text to search for is empty")
        if len(self.exact) > MOST_PHRASES:
            raise InputError(
                f"the text {self.text[:40]!r}... has {len(self.exact)} phrases in quotes; give at most {MOST_PHRASES}"
            )
        if self.leg is not None:
            check_leg_names([self.leg])

    def __str__(self) -> str:
        """Return it as it would be typed, but for what is escaped."""
        text, place = self.text, 0
        for phrase in self.exact:
            # A quote opens at the beginning of a word, so a phrase of one letter is not the first of another word.
            found = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)").search(text, place)
            start = text.find(phrase, place) if found is None else found.start()
            if start >= 0:
                place = start + len(phrase) + 2
                text = f'{text[:start]}"{phrase}"{text[start + len(phrase) :]}'
        return text if self.leg is None else f"{_PREFIX_OF[self.leg]}:{text}"


def check_leg_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of legs in their order, each once.

    Raises:
        InputError: there is no such leg.
    """
    for name in names:
        if name not in LEG_NAMES:
            raise InputError(f"there is no leg {name!r} of a search; known: {', '.join(LEG_NAMES)}")
    return tuple(name for name in LEG_NAMES if name in names)


@dataclass
class _Parts:
    """What one leg is to look for, or all of them, as it is read: pieces of text, and the phrases among them."""

    pieces: list[str] = field(default_factory=list)
    exact: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All pieces, without the spaces around each."""
        return " ".join(map(_strip, self.pieces))


def parse(text: str) -> tuple[Term, ...]:
    """Return the terms that a person has typed; the module says how.

    Args:
        text: as it was typed. Without a prefix and a quote it is one term, with this very text.

    Returns:
        A term for each leg that is named, and one for plain text, in the order in which they begin.

    Raises:
        InputError: there is nothing, or nothing after a prefix.
    """
    found: dict[str | None, _Parts] = {}
    place, leg, piece = 0, None, ""

    def end_piece(of: str | None) -> None:
        nonlocal piece
        if _strip(piece):
            found.setdefault(of, _Parts()).pieces.append(piece)
        piece = ""

    while place < len(text):
        if place == 0 or _BEFORE_A_WORD.match(text[place - 1]):
            if prefix := _prefix_at(text, place):
                end_piece(leg)
                name, place = prefix
                leg = _PREFIXES[name]
                if text[place : place + 1] in _CLOSING:
                    phrase, place = _quoted(text, place)
                    _refuse_empty(name, phrase)
                    parts = found.setdefault(leg, _Parts())
                    parts.pieces.append(_strip(phrase))
                    parts.exact.append(_strip(phrase))
                    leg = None
                else:
                    value, next_prefix = text[place:], _next_prefix(text, place)
                    _refuse_empty(name, value[: next_prefix - place])
                continue
            if text[place] in _CLOSING:
                phrase, place = _quoted(text, place)
                piece += phrase
                if _strip(phrase):
                    found.setdefault(leg, _Parts()).exact.append(_strip(phrase))
                continue
        if text[place] == "\\" and text[place + 1 : place + 2] in _ESCAPED:
            place += 1
        piece += text[place]
        place += 1
    end_piece(leg)
    terms = {name: parts for name, parts in found.items() if parts.pieces}
    if not terms:
        raise InputError("the query is empty; describe in words what the video shows")
    if [*terms] == [None] and len(terms[None].pieces) == 1:
        # Nothing but plain text: as it was typed.
        return (Term(terms[None].pieces[0], None, tuple(terms[None].exact)),)
    return tuple(Term(parts.text, name, tuple(parts.exact)) for name, parts in terms.items())


def quotations(text: str) -> list[tuple[int, int]]:
    """Return where the quotations of a text begin and end, their marks included; an open one ends with the text.

    Args:
        text: as it was typed.
    """
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(text):
        is_open = place == 0 or _BEFORE_A_WORD.match(text[place - 1]) or text[place - 1] in ":\uff1a"
        if is_open and text[place] in _CLOSING:
            start = place
            _, place = _quoted(text, place)
            found.append((start, place))
            continue
        place += 2 if text[place] == "\\" and text[place + 1 : place + 2] in _ESCAPED else 1
    return found


def _prefix_at(text: str, place: int) -> tuple[str, int] | None:
    """Return the prefix that begins at a place, and where its value does; None if there is none."""
    matched = _PREFIX.match(text, place)
    if matched is None:
        return None
    blanks = _BLANKS.match(text, matched.end())
    assert blanks is not None
    value = blanks.end()
    may_follow_spaces = not _strip(text[:place]) or text[value : value + 1] in _CLOSING
    # As in "what he said:", where nothing follows.
    is_bare_word = value == len(text) and _strip(text[:place])
    if is_bare_word or (value != matched.end() and not may_follow_spaces):
        return None
    return matched[1].lower(), value


def _next_prefix(text: str, place: int) -> int:
    """Return where the next prefix begins, or the end of the text."""
    while place < len(text):
        if (place == 0 or _BEFORE_A_WORD.match(text[place - 1])) and _prefix_at(text, place):
            return place
        place += 1
    return place


def _quoted(text: str, place: int) -> tuple[str, int]:
    """Return what a quote that opens at a place has in it, and where it ends; an open one ends with the text."""
    closing, phrase = _CLOSING[text[place]], ""
    place += 1
    while place < len(text) and text[place] not in closing:
        if text[place] == "\\" and text[place + 1 : place + 2] in _ESCAPED:
            place += 1
        phrase += text[place]
        place += 1
    return phrase, min(place + 1, len(text))


def _refuse_empty(prefix: str, value: str) -> None:
    if not _strip(value):
        raise InputError(
            f'there is nothing after {prefix}: to look for; write {prefix}:"happy birthday", or {prefix}\\: for the '
            "word itself"
        )


def _strip(text: str) -> str:
    return _EDGES.sub("", text)
