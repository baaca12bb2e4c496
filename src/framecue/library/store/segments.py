"""The segments of moments that something else than a vector has found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from framecue.library.store.sql import quoted
from framecue.library.store.table import Table
from framecue.library.store.time_limit import time_left
from framecue.library.store.vectors import Match, match_columns, matches_of

__all__ = ["Moment", "segments_at"]

Moment = tuple[str, float, float]
"""Absolute path of the file, start and end in seconds."""
# A condition with thousands of parts takes long to plan.
_FILES_PER_SCAN = 64


def segments_at(table: Table, moments: Sequence[Moment], vector: np.ndarray) -> list[Match | None]:
    """Return the segment in which each of some moments lies.

    Args:
        table: of segments.
        moments: of files.
        vector: float32 (E,), the query's, for the segments' cosines.

    Returns:
        For each the segment that shares most time with it, or else the nearest; of equals the earliest. None if the
        library holds no segment of the file near it.
    """
    spans: dict[str, tuple[float, float]] = {}
    for path, start, end in moments:
        low, high = spans.get(path, (start, end))
        spans[path] = (min(low, start), max(high, end))
    paths = sorted(spans)
    query = np.asarray(vector, dtype=np.float32)
    by_path: dict[str, list[Match]] = {}
    for first in range(0, len(paths), _FILES_PER_SCAN):
        condition = " OR ".join(_near(path, *spans[path]) for path in paths[first : first + _FILES_PER_SCAN])
        search = table.lance.search().where(condition).with_row_id(True).select(match_columns(table))
        for match in matches_of(table.read(partial(search.to_arrow, timeout=time_left())), query):
            by_path.setdefault(match.path, []).append(match)
    return [_best(by_path.get(path, ()), start, end) for path, start, end in moments]


def _near(path: str, start: float, end: float) -> str:
    # Sound may go on after the last segment.
    last = f"end_seconds >= {float(start)!r} OR end_seconds >= duration_seconds - 0.05"
    return f"(path = {quoted(path)} AND ({last}) AND start_seconds <= {float(end)!r})"


def _best(segments: Sequence[Match], start: float, end: float) -> Match | None:
    def shared(match: Match) -> tuple[float, float]:
        return min(match.end_seconds, end) - max(match.start_seconds, start), -match.start_seconds

    return max(segments, key=shared, default=None)
