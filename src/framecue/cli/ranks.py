"""Ranks of results as people type them: ``1,4``, ``1 4`` or ``2-5``."""

from __future__ import annotations

import re
from typing import Any

import click

from framecue.errors import InputError

__all__ = ["RanksType", "are_ranks", "read_ranks"]

_RANK = r"[1-9]\d{0,8}"
_PART = rf"{_RANK}(?:\s*-\s*{_RANK})?"
_RANKS = re.compile(rf"\s*{_PART}(?:[\s,]+{_PART})*\s*,?\s*", re.ASCII)
# More than a page of results has; a range that is longer is a slip.
_MOST = 1000


def are_ranks(text: str) -> bool:
    """Whether a text is ranks, and nothing else."""
    return _RANKS.fullmatch(text) is not None


def read_ranks(text: str) -> tuple[int, ...]:
    """Return the ranks that a text names, each once, in its order.

    Raises:
        InputError: it names none, or too many.
    """
    if not are_ranks(text):
        raise InputError(f"{text[:80]!r} are no ranks of results; give numbers such as 1,4")
    found: dict[int, None] = {}
    for part in re.finditer(_PART, text, re.ASCII):
        first, _, last = (number.strip() for number in part[0].partition("-"))
        start, stop = int(first), int(last or first)
        if stop < start:
            raise InputError(f"{part[0]!r} counts backwards; give the lower rank first")
        if stop - start >= _MOST or len(found) > _MOST:
            raise InputError(f"{text[:80]!r} are more than {_MOST} ranks; give those that matter")
        found.update(dict.fromkeys(range(start, stop + 1)))
    return tuple(found)


class RanksType(click.ParamType):  # type: ignore[type-arg]  # click before 8.4 has no types for it
    """Ranks of results, several with commas between them."""

    name = "ranks"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the ranks."""
        if isinstance(value, tuple):
            return value
        try:
            return read_ranks(value)
        except InputError as error:
            self.fail(str(error), param, ctx)
