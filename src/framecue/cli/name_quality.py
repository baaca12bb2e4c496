"""How well a taught name is found, in words: by the places that its examples take when the others look for them.

An example that goes together with the others is as good as found where many moments show the same and come before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.library import TaughtExample, TaughtName
    from framecue.library.results import Finding

__all__ = ["name_findings", "place_of", "quality_sentence", "quality_word"]

# What is on the first page is found; in a small library the first page holds nearly all, so a fifth of it counts there.
_PAGE = 10
_SHARE = 5
_MOST_LISTED = 5


def quality_word(name: TaughtName) -> str:
    """Return "good", "fair" or "poor"; "unknown" if no example could be looked for by others."""
    ranked = _ranked(name)
    if not ranked:
        return "unknown"
    found = sum(map(_is_found, ranked))
    return "good" if found == len(ranked) else "fair" if 2 * found >= len(ranked) else "poor"


def quality_sentence(name: TaughtName) -> str:
    """Return how well a name is found, and what makes it better, in a line."""
    word, ranked = quality_word(name), _ranked(name)
    if not ranked:
        return "how well it is found cannot be told from one example"
    found = sum(map(_is_found, ranked))
    worst = max(example.rank or 0 for example in ranked)
    of = counted(max(example.num_compared for example in ranked), "moment")
    if word == "good":
        place = "first" if worst == 1 else f"among the first {worst}"
        if not any(map(_is_behind_alike, ranked)):
            return f"good: each example is found by the others, {place} of {of}"
        why = "the examples go together; many moments look the same, so the last one comes at place"
        return f"good: {why} {worst} of {of}"
    near = "near the top" + (" or behind moments that look the same" if any(map(_is_behind_alike, ranked)) else "")
    return (
        f"{word}: the others find {found} of {counted(len(ranked), 'example')} {near}, and the last one at place "
        f"{worst} of {of}; more examples that show it clearly make it better"
    )


def place_of(example: TaughtExample) -> str:
    """Return the place of one example, as a table has it; empty if it has none."""
    return "" if example.rank is None else f"{example.rank} of {example.num_compared}"


def name_findings(names: Sequence[TaughtName]) -> list[Finding]:
    """Return what a check has to say of names: which are badly found. Whether they are understood, the library says."""
    from framecue.library.results import Finding

    poor = [name for name in names if name.fits and quality_word(name) == "poor"]
    if not poor:
        return []
    what = f"the examples of the taught {'name' if len(poor) == 1 else 'names'} {_listed(poor)} hardly find each other"
    return [Finding("note", what, "give more that show it clearly: framecue teach NAME --like ...")]


def _listed(names: Sequence[TaughtName]) -> str:
    """Return names in a row, of many the first."""
    shown = ", ".join(name.name for name in names[:_MOST_LISTED])
    return shown if len(names) <= _MOST_LISTED else f"{shown} and {len(names) - _MOST_LISTED} more"


def _ranked(name: TaughtName) -> Sequence[TaughtExample]:
    return [example for example in name.examples if example.rank is not None]


def _is_found(example: TaughtExample) -> bool:
    return _is_near(example) or _is_behind_alike(example)


def _is_behind_alike(example: TaughtExample) -> bool:
    return bool(example.agrees) and not _is_near(example)


def _is_near(example: TaughtExample) -> bool:
    near = min(_PAGE, max(1, example.num_compared // _SHARE))
    return example.rank is not None and example.rank <= near
