"""Marks on the results of a search: what was right and what was wrong moves the query, for this one search.

This is Rocchio's relevance feedback (1971) on standardised scores: the mean of what was right is added to the query and
the mean of what was wrong taken off, each on the scale of the library (``usual.py``), as the cosines of a text and
those of moments are of different sizes. What was marked as wrong is not shown again.

Shapes: E the embedding's width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from framecue.checks import is_whole
from framecue.errors import AbsentError, InputError
from framecue.library.results import Hit
from framecue.library.search.found import Found
from framecue.library.search.query import HeldMoment
from framecue.library.search.query_vectors import EncodedQuery, nearest_segment
from framecue.library.search.usual import Usual, unit
from framecue.library.search.weights import LegWeights
from framecue.library.store import Store
from framecue.library.store.vectors import HeldSegment

__all__ = [
    "Mark",
    "Marked",
    "Marks",
    "Scales",
    "as_marks",
    "check_apart",
    "find_marked",
    "is_among",
    "move_all",
    "moved",
]

Mark = int | Hit | HeldMoment
"""A result: its rank in the same search without marks, 1 for the best, a hit, or a moment by its video's id."""


@dataclass(frozen=True)
class Marks:
    """Which results of a search are marked, and how.

    Attributes:
        right: these are what was meant.
        wrong: these are not.
    """

    right: tuple[Mark, ...] = ()
    wrong: tuple[Mark, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.right or self.wrong)

    @property
    def last_rank(self) -> int:
        """The largest rank that is marked; 0 if none is."""
        return max((mark for mark in (*self.right, *self.wrong) if isinstance(mark, int)), default=0)


def as_marks(right: Sequence[Mark], wrong: Sequence[Mark]) -> Marks:
    """Return marks as they were given.

    Raises:
        InputError: one is no result, or is marked in both ways.
    """
    marks = Marks(_checked("right", right), _checked("wrong", wrong))
    ranks = {mark for mark in marks.right if isinstance(mark, int)}
    if both := sorted(ranks.intersection(mark for mark in marks.wrong if isinstance(mark, int))):
        raise InputError(f"result {both[0]} is marked as right and as wrong; mark it in one way")
    return marks


def _checked(name: str, marks: Sequence[Mark]) -> tuple[Mark, ...]:
    if isinstance(marks, (str, int, Hit, HeldMoment)):
        raise InputError(f"{name} is {marks!r}; give several: ranks of results, hits, or moments by their video's id")
    for mark in marks:
        if isinstance(mark, (Hit, HeldMoment)):
            continue
        if not is_whole(mark) or mark < 1:
            raise InputError(
                f"{name} holds {mark!r}; a mark is the rank of a result, from 1 on, a hit, or a HeldMoment"
            )
    return tuple(marks)


@dataclass(frozen=True, eq=False)
class Marked:
    """A moment that was marked.

    Attributes:
        video_id: hash of its file's content.
        start_seconds: where it starts.
        end_seconds: where it ends.
        vectors: each float32 (E,), of unit length: of its segment, or of each of its parts.
    """

    video_id: str
    start_seconds: float
    end_seconds: float
    vectors: tuple[np.ndarray, ...] = field(repr=False)


def find_marked(store: Store, marks: Sequence[Mark], found: Sequence[Found]) -> list[Marked]:
    """Return the moments that are marked.

    Args:
        store: the library.
        marks: which.
        found: what the search has found without marks, best first.

    Raises:
        InputError: there is no result of a rank.
        AbsentError: the library does not hold a moment.
        LibraryError: the library cannot be read.
    """
    return [_marked(store, mark, found) for mark in marks]


def check_apart(right: Sequence[Marked], wrong: Sequence[Marked]) -> None:
    """Refuse a moment that is marked in both ways.

    Raises:
        InputError: there is one.
    """
    times = {(one.video_id, one.start_seconds, one.end_seconds) for one in right}
    if both := next((one for one in wrong if (one.video_id, one.start_seconds, one.end_seconds) in times), None):
        raise InputError(
            f"the moment from {both.start_seconds:g} to {both.end_seconds:g} s of {both.video_id} is marked as right "
            "and as wrong; mark it in one way"
        )


def is_among(found: Found, marked: Sequence[Marked]) -> bool:
    """Whether a moment is one of those that were marked: it shares half of the shorter of both with it."""
    return any(_is_same(found, one) for one in marked if one.video_id == found.match.video_id)


