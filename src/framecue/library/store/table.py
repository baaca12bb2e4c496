"""A library's table of segments, in LanceDB.

The library's URI is the LanceDB database, a folder (``videos.lance``) or an object-store URI
(``s3://bucket/videos.lance``), and the table in it is ``segments``; so any folder name will do. Every write is one
LanceDB commit: a run that dies leaves whole commits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library.state import FileState
from framecue.library.store.attempt import attempt, connect, is_one_of, quoted
from framecue.library.store.conditions import check_condition
from framecue.library.store.copies import Copies
from framecue.library.store.index import Upkeep, optimize, optimize_if_due
from framecue.library.store.lock import LOCK_FILE
from framecue.library.store.records import Copy, Held
from framecue.library.store.rows import (
    SCHEMA_VERSION,
    Row,
    make_schema,
    read_metadata,
    rows_from_table,
    table_from_rows,
)
from framecue.library.store.texts import TextMatch, ensure_text_index, has_text_index, search_texts
from framecue.library.store.vectors import Match, search_vectors
from framecue.paths import absolute_path, is_url
from framecue.video import Segmentation

__all__ = ["Store", "normal_uri"]

TABLE = "segments"

_HOW_TO_MAKE = "make one with `framecue index PATH --library {uri}`"
_HOW_TO_NAME = "name another place"
T = TypeVar("T")


def normal_uri(uri: str | os.PathLike[str]) -> str:
    """Give an object-store URI as it is, and a local folder as an absolute path (``~`` is the home folder)."""
    text = os.fspath(uri)
    return text if is_url(text) else absolute_path(text)


class Store:
    """The table of one library. Made by :meth:`open` or :meth:`create`.

    Attributes:
        uri: the library's normal URI.
        fingerprint: of the model that made the vectors.
        segmentation: how its videos are cut into segments.
    """

    def __init__(self, uri: str, table: Any, fingerprint: dict[str, Any], segmentation: Segmentation) -> None:
        self.uri, self.fingerprint, self.segmentation = uri, fingerprint, segmentation
        self._table = table
        self._copies = Copies(uri)

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
        database = attempt(uri, "opened", lambda: connect(uri))
        try:
            table = attempt(uri, "opened", lambda: database.open_table(TABLE))
        except LibraryError as error:
            if "not found" in str(error.__cause__) and "://" in uri:
                raise LibraryNotFoundError(f"no library at {uri}; {_HOW_TO_MAKE.format(uri=uri)}") from error
            raise
        metadata = read_metadata(table.schema)
        if metadata is None:
            raise LibraryError(f"{uri} holds a LanceDB table that framecue did not make; {_HOW_TO_NAME}")
        if metadata.version != SCHEMA_VERSION:
            raise LibraryError(
                f"library {uri} has format {metadata.version}, this framecue reads format {SCHEMA_VERSION}; "
                "use the framecue that made it, or index into a new library"
            )
        return cls(uri, table, metadata.fingerprint, Segmentation(**metadata.segmentation))

    @classmethod
    def create(cls, uri: str, fingerprint: Mapping[str, Any], segmentation: Segmentation | None = None) -> Store:
        """Make an empty library.

        Raises:
            LibraryError: something is there already, or the place cannot be written.
        """
        if "://" not in uri:
            if not _is_vacant(uri):
                raise LibraryError(f"{uri} exists already and cannot become a new library; {_HOW_TO_NAME}")
            attempt(uri, "made", lambda: Path(uri).mkdir(parents=True, exist_ok=True))
        segmentation = segmentation or Segmentation()
        schema = make_schema(fingerprint, asdict(segmentation))
        table = attempt(uri, "made", lambda: connect(uri).create_table(TABLE, schema=schema))
        return cls(uri, table, dict(fingerprint), segmentation)

    def held(self) -> dict[str, Held]:
        """Say which files the library holds, by absolute path, in the order of the paths."""
        columns = ["path", "video_id", "size_bytes", "modified_seconds", "duration_seconds", "sidecars"]
        table = self._read(lambda: self._table.search().select(columns).to_arrow())
        held: dict[str, Held] = {}
        values = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        for path, video_id, size_bytes, modified_seconds, duration_seconds, sidecars in values:
            num_segments = held[path].num_segments + 1 if path in held else 1
            state = FileState(size_bytes, modified_seconds)
            held[path] = Held(video_id, state, duration_seconds, num_segments, sidecars)
        return dict(sorted(held.items()))

    def num_rows(self) -> int:
        """Count the segments."""
        return self._read(self._table.count_rows)

    def rows_of(self, video_id: str) -> list[Row]:
        """Give the rows of one content as one file has them (another file with the same content adds no rows)."""
        table = self._read(lambda: self._table.search().where(f"video_id = {quoted(video_id)}").to_arrow())
        rows = rows_from_table(table)
        return [row for row in rows if row.path == rows[0].path]

    def rows_at(self, paths: Sequence[str]) -> dict[str, list[Row]]:
        """Give the rows of files by their paths; a path that the library does not hold is left out."""
        if not paths:
            return {}
        table = self._read(lambda: self._table.search().where(is_one_of(paths)).to_arrow())
        rows: dict[str, list[Row]] = {}
        for row in rows_from_table(table):
            rows.setdefault(row.path, []).append(row)
        return rows

    def copies(self) -> dict[str, Copy]:
        """Give the files whose content is held under another path, in the order of their paths."""
        return self._copies.read()

    def note_copies(self, copies: Mapping[str, Copy], *, forget: Sequence[str] = ()) -> None:
        """Note files whose content is held under another path, and forget others, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        self._copies.note(copies, forget=forget)

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
                attempt(self.uri, "written", lambda: self._table.delete(is_one_of(replacing)))
            return
        table = table_from_rows(rows, self._table.schema)
        if replacing:
            merge = (
                self._table.merge_insert(["path", "start_seconds"])
                .when_matched_update_all()
                .when_not_matched_insert_all()
                .when_not_matched_by_source_delete(is_one_of(replacing))
            )
            attempt(self.uri, "written", lambda: merge.execute(table))
        else:
            attempt(self.uri, "written", lambda: self._table.add(table))

    def search(self, vector: np.ndarray, *, limit: int, where: str | None = None, exact: bool = False) -> list[Match]:
        """Find the segments nearest to a vector, see :func:`search_vectors`."""
        return search_vectors(self.uri, self._table, vector, limit=limit, where=where, exact=exact)

    def search_texts(
        self, texts: Sequence[tuple[str, float]], vector: np.ndarray, *, limit: int, where: str | None = None
    ) -> list[TextMatch]:
        """Find the segments that have words of some texts, see :func:`search_texts`."""
        return search_texts(self.uri, self._table, texts, vector, limit=limit, where=where)

    def has_text_index(self) -> bool:
        """Whether the library is ready for full text search."""
        return has_text_index(self.uri, self._table)

    def ensure_text_index(self) -> None:
        """Make the library ready for full text search, see :func:`ensure_text_index`."""
        ensure_text_index(self.uri, self._table)

    def check_condition(self, where: str) -> None:
        """Refuse an SQL condition that cannot be asked of the rows.

        Raises:
            InputError: it is no condition, or names a column that there is not; the message lists those there are.
        """
        check_condition(self._table, where)

    def contents_of_size(self, size_bytes: int) -> set[str]:
        """Give the contents (``video_id``) of the files of a size."""
        search = self._table.search().where(f"size_bytes = {int(size_bytes)}").select(["video_id"])
        return set(self._read(search.to_arrow).column("video_id").to_pylist())

    def thumbnails(self, moments: Sequence[tuple[str, float]]) -> list[bytes | None]:
        """Give the pictures of segments, named by path and start; None where there is none."""
        if not moments:
            return []
        paths = sorted({path for path, _ in moments})
        starts = ", ".join(repr(float(start)) for start in sorted({start for _, start in moments}))
        columns = ["path", "start_seconds", "thumbnail"]
        search = self._table.search().where(f"{is_one_of(paths)} AND start_seconds IN ({starts})").select(columns)
        table = self._read(search.to_arrow)
        pictures = {
            (path, start_seconds): picture
            for path, start_seconds, picture in zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        }
        return [pictures.get(moment) for moment in moments]

    def optimize_if_due(self) -> Upkeep | None:
        """Do the upkeep that is due at the end of a run, see :func:`optimize_if_due`."""
        return optimize_if_due(self.uri, self._table)

    def optimize(self) -> Upkeep:
        """Do all the upkeep that can be done, see :func:`optimize`."""
        return optimize(self.uri, self._table)

    def _read(self, action: Callable[[], T]) -> T:
        return attempt(self.uri, "read", action)


def _is_vacant(uri: str) -> bool:
    """Whether a local place is free for a new library: nothing there, an empty folder, or one not made to its end.

    Asked before connecting, since that makes the folder.

    Raises:
        LibraryError: the place is a file, or cannot be looked at.
    """
    if "://" in uri:
        return False
    folder = Path(uri)
    if attempt(uri, "opened", lambda: folder.exists() and not folder.is_dir()):
        raise LibraryError(f"{uri} is a file, not a library; a library is a folder: {_HOW_TO_NAME}")
    return attempt(uri, "opened", lambda: not folder.exists() or all(map(_is_beginning, folder.iterdir())))


def _is_beginning(place: Path) -> bool:
    """Whether an entry of a library's folder is from before its table was there: the lock, or a table without a commit.

    That is what a run leaves behind which is killed while it makes a library; making it again completes it.
    """
    if place.name == LOCK_FILE:
        return True
    has_table = place.name == f"{TABLE}.lance" and place.is_dir()
    return has_table and not any(place.glob("_versions/*.manifest")) and not (place / "data").exists()
