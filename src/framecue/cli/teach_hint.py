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
_FEW = 2


def likely_name(text: str) -> str | None:
    """Return what in a query looks like somebody's own name: the first words that are no ordinary ones.

    Args:
        text: as it was typed.

    Returns:
        The name as it was typed, several words where they stand side by side; None if nothing looks like one.
    """
    from framecue.names.check import is_ordinary

    found: list[re.Match[str]] = []
    text = _OWNER.sub("", _LEGS.sub("", text))
    for match in _WORD.finditer(text):
        is_next = not found or not text[found[-1].end() : match.start()].strip()
        if len(match[0]) > 1 and not is_ordinary(match[0]):
            if not is_next:
                break
            found.append(match)
        elif found:
            break
    return text[found[0].start() : found[-1].end()] if found else None


def teach_hint(library: Library, result: SearchResult, text: str | None) -> str | None:
    """Return a line that says how a name in a query is taught; None where it would not help.

    It helps whoever sees results in a terminal, has typed what looks like a name, and has taught the library none yet.

    Args:
        library: that was searched.
        result: what was found.
        text: what was typed; None for a query without a text.
    """
    if text is None or not result.hits or not (sys.stdout.isatty() and sys.stderr.isatty()):
        return None
    name = likely_name(text)
    if name is None:
        return None
    try:
        if library.taught_names():
            return None
    except FramecueError:
        return None
    return (
        f"if results show {name}, teach it by their numbers, and searches understand it: "
        f"{program()} teach {shlex.quote(name)} --like {','.join(str(hit.rank) for hit in result.hits[:_FEW])}"
    )
