"""Why a search has found nothing: which filter is to blame, and what there would be without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from framecue.counts import counted
from framecue.library import Filters

__all__ = ["blame", "option_of"]

Count = Callable[[Filters | None], int]


def option_of(field: str) -> str:
    """Return the option that sets a field of Filters."""
    return "--" + field.removesuffix("_seconds").replace("_", "-")


def blame(filters: Filters, count: Count) -> str | None:
    """Return which of the filters let nothing through, in words; None if together they let something through.

    Args:
        filters: at least one of which is set.
        count: says how many videos pass some filters; None for all videos.
    """
    if count(filters):
        return None
    unset = Filters()
    given = [item.name for item in fields(filters) if getattr(filters, item.name) != getattr(unset, item.name)]
    alone = {name: count(Filters(**{name: getattr(filters, name)})) for name in given}
    without = {name: count(replace(filters, **{name: getattr(unset, name)})) for name in given}
    total = count(None)
    empty = [name for name in given if not alone[name]]
    if empty:
        parts = [f"{option_of(name)} leaves 0 of {counted(total, 'video')}" for name in empty]
        if len(given) > 1 and len(empty) == 1:
            parts.append(f"without it {_match(without[empty[0]])}")
        return "; ".join(parts)
    parts = [f"{option_of(name)} leaves {alone[name]}" for name in given]
    every = "both" if len(given) == 2 else "all of them"
    joined = f"{', '.join(parts)} of {counted(total, 'video')}, and no video passes {every}"
    helping = [f"without {option_of(name)} {_match(without[name])}" for name in given if without[name]]
    return "; ".join([joined, *helping])


def _match(number: int) -> str:
    return f"{number} {'passes' if number == 1 else 'pass'}"
