"""Search by vector in a library's table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from framecue.library.store.index import tune_search
from framecue.library.store.rows import vectors_of
from framecue.library.store.table import Table

__all__ = ["Match", "match_columns", "matches_of", "search_vectors"]

_COLUMNS = ("video_id", "path", "start_seconds", "end_seconds", "duration_seconds")
# Which a library of an older format lacks.
_LATER_COLUMNS = ("recorded_seconds", "kind")


@dataclass(frozen=True)
class Match:
    """One segment that a search found.

    Attributes:
        video_id: hash of its file's content.
        path: absolute path of its file.
        start_seconds: where it starts in the video.
        end_seconds: where it ends.
        duration_seconds: the whole video's duration.
        score: cosine similarity of its vector and the query's.
        vector: float16 (E,).
        vector_rank: in hybrid search, its place, or its video's, in the order by vector; None if that is far down.
        text_rank: likewise in the order by words; None if full text search did not find it.
        text_score: its score in full text search (BM25); None likewise.
        words: the words of the query that it contains.
        recorded_seconds: when its file was recorded, since 1970; None if an older framecue indexed it.
        kind: "video" or "image"; None if an older framecue indexed it.
    """

    video_id: str
    path: str
    start_seconds: float
    end_seconds: float
    duration_seconds: float
    score: float
    vector: np.ndarray = field(repr=False, compare=False)
    vector_rank: int | None = None
    text_rank: int | None = None
    text_score: float | None = None
    words: tuple[str, ...] = ()
    recorded_seconds: float | None = None
    kind: str | None = None

    @property
    def key(self) -> tuple[str, float, float]:
        """What identifies it among all segments of the library."""
        return self.path, self.start_seconds, self.end_seconds


def match_columns(table: Table) -> list[str]:
    """Return the columns from which matches are made, of those that a table of segments has."""
    return [*_COLUMNS, "vector", *(name for name in _LATER_COLUMNS if name in table.schema.names)]


def search_vectors(
    table: Table, vector: np.ndarray, *, limit: int, where: str | None = None, exact: bool = False
) -> list[Match]:
    """Return the segments nearest to a vector, by the approximate index if the table has one.

    Args:
        table: of segments.
        vector: float32 (E,), unit length.
        limit: how many at most.
        where: an SQL condition on the rows that are looked at.
        exact: whether to look at every vector even if there is an index.

    Returns:
        Best first; equal scores in the order of path and start.
    """
    query = np.asarray(vector, dtype=np.float32)
    search = table.lance.search(query, vector_column_name="vector").distance_type("cosine")
    if where is not None:
        search = search.where(where)

    def find() -> pa.Table:
        tuned = tune_search(table, search, limit=limit, where=where, exact=exact)
        return tuned.limit(limit).select([*match_columns(table), "_distance"]).to_arrow()

    found = table.read(find)
    return sorted(matches_of(found, query), key=lambda match: (-match.score, match.path, match.start_seconds))


def matches_of(found: pa.Table, query: np.ndarray) -> list[Match]:
    """Return the segments that LanceDB found, each with its score.

    Args:
        found: LanceDB's answer, with `match_columns`.
        query: float32 (E,).
    """
    if found.num_rows == 0:
        return []
    vectors = vectors_of(found)
    # LanceDB compares in the column's float16. The scores that people see are computed in float64 and rounded to
    # float32, so that a segment's score does not depend on how many others were found with it.
    wide, direction = vectors.astype(np.float64), query.astype(np.float64)
    scores = wide @ direction / (np.linalg.norm(wide, axis=1) * np.linalg.norm(direction))
    columns = [found.column(name).to_pylist() for name in _COLUMNS]
    matches = [Match(*values) for values in zip(*columns, scores.astype(np.float32).tolist(), vectors, strict=True)]
    for name in set(_LATER_COLUMNS).intersection(found.schema.names):
        values = found.column(name).to_pylist()
        matches = [replace(match, **{name: value}) for match, value in zip(matches, values, strict=True)]
    return matches
