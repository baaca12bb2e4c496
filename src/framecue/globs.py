"""Globs of paths: one grammar for the files that an indexing run leaves out and for those that a search looks at.

Within a name, ``*`` matches any text, ``?`` any character, ``[a-z]`` one of these and ``[!a-z]`` any other. A name
``**`` stands for any number of names, including none. Everything else means itself: upper and lower case differ, a dot
at the start of a name is nothing special, and a bracket that is not closed is a bracket. ``/`` ends a name, even within
brackets.

The same pieces of regular expressions are used in two ways. LanceDB has Rust's, which take time in proportion to the
text whatever the pattern, so they get a whole path at once. They have no look-ahead, which rules out the patterns of
``glob.translate`` and ``wcmatch``. Python's ``re`` would try every way to split a text between several stars, so it
only gets the pieces between two stars. Each piece has a fixed length, and its first match is always good enough.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property

from framecue.paths import user_path

__all__ = ["Glob", "NameGlob", "names_of"]

# The characters with a meaning in regular expressions of Python or Rust. Escaping others may give them one: in Rust
# "\<" is the start of a word.
_META = frozenset("\\.+*?()|[]{}^$#&-~")
_ANY_CHARACTER, _NO_CHARACTER = "[^/]", r"[^\s\S]"
_ANY_TEXT, _ANY_NAMES = "[^/]*", "(?:/[^/]*)*"


def names_of(path: str) -> list[str]:
    """Return the names in a path, without empty ones and ``.``."""
    return [name for name in path.split("/") if name not in ("", ".")]


class Glob:
    """A compiled glob of paths.

    Attributes:
        names: a glob for each name; None is ``**``.
        is_absolute: whether it starts with ``/`` (or ``~``, the home folder), and so matches whole paths.
        is_one_name: whether it is a single name, whatever the folders above: ``drafts`` or ``drafts/``, but not
            ``./drafts``.
    """

    def __init__(self, text: str) -> None:
        path = user_path(text)
        self.names = tuple(None if name == "**" else NameGlob(name) for name in names_of(path))
        self.is_absolute = path.startswith("/")
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
        """The regular expression, without anchors, for a text with a ``/`` before each name, such as ``/a/b``."""
        return "".join(_ANY_NAMES if name is None else f"/{name.pattern}" for name in self.names)


class NameGlob:
    """A compiled glob of one name.

    Attributes:
        pattern: the same as a regular expression, for Python and for Rust.
    """

    def __init__(self, text: str) -> None:
        # Each piece is a list of patterns for one character each; between two pieces there may be any text.
        self._pieces: list[list[str]] = [[]]
        place = 0
        while place < len(text):
            char = text[place]
            place += 1
            # The first character in brackets belongs to the set even if it is a closing bracket.
            end = text.find("]", place + (2 if text.startswith("!", place) else 1)) if char == "[" else -1
            if char == "*":
                self._pieces.append([])
            elif char == "?":
                self._pieces[-1].append(_ANY_CHARACTER)
            elif end >= 0:
                self._pieces[-1].append(_set_pattern(text[place:end]))
                place = end + 1
            else:
                self._pieces[-1].append(_escaped(char))
        self.pattern = _ANY_TEXT.join(map("".join, self._pieces))

    @cached_property
    def _compiled(self) -> list[re.Pattern[str]]:
        return [re.compile("".join(piece)) for piece in self._pieces]

    def matches(self, name: str) -> bool:
        """Whether the glob matches a whole name; the time is at most proportional to both lengths."""
        first, *others = self._compiled
        if not others:
            return first.fullmatch(name) is not None
        found = first.match(name)
        for piece in others[:-1]:
            found = found and piece.search(name, found.end())
        start = len(name) - len(self._pieces[-1])
        return found is not None and found.end() <= start and others[-1].fullmatch(name, start) is not None


def _set_pattern(content: str) -> str:
    """Return the content of a glob's brackets as a character class of a regular expression."""
    is_not, content = content.startswith("!"), content.removeprefix("!")
    ranges = []
    place = 0
    while place < len(content):
        first = last = content[place]
        if content[place + 1 : place + 2] == "-" and place + 2 < len(content):
            last = content[place + 2]
            place += 2
        place += 1
        # No name contains a "/", but in the expression for whole paths a range could match one.
        parts = [(first, "."), ("0", last)] if not is_not and first < "/" < last else [(first, last)]
        ranges += [_range_pattern(*part) for part in parts if part[0] <= part[1]]
    if not ranges:
        return _ANY_CHARACTER if is_not else _NO_CHARACTER
    return f"[^/{''.join(ranges)}]" if is_not else f"[{''.join(ranges)}]"


def _range_pattern(first: str, last: str) -> str:
    return _escaped(first) if first == last else f"{_escaped(first)}-{_escaped(last)}"


def _escaped(char: str) -> str:
    return f"\\{char}" if char in _META else char
