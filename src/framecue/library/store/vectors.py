"""Search by vector in a library's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from framecue.errors import LibraryError
from framecue.library.own_values import MetadataValue
from framecue.library.store.own_columns import kinds_in
from framecue.library.store.rows import vectors_of
from framecue.library.store.sql import is_one_of
from framecue.library.store.table import Table
from framecue.library.store.time_limit import time_left
from framecue.library.store.tuning import Way, ways

__all__ = ["Details", "HeldSegment", "Match", "details_of", "match_columns", "matches_of", "search_vectors"]

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
        row_id: LanceDB's number of its row, for :func:`details_of`; it holds for the commit that was searched.
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
    row_id: int = field(default=0, repr=False, compare=False)

    @property
    def key(self) -> tuple[str, float, float]:
        """What identifies it among all segments of the library."""
        return self.path, self.start_seconds, self.end_seconds


def match_columns(table: Table) -> list[str]:
    """Return the columns from which matches are made, of those that a table of segments has."""
    there = table.schema.names
    return [*_COLUMNS, "vector", *(name for name in _LATER_COLUMNS if name in there)]


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
    columns = [*match_columns(table), "_distance"]

    def find(way: Way) -> pa.Table:
        search = table.lance.search(query, vector_column_name="vector").distance_type("cosine").with_row_id(True)
        return way.apply(search, where).select(columns).to_arrow(timeout=time_left())

    found: pa.Table | None = None
    for way in ways(table, limit=limit, where=where, exact=exact):
        found = table.read(partial(find, way))
        if (again := way.again(found.num_rows)) is not None:
            found = table.read(partial(find, again))
        if found.num_rows >= way.enough:
            break
    assert found is not None
    matches = sorted(matches_of(found, query), key=lambda match: (-match.score, match.path, match.start_seconds))
    return matches[:limit]


def matches_of(found: pa.Table, query: np.ndarray) -> list[Match]:
    """Return the segments that LanceDB found, each with its score.

    Args:
        found: LanceDB's answer, with `match_columns` and the rows' numbers.
        query: float32 (E,).
    """
    if found.num_rows == 0:
        return []
    vectors = vectors_of(found)
    # LanceDB compares in the column's float16. The scores that people see are computed in float64 and rounded to
    # float32, so that a segment's score does not depend on how many others were found with it.
    wide, direction = vectors.astype(np.float64), query.astype(np.float64)
    scores = wide @ direction / (np.linalg.norm(wide, axis=1) * np.linalg.norm(direction))
    nothing = [None] * found.num_rows
    there = set(found.schema.names)
    names = (*_COLUMNS, *_LATER_COLUMNS, "_rowid")
    columns = (found.column(name).to_pylist() if name in there else nothing for name in names)
    return [
        Match(video_id, path, start, end, duration, score, vector, recorded_seconds=recorded, kind=kind, row_id=row_id)
        for video_id, path, start, end, duration, recorded, kind, row_id, score, vector in zip(
            *columns, scores.astype(np.float32).tolist(), vectors, strict=True
        )
    ]


@dataclass(frozen=True, eq=False)
class HeldSegment:
    """A segment with its vector, float16 (E,) of unit length, and how long its whole video is."""

    start_seconds: float
    end_seconds: float
    duration_seconds: float
    vector: np.ndarray


@dataclass(frozen=True)
class Details:
    """What a segment's row holds besides what a search compares.

    Attributes:
        caption: a sentence about it, or None.
        subtitles: the text about it in the files beside the video, or None.
        metadata: the values of the library's own columns; None where a column is empty.
    """

    caption: str | None
    subtitles: str | None
    metadata: Mapping[str, MetadataValue | None]

    @property
    def text(self) -> str | None:
        """Caption and subtitles, a line each; None without either."""
        return "\n".join(part for part in (self.caption, self.subtitles) if part) or None


def details_of(table: Table, matches: Sequence[Match]) -> list[Details]:
    """Return what else the rows of segments hold; the rows are taken by their numbers, so no others are read.

    Args:
        table: of segments.
        matches: what was found in it.

    Raises:
        LibraryError: the library cannot be read.
    """
    if not matches:
        return []
    own = list(kinds_in(table.schema))
    names = [*_PLACE, "caption", "subtitles", *own]
    rows = _by_place(table, matches, names)
    if any(_place(match) not in rows for match in matches):
        # Another process has dropped the commit that was searched, and rows have other numbers in the latest one.
        paths = sorted({match.path for match in matches})
        rows = {(row["path"], row["start_seconds"]): row for row in _scan(table, names, paths)}
    nothing: dict[str, Any] = dict.fromkeys(names)
    found = [rows.get(_place(match), nothing) for match in matches]
    return [Details(row["caption"], row["subtitles"], {name: row[name] for name in own}) for row in found]


# By this a segment is known, whatever the number of its row.
_PLACE = ("path", "start_seconds")


def _place(match: Match) -> tuple[str, float]:
    return match.path, match.start_seconds


def _by_place(table: Table, matches: Sequence[Match], names: list[str]) -> dict[tuple[str, float], dict[str, Any]]:
    """Return the rows that have the numbers of matches, by their place; some are missing if the numbers are old."""
    row_ids = sorted({match.row_id for match in matches})
    try:
        found = table.read(lambda: table.lance.take_row_ids(row_ids).select(names).to_arrow())
    except LibraryError:
        return {}  # no row has such a number
    return {(row["path"], row["start_seconds"]): row for row in found.to_pylist()}


def _scan(table: Table, names: list[str], paths: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.scan(names, where=is_one_of(paths)).to_pylist()
    return rows
