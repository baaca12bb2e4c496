"""A moment on its way from the legs of a search to the page: its segment, its times, and which legs have found it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from framecue.library.search.legs.leg import LegMatch
from framecue.library.store import Match

__all__ = ["Found", "apart", "best_of_each_video"]

# Moments that share no more than this do not overlap: times are rounded.
_TOUCHING_SECONDS = 1e-3


@dataclass(frozen=True)
class Found:
    """A moment that a search has found.

    Attributes:
        match: its segment.
        value: by which it is ranked, more is better; comparable within one query only.
        legs: which legs have found it and where, in the order of the registry; none where only one was asked.
        own_seconds: when it begins and ends, where words say so more finely than the segment.
    """

    match: Match
    value: float = 0.0
    legs: tuple[LegMatch, ...] = ()
    own_seconds: tuple[float, float] | None = None

    @property
    def path(self) -> str:
        """Absolute path of its file."""
        return self.match.path

    @property
    def score(self) -> float:
        """The cosine of its segment's vector and the query's."""
        return self.match.score

    @property
    def start_seconds(self) -> float:
        """When the moment begins."""
        return self.match.start_seconds if self.own_seconds is None else self.own_seconds[0]

    @property
    def end_seconds(self) -> float:
        """When it ends."""
        return self.match.end_seconds if self.own_seconds is None else self.own_seconds[1]


def best_of_each_video(moments: Iterable[Found]) -> Iterator[Found]:
    """Yield the first moment of each video."""
    paths: set[str] = set()
    for moment in moments:
        if moment.path not in paths:
            paths.add(moment.path)
            yield moment


def apart(moments: Iterable[Found]) -> Iterator[Found]:
    """Yield the moments that do not overlap a better one of the same video, by the times that are shown."""
    given: dict[str, list[Found]] = {}
    for moment in moments:
        kept = given.setdefault(moment.path, [])
        if not any(_overlap(moment, other) for other in kept):
            kept.append(moment)
            yield moment


def _overlap(one: Found, other: Found) -> bool:
    shared = min(one.end_seconds, other.end_seconds) - max(one.start_seconds, other.start_seconds)
    return shared > _TOUCHING_SECONDS or one.start_seconds == other.start_seconds
