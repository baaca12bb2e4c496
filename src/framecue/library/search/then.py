"""Queries about one thing after another in the same video."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from framecue.checks import is_number
from framecue.errors import InputError
from framecue.library.search.in_order import MOST_PARTS
from framecue.library.search.query import Query, as_query

__all__ = ["InOrder"]


@dataclass(frozen=True)
class InOrder:
    """Things that happen one after another in a video; a hit is the span of them all, with its parts.

    Args:
        parts: what happens, in order: texts, taken literally, or queries, at least two.
        within_seconds: how long after the end of one the next begins at most; None for any time.

    Raises:
        InputError: there are too few or too many parts, a part is empty or asks for a file's name alone, which has no
            time, or the time makes no sense.

    Example:
        >>> library.search(InOrder(["a panda shrinks", "an octopus grows"], within_seconds=30))  # doctest: +SKIP
    """

    parts: Sequence[str | Query]
    within_seconds: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.parts, (str, Query)) or not 2 <= len(self.parts) <= MOST_PARTS:
            raise InputError(
                f"one thing after another takes 2 to {MOST_PARTS} parts, and {_number(self.parts)} given; leave some "
                "out, or search for one alone with a plain query"
            )
        object.__setattr__(self, "parts", tuple(map(_part, self.parts)))
        if self.within_seconds is not None and not (is_number(self.within_seconds) and self.within_seconds >= 0):
            raise InputError(
                f"within_seconds is {self.within_seconds!r}; it must be a number of seconds, 0 or more: how long after "
                "one thing the next begins at most"
            )

    @property
    def queries(self) -> tuple[Query, ...]:
        """The parts as queries."""
        return tuple(as_query(part) for part in self.parts)

    def __str__(self) -> str:
        within = "" if self.within_seconds is None else f" within {self.within_seconds:g} s"
        return f", then{within}: ".join(str(part) for part in self.parts)


def _part(part: str | Query) -> Query:
    if isinstance(part, str) and not part.strip():
        raise InputError("a part of what happens one after another is empty; say what happens before and after")
    query = as_query(part)
    if not query.asks_seen and all(term.leg == "named" for term, _ in query.wanted_terms):
        raise InputError(
            f"{query}: a file's name has no time, so nothing comes before or after it; leave it out, and name the "
            "files with a filter for their paths"
        )
    return query


def _number(parts: str | Query | Sequence[str | Query]) -> str:
    number = 1 if isinstance(parts, (str, Query)) else len(parts)
    return f"{number} {'is' if number == 1 else 'are'}"
