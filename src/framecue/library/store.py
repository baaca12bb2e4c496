"""A library's rows on disk or in an object store: one LanceDB table, and the only place that knows LanceDB.

The library's URI is the LanceDB database, a folder (``videos.lance``) or an object-store URI
(``s3://bucket/videos.lance``), and the table in it is ``segments``; so any folder name will do. Beside it, from the
first duplicate on, ``copies`` notes files whose content is held under another path; without it they are hashed again.
Every write is one LanceDB commit: a run that dies leaves whole commits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import lancedb
import numpy as np
import pyarrow as pa

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library.plan import Copy, Held
from framecue.library.rows import (
    SCHEMA_VERSION,
    Row,
    make_schema,
    read_metadata,
    rows_from_table,
    table_from_rows,
    vectors_of,
)

__all__ = ["Match", "Store", "normal_uri"]

TABLE = "segments"
COPIES_TABLE = "copies"
# Many small files slow every later scan; past this many, a run tidies up at its end.
FRAGMENTS_BEFORE_COMPACTION = 32

_HOW_TO_MAKE = "make one with `framecue index PATH --library {uri}`"
_HOW_TO_NAME = "name another place"
_COPIES_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("modified_seconds", pa.float64(), nullable=False),
    ]
)
T = TypeVar("T")


@dataclass(frozen=True)
class Match:
    """One segment that a search found; ``score`` is the cosine similarity."""

    video_id: str
    path: str
    start_seconds: float
    end_seconds: float
    duration_seconds: float
    score: float


def normal_uri(uri: str | os.PathLike[str]) -> str:
    """Give an object-store URI as it is, and a local folder as an absolute path (``~`` is the home folder)."""
    text = os.fspath(uri)
    if "://" in text:
        return text
    return os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 (Path fails for an unknown ~user)


class Store:
    """The table of one library. Made by :meth:`open` or :meth:`create`.

    Attributes:
        uri: the library's normal URI.
        fingerprint: of the model that made the vectors.
    """

    def __init__(self, uri: str, table: Any, fingerprint: dict[str, Any]) -> None:
        self.uri, self.fingerprint = uri, fingerprint
        self._table = table

    @classmethod
    def open(cls, uri: str) -> Store:
        """Open an existing library.

        Raises:
            LibraryNotFoundError: there is nothing at the URI.
            LibraryError: what is there is not a framecue library, or cannot be read.
        """
        if _is_vacant(uri):
            raise LibraryNotFoundError(f"no library at {uri}; {_HOW_TO_MAKE.format(uri=uri)}")
        if "://" not in uri and not (Path(uri) / f"{TABLE}.lance").is_dir():
            raise LibraryError(f"{uri} is a folder, but not a framecue library; {_HOW_TO_NAME}")
        database = _attempt(uri, "opened", lambda: lancedb.connect(uri))
        try:
            table = _attempt(uri, "opened", lambda: database.open_table(TABLE))
        except LibraryError as error:
            if "not found" in str(error.__cause__) and "://" in uri:
                raise LibraryNotFoundError(f"no library at {uri}; {_HOW_TO_MAKE.format(uri=uri)}") from error
            raise
        metadata = read_metadata(table.schema)
        if metadata is None:
            raise LibraryError(f"{uri} holds a LanceDB table that framecue did not make; {_HOW_TO_NAME}")
        fingerprint, version = metadata
        if version != SCHEMA_VERSION:
            raise LibraryError(
                f"library {uri} has format {version}, this framecue reads format {SCHEMA_VERSION}; "
                "use the framecue that made it, or index into a new library"
            )
        return cls(uri, table, fingerprint)

    @classmethod
    def create(cls, uri: str, fingerprint: Mapping[str, Any]) -> Store:
        """Make an empty library.

        Raises:
            LibraryError: something is there already, or the place cannot be written.
        """
        if "://" not in uri:
            if not _is_vacant(uri):
                raise LibraryError(f"{uri} exists already and cannot become a new library; {_HOW_TO_NAME}")
            _attempt(uri, "made", lambda: Path(uri).mkdir(parents=True, exist_ok=True))
        schema = make_schema(fingerprint)
        table = _attempt(uri, "made", lambda: lancedb.connect(uri).create_table(TABLE, schema=schema))
        return cls(uri, table, dict(fingerprint))

    def held(self) -> dict[str, Held]:
        """Say which files the library holds, by absolute path, in the order of the paths."""
        columns = ["path", "video_id", "size_bytes", "modified_seconds", "duration_seconds"]
        table = self._read(lambda: self._table.search().select(columns).to_arrow())
        held: dict[str, Held] = {}
        values = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        for path, video_id, size_bytes, modified_seconds, duration_seconds in values:
            num_segments = held[path].num_segments + 1 if path in held else 1
            held[path] = Held(video_id, size_bytes, modified_seconds, duration_seconds, num_segments)
        return dict(sorted(held.items()))

    def num_rows(self) -> int:
        """Count the segments."""
        return self._read(self._table.count_rows)

    def rows_of(self, video_id: str) -> list[Row]:
        """Give the rows of one content as one file has them (another file with the same content adds no rows)."""
        table = self._read(lambda: self._table.search().where(f"video_id = {_quoted(video_id)}").to_arrow())
        rows = rows_from_table(table)
        return [row for row in rows if row.path == rows[0].path]

    def rows_at(self, paths: Sequence[str]) -> dict[str, list[Row]]:
        """Give the rows of files by their paths; a path that the library does not hold is left out."""
        if not paths:
            return {}
        table = self._read(lambda: self._table.search().where(_is_one_of(paths)).to_arrow())
        rows: dict[str, list[Row]] = {}
        for row in rows_from_table(table):
            rows.setdefault(row.path, []).append(row)
        return rows

    def copies(self) -> dict[str, Copy]:
        """Give the files whose content is held under another path, in the order of their paths."""
        table = self._copies_table()
        if table is None:
            return {}
        columns = self._read(lambda: table.search().to_arrow()).to_pydict()
        names = ("path", "video_id", "size_bytes", "modified_seconds")
        return {path: Copy(*values) for path, *values in sorted(zip(*(columns[name] for name in names), strict=True))}

    def note_copies(self, copies: Mapping[str, Copy], *, forget: Sequence[str] = ()) -> None:
        """Note files whose content is held under another path, and forget others, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self._copies_table(make=bool(copies))
        if table is None or not (copies or forget):
            return
        if not copies:
            _attempt(self.uri, "written", lambda: table.delete(_is_one_of(forget)))
            return
        new = pa.Table.from_pylist(
            [{"path": path, **vars(copy)} for path, copy in copies.items()], schema=_COPIES_SCHEMA
        )
        merge = table.merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
        if forget:
            merge = merge.when_not_matched_by_source_delete(_is_one_of(forget))
        _attempt(self.uri, "written", lambda: merge.execute(new))

    def write(self, rows: Sequence[Row], *, replacing: Sequence[str] = ()) -> None:
        """Add rows, and take others away, in one commit.

        Args:
            rows: all rows of each file they belong to.
            replacing: paths whose earlier rows go away in the same commit.

        Raises:
            LibraryError: the library cannot be written (a full disk, no permission, a network that is down).
        """
        if not rows:
            if replacing:
                _attempt(self.uri, "written", lambda: self._table.delete(_is_one_of(replacing)))
            return
        table = table_from_rows(rows, self._table.schema)
        if replacing:
            merge = (
                self._table.merge_insert(["path", "start_seconds"])
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(_is_one_of(replacing))
            )
            _attempt(self.uri, "written", lambda: merge.execute(table))
        else:
            _attempt(self.uri, "written", lambda: self._table.add(table))

    def search(self, vector: np.ndarray, *, limit: int) -> list[Match]:
        """Find the segments nearest to a vector, by exact search.

        Args:
            vector: float32 (E,), unit length.
            limit: how many at most.

        Returns:
            Best first; equal scores in the order of path and start.
        """
        query = np.asarray(vector, dtype=np.float32)
        wanted = ["video_id", "path", "start_seconds", "end_seconds", "duration_seconds", "vector"]
        table = self._read(
            lambda: (
                self._table.search(query, vector_column_name="vector")
                .distance_type("cosine")
                .bypass_vector_index()
                .limit(limit)
                .select([*wanted, "_distance"])
                .to_arrow()
            )
        )
        if table.num_rows == 0:
            return []
        # LanceDB compares in the column's float16; the scores that people see are computed in float32.
        vectors = vectors_of(table).astype(np.float32)
        scores = vectors @ query / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(query))
        columns = [table.column(name).to_pylist() for name in wanted[:-1]]
        matches = [
            Match(video_id, path, start_seconds, end_seconds, duration_seconds, score)
            for video_id, path, start_seconds, end_seconds, duration_seconds, score in zip(
                *columns, scores.tolist(), strict=True
            )
        ]
        return sorted(matches, key=lambda match: (-match.score, match.path, match.start_seconds))

    def compact(self) -> None:
        """Join the small files that many commits leave behind, if there are many."""
        stats = self._read(self._table.stats)
        if stats["fragment_stats"]["num_fragments"] > FRAGMENTS_BEFORE_COMPACTION:
            _attempt(self.uri, "written", self._table.optimize)

    def _copies_table(self, *, make: bool = False) -> Any:
        """Open the table of copies; None where there is none yet and none is to be made."""
        database = _attempt(self.uri, "opened", lambda: lancedb.connect(self.uri))
        if make:
            options = {"schema": _COPIES_SCHEMA, "exist_ok": True}
            return _attempt(self.uri, "written", lambda: database.create_table(COPIES_TABLE, **options))
        try:
            return _attempt(self.uri, "opened", lambda: database.open_table(COPIES_TABLE))
        except LibraryError as error:
            if "not found" in str(error.__cause__):
                return None
            raise

    def _read(self, action: Callable[[], T]) -> T:
        return _attempt(self.uri, "read", action)


def _attempt(uri: str, verb: str, action: Callable[[], T]) -> T:
    """Do something with LanceDB; what it raises (OSError, ValueError, RuntimeError by turns) becomes one kind."""
    try:
        return action()
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        # LanceDB's messages go on with places in its own sources; the first line and sentence say what happened.
        reason = str(error).splitlines()[0].split(", /")[0] if str(error) else type(error).__name__
        raise LibraryError(f"library {uri} cannot be {verb}: {reason}") from error


def _is_vacant(uri: str) -> bool:
    """Whether a local place is free for a new library: nothing there, or an empty folder.

    Asked before connecting, since that makes the folder.

    Raises:
        LibraryError: the place is a file, or cannot be looked at.
    """
    if "://" in uri:
        return False
    folder = Path(uri)
    if _attempt(uri, "opened", lambda: folder.exists() and not folder.is_dir()):
        raise LibraryError(f"{uri} is a file, not a library; a library is a folder: {_HOW_TO_NAME}")
    return _attempt(uri, "opened", lambda: not folder.exists() or next(folder.iterdir(), None) is None)


def _is_one_of(paths: Sequence[str]) -> str:
    return f"path IN ({', '.join(_quoted(path) for path in paths)})"


def _quoted(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
