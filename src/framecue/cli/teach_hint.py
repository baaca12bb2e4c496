"""Saying after a search, where it fits, that a library can be taught the words that no model knows."""

from __future__ import annotations

import re
import shlex
import sys
from typing import TYPE_CHECKING

from framecue.cli.program import program
from framecue.errors import FramecueError

if TYPE_CHECKING:
    from framecue.library import Library, SearchResult

__all__ = ["likely_name", "teach_hint"]

_WORD = re.compile(r"[^\W\d_][^\W_]*(?:-[^\W_]+)*")
# "said:" and its like; a word in such a part is looked for as it stands.
_LEGS = re.compile(r"\b(?:said|written|name|caption|meaning):(?:\"[^\"]*\"|\S*)")
# "Rex's": what is left of the apostrophe.
_OWNER = re.compile(r"['\u2019]s\b")
_FEW, _MOST_WORDS, _LONG = 2, 3, 4


def likely_name(text: str) -> str | None:
    """Return what in a query looks like somebody's own name: the first words that are no ordinary ones.

    Args:
        text: as it was typed.

    Returns:
        The name as it was typed, up to three words where they stand side by side; None if nothing looks like one, as
        in a longer text most of whose words are unknown: that is another language.
    """
    text = _OWNER.sub("", _LEGS.sub("", text))
    words = [*_WORD.finditer(text)]
    is_name = [len(word[0]) > 1 and not _is_ordinary(word[0]) for word in words]
    if True not in is_name or (2 * sum(is_name) > len(words) > _LONG):
        return None
    first = last = is_name.index(True)
    while last + 1 < len(words) and is_name[last + 1] and not text[words[last].end() : words[last + 1].start()].strip():
        last += 1
    return text[words[first].start() : words[last].end()] if last - first < _MOST_WORDS else None


def _is_ordinary(word: str) -> bool:
    """Whether a word is an ordinary one, or several of it."""
    from framecue.names.check import is_ordinary

    return is_ordinary(word) or (word[-1:] in "sS" and is_ordinary(word[:-1]))


def teach_hint(library: Library, result: SearchResult, text: str | None, *, place: str | None = None) -> str | None:
    """Return a line that says how a name in a query is taught; None where it would not help.

    It helps whoever sees results in a terminal and has taught the library no name yet, if a word that nobody knows was
    typed with a capital, or led to nothing that fits.

    Args:
        library: that was searched.
        result: what was found.
        text: what was typed; None for a query without a text.
        place: the library, if the command has to name it; None where it is found by itself.
    """
    if text is None or not result.hits or not (sys.stdout.isatty() and sys.stderr.isatty()):
        return None
    name = likely_name(text)
    if name is None or not (name[0].isupper() or result.fits is False):
        return None
    try:
        if library.taught_names():
            return None
    except FramecueError:
        return None
    some = ",".join(str(hit.rank) for hit in result.hits[:_FEW])
    where = "" if place is None else f" --library {shlex.quote(place)}"
    return (
        f"hint: where results show {name}, teach it by their numbers, and searches understand it: "
        f"{program()} teach {shlex.quote(name)} --like {some}{where}"
    )