def _is_same(found: Found, one: Marked) -> bool:
    shared = min(found.end_seconds, one.end_seconds) - max(found.start_seconds, one.start_seconds)
    shorter = min(found.end_seconds - found.start_seconds, one.end_seconds - one.start_seconds)
    return found.start_seconds == one.start_seconds or (shared > 0 and 2 * shared >= shorter)


def _marked(store: Store, mark: Mark, found: Sequence[Found]) -> Marked:
    if isinstance(mark, Hit):
        spans = [(part.start_seconds, part.end_seconds) for part in mark.parts] or [
            mark.segment_seconds or (mark.start_seconds, mark.end_seconds)
        ]
        vectors = tuple(_held(store, mark.video_id, (start + end) / 2).vector for start, end in spans)
        return Marked(mark.video_id, mark.start_seconds, mark.end_seconds, tuple(map(_unit, vectors)))
    if isinstance(mark, HeldMoment):
        if mark.at_seconds is None:
            raise InputError(
                f"the mark on {mark.video_id} has no time; say which of its moments it is, as in "
                f"HeldMoment({mark.video_id!r}, 2.5)"
            )
        segment = _held(store, mark.video_id, mark.at_seconds)
        return Marked(mark.video_id, segment.start_seconds, segment.end_seconds, (_unit(segment.vector),))
    if mark > len(found):
        has = "nothing" if not found else f"{len(found)} result{'' if len(found) == 1 else 's'}"
        raise InputError(f"there is no result {mark} to mark: without marks this search finds {has}; mark one of these")
    one = found[mark - 1]
    vectors = tuple(_unit(moment.match.vector) for moment in one.parts or (one,))
    return Marked(one.match.video_id, one.start_seconds, one.end_seconds, vectors)


def _held(store: Store, video_id: str, at_seconds: float) -> HeldSegment:
    try:
        return nearest_segment(store, video_id, at_seconds)
    except AbsentError:
        raise AbsentError("the library holds no such moment to mark; mark results of a search in it") from None


def _unit(vector: np.ndarray) -> np.ndarray:
    wide = vector.astype(np.float32)
    return wide / max(float(np.linalg.norm(wide)), 1e-12)


@dataclass(frozen=True, eq=False)
class Scales:
    """What queries and marks are weighed by.

    Attributes:
        usual: how scores lie over the library.
        weights: how much marks count.
    """

    usual: Usual
    weights: LegWeights


def moved(encoded: EncodedQuery, right: Sequence[np.ndarray], wrong: Sequence[np.ndarray], to: Scales) -> EncodedQuery:
    """Return a query moved towards what was right, and away from what was wrong; as it is without either.

    Args:
        encoded: the query.
        right: float32 (E,) each, of unit length: of moments.
        wrong: likewise.
        to: what all of them are weighed by.
    """
    total = to.usual.standardised(encoded.vector)
    beside = float(np.linalg.norm(total))
    for vectors, weight in ((right, to.weights.right), (wrong, -to.weights.wrong)):
        middle = unit(np.mean(vectors, axis=0)) if vectors else None
        if middle is not None and weight:
            total = total + weight * to.usual.standardised(middle)
            beside = max(beside, abs(weight) / to.usual.spread(middle))
    vector = unit(total, beside=beside)
    if vector is None or not (right or wrong):
        return encoded
    return replace(encoded, vector=vector, by_text=encoded.plain)


def move_all(
    readings: Sequence[EncodedQuery], right: Sequence[Marked], wrong: Sequence[Marked], to: Scales, *, is_order: bool
) -> list[EncodedQuery]:
    """Return the readings of one query, moved: itself and the parts that it may be taken for, or parts alone.

    A part is moved by the same part of what was marked; of a moment that has no parts by its one segment, which is
    where the first part is.

    Args:
        readings: the query's.
        right: what was marked as right.
        wrong: likewise.
        to: what all of them are weighed by.
        is_order: whether the readings are parts alone.
    """
    every = [[vector for one in marked for vector in one.vectors] for marked in (right, wrong)]
    whole = [] if is_order else [moved(readings[0], every[0], every[1], to)]
    for place, part in enumerate(readings[len(whole) :]):
        # A moment of the sentence as a whole says nothing of its parts.
        own = [
            [one.vectors[place] for one in marked if place < len(one.vectors) and (is_order or len(one.vectors) > 1)]
            for marked in (right, wrong)
        ]
        whole.append(moved(part, own[0], own[1], to))
    return whole
