"""Globs as regular expressions for texts in any Unicode form, without look-ahead, for Rust and for Python.

A unit (:mod:`framecue.forms`) may be written in several ways, so it becomes the alternatives of its spellings. What
follows a unit never starts with a combining character, so no part of a unit is taken for a whole one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from framecue.forms import combining, has_spellings, never_composed, spellings, units

__all__ = [
    "ANY_NAMES",
    "NO_CHARACTER",
    "GlobSet",
    "any_pattern",
    "escaped",
    "set_pattern",
    "star_pattern",
    "unit_pattern",
]

ANY_NAMES, NO_CHARACTER = "(?:/[^/]*)*", r"[^\s\S]"
# The characters with a meaning in regular expressions of Python or Rust. Escaping others may give them one: in Rust
# "\<" is the start of a word.
_META = frozenset("\\.+*?()|[]{}^$#&-~")

Range = tuple[int, int]


def escaped(text: str) -> str:
    """Return a regular expression for a text."""
    return "".join(f"\\{char}" if char in _META else char for char in text)


@dataclass(frozen=True)
class GlobSet:
    """The content of a glob's brackets.

    Attributes:
        is_not: whether it means what is not in it.
        ranges: code points (first, last) of single characters in the form NFC.
        units: single units; none starts with a combining character.
    """

    is_not: bool
    ranges: tuple[Range, ...]
    units: tuple[str, ...]

    @classmethod
    def parse(cls, content: str) -> GlobSet:
        """Read the content of brackets, which is in the form NFC."""
        is_not, content = content.startswith("!"), content.removeprefix("!")
        given = list(units(content))
        ranges: list[Range] = []
        singles: list[str] = []
        place = 0
        while place < len(given):
            ends = given[place : place + 3]
            if len(ends) == 3 and ends[1] == "-" and len(ends[0]) == len(ends[2]) == 1:
                ranges.append((ord(ends[0]), ord(ends[2])))
                place += 3
                continue
            singles.append(given[place])
            place += 1
        return cls(
            is_not,
            tuple(one for one in ranges if one[0] <= one[1]),
            tuple(unit for unit in singles if unit[0] not in combining()),
        )

    def expression(self, singles: Sequence[str]) -> str:
        """Return a character class for names that have one character for each unit.

        Args:
            singles: the characters that stand for ``units``.
        """
        found = [*self.ranges, *((ord(char), ord(char)) for char in singles)]
        if not found:
            return r"[\s\S]" if self.is_not else NO_CHARACTER
        return f"[{'^' if self.is_not else ''}{_class(found)}]"


def any_pattern(*, is_first: bool) -> str:
    """Return the pattern of any one unit.

    Args:
        is_first: whether it is at the beginning of a name, where combining characters have nothing to combine with.
    """
    unit = f"[^/{_marks()}][{_marks()}]*"
    return f"(?:{unit}|[{_marks()}]+)" if is_first else f"(?:{unit})"


def star_pattern(*, is_first: bool) -> str:
    """Return the pattern of any units, none too."""
    return "[^/]*" if is_first else f"(?:[^/{_marks()}][^/]*)?"


def unit_pattern(unit: str, *, is_first: bool) -> str:
    """Return the pattern of one unit in all its spellings."""
    if unit[0] in combining():
        return escaped(unit) if is_first else NO_CHARACTER
    found = spellings(unit)
    return escaped(found[0]) if len(found) == 1 else f"(?:{'|'.join(map(escaped, found))})"


@lru_cache(maxsize=64)  # a range may have thousands of letters with several spellings
def set_pattern(wanted: GlobSet, *, is_first: bool) -> str:
    """Return the pattern of one unit that is in a set, or of one that is not."""
    written = [form for unit in _members(wanted) for form in spellings(unit)]
    named = {form for form in written if len(form) == 1}
    # No name contains a "/", but a range could match one in a whole path; and a combining character, or one that means
    # another, never is a unit by itself.
    no_units = {"/", *combining(), *(never_composed() - named)}
    singles = _without([*wanted.ranges, *_ranges_of(named)], no_units)
    longer = _tree_of(form for form in written if len(form) > 1)
    if not wanted.is_not:
        parts = [f"[{_class(singles)}]"] if singles else []
        parts += [_tree_pattern(longer)] if longer.children else []
        return f"(?:{'|'.join(parts)})" if parts else NO_CHARACTER
    marks = f"[{_marks()}]"
    begins = [char for char, _ in longer.children]
    parts = [f"[^/{_marks()}{_class([*singles, *_ranges_of(begins)])}]{marks}*"]
    if alone := _without(singles, begins):
        parts.append(f"[{_class(alone)}]{marks}+")
    # What begins one of the longer spellings: by itself if it is not in the set, and with other marks than those.
    is_single = {char: any(first <= ord(char) <= last for first, last in singles) for char in begins}
    parts += _grouped((char, replace(tree, is_end=is_single[char])) for char, tree in longer.children)
    return f"(?:{'|'.join([*parts, *([f'{marks}+'] if is_first else [])])})"


@dataclass(frozen=True)
class _Tree:
    """Texts by their first characters; equal trees are one object for what is kept of them.

    Attributes:
        is_end: whether a text ends here.
        children: what follows each next character.
    """

    is_end: bool
    children: tuple[tuple[str, _Tree], ...]


def _tree_of(texts: Iterable[str]) -> _Tree:
    tails: dict[str, list[str]] = {}
    is_end = False
    for text in texts:
        if text:
            tails.setdefault(text[0], []).append(text[1:])
        is_end |= not text
    return _Tree(is_end, tuple((char, _tree_of(tails[char])) for char in sorted(tails)))


@lru_cache(maxsize=4096)
def _tree_pattern(tree: _Tree) -> str:
    """Return the pattern of the texts of a tree."""
    groups: dict[_Tree, list[str]] = {}
    for char, child in tree.children:
        groups.setdefault(child, []).append(char)
    parts = [f"[{_class(_ranges_of(chars))}]{_tree_pattern(child)}" for child, chars in groups.items()]
    if not parts:
        return ""
    # The empty text last: Python takes the first that fits.
    return f"(?:{'|'.join([*parts, *([''] if tree.is_end else [])])})"


@lru_cache(maxsize=4096)
def _other_pattern(tree: _Tree) -> str:
    """Return the pattern of combining characters, none too, that are no text of a tree."""
    others = _without(_ranges_of(combining()), [char for char, _ in tree.children])
    parts = [*_grouped(tree.children), f"[{_class(others)}][{_marks()}]*"]
    return f"(?:{'|'.join([*parts, *([] if tree.is_end else [''])])})"


def _grouped(children: Iterable[tuple[str, _Tree]]) -> list[str]:
    """Return the patterns of what begins with one of some characters and does not go on as its tree says."""
    groups: dict[_Tree, list[str]] = {}
    for char, child in children:
        groups.setdefault(child, []).append(char)
    return [f"[{_class(_ranges_of(chars))}]{_other_pattern(child)}" for child, chars in groups.items()]


def _members(wanted: GlobSet) -> list[str]:
    """Return the units of a set that are named, and those in its ranges that have more than one spelling."""
    if not wanted.ranges:
        return list(wanted.units)
    within = [char for char in has_spellings() if any(first <= ord(char) <= last for first, last in wanted.ranges)]
    return sorted({*wanted.units, *within})


@lru_cache(maxsize=1)
def _marks() -> str:
    return _class(_ranges_of(combining()))


def _ranges_of(chars: Iterable[str]) -> list[Range]:
    return [(ord(char), ord(char)) for char in chars]


def _joined(ranges: Iterable[Range]) -> list[Range]:
    joined: list[Range] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


def _without(ranges: Iterable[Range], chars: Iterable[str]) -> list[Range]:
    """Return ranges without some characters."""
    left: list[Range] = []
    gaps = sorted(map(ord, chars))
    for first, last in _joined(ranges):
        for gap in gaps:
            if first <= gap <= last:
                if first < gap:
                    left.append((first, gap - 1))
                first = gap + 1
        if first <= last:
            left.append((first, last))
    return left


def _class(ranges: Iterable[Range]) -> str:
    """Return ranges as they stand within the brackets of a character class."""
    return "".join(
        escaped(chr(first)) if first == last else f"{escaped(chr(first))}-{escaped(chr(last))}"
        for first, last in _joined(ranges)
    )
