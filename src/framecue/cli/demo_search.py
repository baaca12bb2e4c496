"""A search of ``framecue demo``: what it found, and what it should have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framecue.datasets.moji_motion.film import Event
    from framecue.library import Hit

__all__ = ["DemoSearch"]

_MOMENT_SECONDS = 1.5


@dataclass(frozen=True)
class DemoSearch:
    """A query, what it found, and what it should have found.

    Attributes:
        query: the text.
        expected: path of the right file.
        hits: the results, best first.
        event: the right event of the file; None if all of the file is right.
    """

    query: str
    expected: str
    hits: Sequence[Hit]
    event: Event | None = None

    def is_right(self, hit: Hit) -> bool:
        """Whether a hit is the right moment, to within a second and a half."""
        if hit.path != self.expected or self.event is None:
            return hit.path == self.expected
        off = (hit.start_seconds - self.event.start_seconds, hit.end_seconds - self.event.end_seconds)
        return max(map(abs, off)) <= _MOMENT_SECONDS

    def to_dict(self) -> dict[str, Any]:
        """Return the search for the JSON document."""
        return {
            "query": self.query,
            "expected": self.expected,
            "expected_seconds": self.event and [self.event.start_seconds, self.event.end_seconds],
            "results": [{**hit.to_dict(), "right": self.is_right(hit)} for hit in self.hits],
        }
