"""Globs of paths: one grammar for the files that an indexing run leaves out and for those that a search looks at.

Within a name, ``*`` matches any text, ``?`` any character, ``[a-z]`` one of these and ``[!a-z]`` any other. A name
``**`` stands for any number of names, including none. Everything else means itself: upper and lower case differ, a dot
at the start of a name is nothing special, and a bracket that is not closed is a bracket. ``/`` ends a name, even within
brackets. In which Unicode form an accented letter is written makes no difference, neither in the glob nor in the name
(:mod:`framecue.forms`): it is one character.

A glob is used in two ways. LanceDB has Rust's regular expressions, which take time in proportion to the text whatever
the pattern, so they get a whole path at once, as it is stored, and each character in all its spellings
(:mod:`framecue.glob_patterns`). They have no look-ahead, which rules out the patterns of ``glob.translate`` and
``wcmatch``. Python's ``re`` would try every way to split a text between several stars, so it only gets the pieces
between two stars, and names in one form. Each piece has a fixed length, and its first match is always good enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from framecue.forms import combining, composed, units
from framecue.glob_patterns import (
    ANY_NAMES,
    NO_CHARACTER,
    GlobSet,
    any_pattern,
    escaped,
    set_pattern,
    star_pattern,
    unit_pattern,
)
from framecue.paths import is_url, user_path

__all__ = ["Glob", "NameGlob", "names_of"]

# Units of several characters are matched as single characters from here on, which mean nothing by themselves.
_FIRST_STAND_IN, _ANY_OTHER = 0xF0000, "\U0010fffd"


def names_of(path: str) -> list[str]:
    """Return the names in a path, without empty ones and ``.``."""
    return [name for name in path.split("/") if name not in ("", ".")]


class Glob:
    """A compiled glob of paths.

    Attributes:
        names: a glob for each name; None is ``**``.
        is_absolute: whether it starts with ``/`` (or ``~``, the home folder), or is a URL, and so matches whole paths.
        is_one_name: whether it is a single name, whatever the folders above: ``drafts`` or ``drafts/``, but not
            ``./drafts``.
    """

    def __init__(self, text: str) -> None:
        # A scheme may be written in capitals; whole paths have it in small letters.
        scheme = text.partition("://")[0] if is_url(text) else ""
        path = scheme.lower() + text[len(scheme) :] if scheme else user_path(text)
        self.names = tuple(None if name == "**" else NameGlob(name) for name in names_of(path))
        self.is_absolute = bool(scheme) or path.startswith("/")
        self._scheme = scheme.lower()
        self.is_one_name = len(self.names) == 1 and not path.startswith(("/", "./"))

    def matches(self, names: Sequence[str]) -> bool:
        """Whether the glob matches a sequence of names as a whole.

        The caller decides whether the names are a whole path or the end of one. Each name is compared with each name of
        the glob at most once.
        """
        place = index = 0
        last_star, resume = None, 0
        while index < len(names):
            is_over = place == len(self.names)
            wanted = None if is_over else self.names[place]
            if wanted is None and not is_over:
                last_star, resume = place, index
                place += 1
            elif wanted is not None and wanted.matches(names[index]):
                place, index = place + 1, index + 1
            elif last_star is not None:
                # Let the last ** take one more name. Earlier ones need not: the names after them have matched at their
                # first place, and whatever fits behind a later place fits behind the first.
                resume += 1
                place, index = last_star + 1, resume
            else:
                return False
        return all(name is None for name in self.names[place:])

    @property
    def pattern(self) -> str:
        """The regular expression, without anchors, for a URL, or a text with a ``/`` before each name: ``/a/b``."""
        # A scheme has no slash before it, and one more after it, or two where there is no bucket.
        begin = f"{escaped(self._scheme)}:/{'/' if self._scheme == 'file' else ''}" if self._scheme else ""
        names = self.names[1:] if self._scheme else self.names
        return begin + "".join(ANY_NAMES if name is None else f"/{name.pattern}" for name in names)


class NameGlob:
    """A compiled glob of one name."""

    def __init__(self, text: str) -> None:
        # Each piece is a list of what stands for one unit each: the unit, a set of them, or None for any.
        self._pieces: list[list[str | GlobSet | None]] = [[]]
        text = composed(text)
        place = 0
        while place < len(text):
            char = text[place]
            # The first character in brackets belongs to the set even if it is a closing bracket.
            start = place + (3 if text.startswith("!", place + 1) else 2)
            end = text.find("]", start) if char == "[" else -1
            if char == "*":
                self._pieces.append([])
            elif char == "?":
                self._pieces[-1].append(None)
            elif end >= 0:
                self._pieces[-1].append(GlobSet.parse(text[place + 1 : end]))
                place = end
            else:
                unit = next(units(text[place:]))
                self._pieces[-1].append(unit)
                place += len(unit) - 1
            place += 1

    @property
    def pattern(self) -> str:
        """The regular expression of a whole name, in whatever form, for Python and for Rust."""
        pattern = ""
        for number, piece in enumerate(self._pieces):
            if number:
                pattern += star_pattern(is_first=not pattern)
            for item in piece:
                is_first = not pattern
                if item is None:
                    pattern += any_pattern(is_first=is_first)
                elif isinstance(item, GlobSet):
                    pattern += set_pattern(item, is_first=is_first)
                else:
                    pattern += unit_pattern(item, is_first=is_first)
        return pattern

    @cached_property
    def _stand_ins(self) -> dict[str, str]:
        """The single characters that stand for this glob's units of several."""
        found: dict[str, str] = {}
        for item in (item for piece in self._pieces for item in piece):
            for unit in item.units if isinstance(item, GlobSet) else () if item is None else (item,):
                if _needs_stand_in(unit):
                    found.setdefault(unit, chr(_FIRST_STAND_IN + len(found)))
        return found

    @cached_property
    def _compiled(self) -> list[re.Pattern[str]]:
        return [
            re.compile(
                "".join(self._expression(item, is_first=not (number or place)) for place, item in enumerate(piece))
            )
            for number, piece in enumerate(self._pieces)
        ]

    def _expression(self, item: str | GlobSet | None, *, is_first: bool) -> str:
        if item is None:
            return r"[\s\S]"
        if isinstance(item, str):
            is_nowhere = item[0] in combining() and not is_first
            return NO_CHARACTER if is_nowhere else escaped(self._stand_ins.get(item, item))
        return item.expression([self._stand_ins.get(unit, unit) for unit in item.units])

    def _folded(self, name: str) -> str:
        """Return a name with one character for each unit."""
        if name.isascii():
            return name
        name = composed(name)
        return "".join(self._stand_ins.get(unit, _ANY_OTHER) if _needs_stand_in(unit) else unit for unit in units(name))

    def matches(self, name: str) -> bool:
        """Whether the glob matches a whole name; the time is at most proportional to both lengths."""
        name = self._folded(name)
        first, *others = self._compiled
        if not others:
            return first.fullmatch(name) is not None
        found = first.match(name)
        for piece in others[:-1]:
            found = found and piece.search(name, found.end())
        start = len(name) - len(self._pieces[-1])
        return found is not None and found.end() <= start and others[-1].fullmatch(name, start) is not None


def _needs_stand_in(unit: str) -> bool:
    return len(unit) > 1 or unit >= chr(_FIRST_STAND_IN) or unit in combining()
