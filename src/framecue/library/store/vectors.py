"""Search by vector in a library's table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from framecue.library.rows import vectors_of
from framecue.library.store.attempt import attempt

__all__ = ["Match", "search_vectors"]


@dataclass(frozen=True)
class Match:
    """One segment that a search found; ``score`` is the cosine similarity."""

    video_id: str
    path: str
    start_seconds: float
    end_seconds: float
    duration_seconds: float
    score: float


def search_vectors(uri: str, table: Any, vector: np.ndarray, *, limit: int) -> list[Match]:
    """Find the segments nearest to a vector, by exact search.

    Args:
        uri: the library, for messages.
        table: its table.
        vector: float32 (E,), unit length.
        limit: how many at most.

    Returns:
        Best first; equal scores in the order of path and start.
    """
    query = np.asarray(vector, dtype=np.float32)
    wanted = ["video_id", "path", "start_seconds", "end_seconds", "duration_seconds", "vector"]
    found = attempt(
        uri,
        "read",
        lambda: (
            table.search(query, vector_column_name="vector")
            .distance_type("cosine")
            .bypass_vector_index()
            .limit(limit)
            .select([*wanted, "_distance"])
            .to_arrow()
        ),
    )
    if found.num_rows == 0:
        return []
    # LanceDB compares in the column's float16; the scores that people see are computed in float32.
    vectors = vectors_of(found).astype(np.float32)
    scores = vectors @ query / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))
    columns = [found.column(name).to_pylist() for name in wanted[:-1]]
    matches = [
        Match(video_id, path, start_seconds, end_seconds, duration_seconds, score)
        for video_id, path, start_seconds, end_seconds, duration_seconds, score in zip(
            *columns, scores.tolist(), strict=True
        )
    ]
    return sorted(matches, key=lambda match: (-match.score, match.path, match.start_seconds))
