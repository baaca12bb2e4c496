"""Segments that lie evenly over a library, with their vectors: what a name that is taught is told apart from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from framecue.library.store.rows import vectors_of
from framecue.library.store.table import Table

__all__ = ["SampledSegments", "sample_segments"]

_COLUMNS = ("video_id", "start_seconds", "end_seconds")


@dataclass(frozen=True, eq=False)
class SampledSegments:
    """N segments of a library.

    Attributes:
        video_ids: of the contents that they are of.
        spans: float64 (N, 2): where each starts and ends in its video, in seconds.
        vectors: float32 (N, E), unit length.
    """

    video_ids: list[str]
    spans: np.ndarray = field(repr=False)
    vectors: np.ndarray = field(repr=False)


def sample_segments(table: Table, number: int) -> SampledSegments:
    """Return segments that lie evenly over a table of them, the same each time; all if there are no more.

    Args:
        table: of segments.
        number: how many at most.

    Raises:
        LibraryError: the library cannot be read.
    """
    count = table.count()
    offsets = np.unique(np.linspace(0, count - 1, min(number, count)).round().astype(np.int64)).tolist()
    wanted = [*_COLUMNS, "vector"]
    if offsets:
        rows = table.read(lambda: table.lance.take_offsets(offsets).select(wanted).to_arrow())
    else:
        rows = table.scan(wanted)
    vectors = vectors_of(rows).astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    spans = np.stack([rows.column(name).to_numpy() for name in _COLUMNS[1:]], axis=1)
    return SampledSegments(
        rows.column("video_id").to_pylist(), spans, vectors / np.where(lengths > 0, lengths, 1).astype(np.float32)
    )
