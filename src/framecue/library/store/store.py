"""A library in LanceDB: the one object by which the rest of the package reads and writes it.

The library's URI is that of the LanceDB database: a folder (``videos.lance``, but any name will do) or a place in an
object store (``s3://bucket/videos.lance``). The table in it is called ``segments``. Every write is one LanceDB commit,
so a run that dies leaves whole commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from lancedb.db import LanceDBConnection

from framecue.encoder import Computation
from framecue.errors import LibraryError
from framecue.library.own_values import MetadataValue
from framecue.library.results import Upkeep
from framecue.library.store.attempt import attempt, connect
from framecue.library.store.background import Background, Backgrounds, measure_background
from framecue.library.store.commit import commit
from framecue.library.store.computations import Computations
from framecue.library.store.conditions import check_condition, condition_at_work
from framecue.library.store.copies import Copies
from framecue.library.store.exchange import exchanged_rows
from framecue.library.store.export import export_batches, export_schema, export_table
from framecue.library.store.failures import Failures
from framecue.library.store.filter_indexes import complete_columns
from framecue.library.store.index import optimize, optimize_if_due
from framecue.library.store.index_builder import IndexBuilder
from framecue.library.store.later_table import commits_of
from framecue.library.store.merge import drop_doubled, merge
from framecue.library.store.migrations import OLDEST_FORMAT, SCHEMA_VERSION, format_of, migrate
from framecue.library.store.overview import Overview, overview
from framecue.library.store.own_columns import add_columns, drop_columns, kinds_in, kinds_of_rows
from framecue.library.store.passage_search import PassageMatch, search_passages
from framecue.library.store.passages import Passages
from framecue.library.store.paths import matching_paths
from framecue.library.store.place import HOW_TO_NAME, check_free, check_there, no_library
from framecue.library.store.records import Copy, Failure, Held
from framecue.library.store.remote import commit_tag
from framecue.library.store.rows import (
    Metadata,
    Row,
    make_schema,
    read_metadata,
    rows_from_table,
    table_from_rows,
    vectors_of,
)
from framecue.library.store.sample import SampledSegments, sample_segments
from framecue.library.store.segments import Moment, segments_at
from framecue.library.store.snapshot import CAPTION_COLUMN, HAS_CAPTION, HELD_COLUMNS, TIME_COLUMN, Snapshot, held_of
from framecue.library.store.sql import is_one_of, quoted
from framecue.library.store.table import TABLE, Table, is_not_found
from framecue.library.store.taught_names import TaughtNames
from framecue.library.store.texts import TextMatch, ensure_text_index, has_text_index, search_texts
from framecue.library.store.timed_text_rows import HeldText
from framecue.library.store.timed_texts import TimedTexts, of_videos
from framecue.library.store.vectors import Details, HeldSegment, Match, details_of, search_vectors
from framecue.library.store.word_search import WordMatch, search_misheard, search_words
from framecue.library.store.words_notes import WordsNotes
from framecue.paths import is_url
from framecue.video import Segmentation
from framecue.words.timed_text import SAID, WRITTEN, Kind

__all__ = ["Store", "is_framecues"]

# The columns that identify a segment when a write replaces some.
_KEY = ("path", "start_seconds")
_CONTENTS_PER_COMMIT = 500


class Store:
    """The rows of one library; :meth:`open` or :meth:`create` makes one.

    It shows the library as it was when it was opened, and its own writes; after :meth:`refresh`, also what others have
    committed since. Every method raises LibraryError if the library cannot be read or written.

    Attributes:
        uri: the library's normal URI.
        table: its segments.
        words: what is said and written in its videos.
        passages: what is meant by these words.
        words_notes: what words have been asked for, and in which files they have been found.
        names: that it was taught.
        fingerprint: of the model that made the vectors.
        segmentation: how its videos are cut into segments.
    """

    def __init__(self, uri: str, database: LanceDBConnection, table: Table, metadata: Metadata) -> None:
        self.uri = uri
        self._database = database
        self._copies = Copies(uri, database)
        self._failures = Failures(uri, database)
        self._computations = Computations(uri, database)
        self._backgrounds = Backgrounds(uri, database)
        self.words, self.words_notes = TimedTexts(uri, database), WordsNotes(uri, database)
        self.passages = Passages(uri, database)
        self.names = TaughtNames(uri, database, lambda: self.fingerprint)
        # The commits that there were when the table was opened, where that is known.
        self._commits: object = None
        self._show(table, metadata)

    def _show(self, table: Table, metadata: Metadata) -> None:
        self.table = table
        self.fingerprint = metadata.fingerprint
        self.segmentation = Segmentation.from_dict(metadata.segmentation)

    @classmethod
    def open(cls, uri: str) -> Store:
        """Open an existing library, of this format or an older one that can be migrated.

        Args:
            uri: a normal URI.

        Raises:
            LibraryNotFoundError: there is nothing at the URI.
            LibraryError: what is there is not a framecue library, has too new or too old a format, or cannot be read.
        """
        check_there(uri)
        database = attempt(uri, "opened", lambda: connect(uri))
        commits = commits_of(uri, TABLE)
        store = cls(uri, database, *_open_table(uri, database))
        store._commits = commits
        return store

    @classmethod
    def create(cls, uri: str, fingerprint: Mapping[str, Any], segmentation: Segmentation | None = None) -> Store:
        """Make an empty library.

        Args:
            uri: a normal URI.
            fingerprint: of the model that will make its vectors.
            segmentation: how its videos will be cut into segments.

        Raises:
            LibraryError: something is there already, or the place cannot be written.
        """
        check_free(uri)
        metadata = Metadata(dict(fingerprint), (segmentation or Segmentation()).to_dict(), SCHEMA_VERSION)
        schema = make_schema(metadata.fingerprint, metadata.segmentation)
        database = attempt(uri, "made", lambda: connect(uri))
        table = commit(uri, "made", lambda: database.create_table(TABLE, schema=schema))
        return cls(uri, database, Table(uri, table), metadata)

    def drop(self) -> None:
        """Delete the library, as a run does that has made one and has nothing to put into it; call it with the lock.

        Raises:
            LibraryError: it cannot be deleted.
        """
        commit(self.uri, "deleted", self._database.drop_all_tables)

    def refresh(self) -> None:
        """Show what others have committed since; this costs little if they committed nothing.

        Raises:
            LibraryNotFoundError: the library is gone.
            LibraryError: it cannot be read, or was migrated to a format that this framecue does not know.
        """
        if not is_url(self.uri):
            check_there(self.uri)
        # Before the table is opened: a commit that comes in between is then seen as a new one the next time.
        commits = commits_of(self.uri, TABLE)
        if commits != self._commits:
            # Opened anew over the same connection. `checkout_latest` is as fast, but would show the old library for
            # ever if it was deleted and another was made in its place.
            self._show(*_open_table(self.uri, self._database))
            self._commits = commits
        self._copies.refresh()
        self._failures.refresh()
        self._computations.refresh()
        self._backgrounds.refresh()
        self.words.refresh()
        self.passages.refresh()
        self.words_notes.refresh()
        self.names.refresh()

    @property
    def format(self) -> int:
        """The library's format, which may be older than this framecue's until :meth:`migrate` is called."""
        return format_of(self.table.schema)

    @property
    def columns(self) -> list[str]:
        """The names of the table's columns; a library of an older format has fewer."""
        return list(self.table.schema.names)

    def complete_columns(self) -> set[str]:
        """Return those columns that older formats lack, in which every row has a value, as far as indexes know it."""
        return complete_columns(self.table)

    def migrate(self) -> bool:
        """Bring a library of an older format up to date, in place; call it with the lock.

        ``write`` calls it by itself. If it is killed midway, the library still opens, and the next run finishes it.

        Returns:
            Whether there was anything to do.
        """
        return migrate(self.table)

    # --- what is held

    def state(self) -> object:
        """Return a value, for ``==``, that differs after every commit by anybody.

        It also differs if the library was deleted and made anew.
        """
        latest = self.table.version
        versions = latest, self._copies.version(), self._failures.version()
        # A library that was deleted and made again may have the same version numbers.
        if is_url(self.uri):
            return *versions, commit_tag(self.uri, TABLE, latest)
        status = (Path(self.uri) / f"{TABLE}.lance" / "_versions").stat()
        return *versions, status.st_ino, status.st_mtime_ns

    def snapshot(self) -> Snapshot:
        """Read what the library holds, once for a run that keeps it up to date itself."""
        return Snapshot(self.held(), self.copies(), self.failures())

    def held(self) -> dict[str, Held]:
        """Return what the library holds about each file, by absolute path, in the order of the paths."""
        present = set(self.table.schema.names)
        columns = {name: name for name in (*HELD_COLUMNS, TIME_COLUMN) if name in present}
        return held_of(self.table.scan({**columns, CAPTION_COLUMN: HAS_CAPTION}))

    def copies(self) -> dict[str, Copy]:
        """Return the notes about files whose content is held under another path, by path, in the order of the paths."""
        return self._copies.read()

    def failures(self) -> dict[str, Failure]:
        """Return the notes about files that could not be indexed because of what they hold, by path, in their order."""
        return self._failures.read()

    def computations(self) -> list[Computation]:
        """Return what has encoded its videos, in the order in which each did so first."""
        return self._computations.read()

    def num_rows(self) -> int:
        """Return the number of segments."""
        return self.table.count()

    def overview(self) -> Overview:
        """Return what the library holds in numbers: its size on disk, its indexes; no row is read."""
        return overview(self.table)

    def has_rows(self, where: str) -> bool:
        """Whether there is a row for which an SQL condition holds; no more is read than up to that."""
        return self.table.has_rows(where)

    def num_files(self, where: str | None = None) -> int:
        """Return the number of files that have a row for which an SQL condition holds; None for all files."""
        return int(pc.count_distinct(self.table.scan(["path"], where=where).column("path")).as_py())

    def paths_like(self, pattern: str, *, most: int) -> list[str] | None:
        """Return the files that a regular expression matches, see :func:`matching_paths`; None where none are named."""
        # In an object store, a library that was deleted and made anew may have the state of the one before.
        return None if is_url(self.uri) else matching_paths(self.table, self.state(), pattern, most=most)

    def rows_of(self, video_id: str) -> list[Row]:
        """Return the rows of one content, from one file only (another file with the same content adds no rows)."""
        rows = rows_from_table(self.table.scan(where=f"video_id = {quoted(video_id)}"))
        return [row for row in rows if row.path == rows[0].path]

    def rows_at(self, paths: Sequence[str]) -> dict[str, list[Row]]:
        """Return the rows of files by their paths; a path that the library does not hold is left out.

        A segment that is stored twice, as two runs at once in an object store once left it, is returned once.
        """
        if not paths:
            return {}
        rows: dict[str, dict[float, Row]] = {}
        for row in rows_from_table(self.table.scan(where=is_one_of(paths))):
            rows.setdefault(row.path, {})[row.start_seconds] = row
        return {path: list(segments.values()) for path, segments in rows.items()}

    def segments_of(self, video_ids: Sequence[str]) -> dict[str, list[tuple[float, float]]]:
        """Return the segments of contents as (start_seconds, end_seconds), in order; vectors are not read."""
        if not video_ids:
            return {}
        names = ["video_id", "start_seconds", "end_seconds"]
        rows = self.table.scan(names, where=f"video_id IN ({', '.join(map(quoted, video_ids))})")
        found: dict[str, list[tuple[float, float]]] = {}
        for video_id, start, end in _values(rows, names):
            found.setdefault(video_id, []).append((start, end))
        return {video_id: sorted(set(segments)) for video_id, segments in found.items()}

    def segment_vectors(self, video_id: str) -> list[HeldSegment]:
        """Return the segments of a content with their vectors, in the order of their starts; none if it is not held."""
        names = ["start_seconds", "end_seconds", "duration_seconds"]
        rows = self.table.scan([*names, "vector"], where=f"video_id = {quoted(video_id)}")
        values = zip(_values(rows, names), vectors_of(rows), strict=True)
        held = [HeldSegment(start, end, duration, vector) for (start, end, duration), vector in values]
        return sorted(held, key=lambda each: (each.start_seconds, each.end_seconds))

    def sample(self, number: int) -> SampledSegments:
        """Return segments that lie evenly over the library; see :func:`.sample.sample_segments`."""
        return sample_segments(self.table, number)

    def held_ids(self, video_ids: Collection[str]) -> set[str]:
        """Return those of some contents that the library holds."""
        if not video_ids:
            return set()
        return set(self.table.scan(["video_id"], where=of_videos(sorted(video_ids))).column("video_id").to_pylist())

    def captions_of(self, video_id: str) -> list[tuple[float, float, str | None]]:
        """Return the segments of a content as (start_seconds, end_seconds, caption), in order, each once."""
        names = ["start_seconds", "end_seconds", "caption"]
        rows = self.table.scan(names, where=f"video_id = {quoted(video_id)}")
        found = {(start, end): caption for start, end, caption in _values(rows, names)}
        return [(start, end, found[start, end]) for start, end in sorted(found)]

    def recorded_seconds(self, paths: Sequence[str]) -> dict[str, float]:
        """Return when files were recorded, seconds since 1970, by path; one for which that is not noted is left out."""
        names = ["path", "recorded_seconds"]
        if not paths or "recorded_seconds" not in self.table.schema.names:
            return {}
        rows = self.table.scan(names, where=is_one_of(paths))
        return {path: seconds for path, seconds in _values(rows, names) if seconds is not None}

    def drop_words(self, video_ids: Collection[str]) -> None:
        """Take out the words of contents, and the notes that they were looked for; call it with the lock.

        Args:
            video_ids: of contents that the library no longer holds.
        """
        ordered = sorted(video_ids)
        for start in range(0, len(ordered), _CONTENTS_PER_COMMIT):
            some = ordered[start : start + _CONTENTS_PER_COMMIT]
            self.words.drop(video_ids=some)
            self.passages.drop(some)
            self.words_notes.forget(video_ids=some)

    def contents_of_size(self, size_bytes: int) -> set[str]:
        """Return the content hashes (``video_id``) of the files of a size."""
        rows = self.table.scan(["video_id"], where=f"size_bytes = {int(size_bytes)}")
        return set(rows.column("video_id").to_pylist())

    def own_kinds(self) -> dict[str, str]:
        """Return the library's own columns, each with its kind: "str", "int", "float", "bool" or "datetime"."""
        return kinds_in(self.table.schema)

    def metadata(self) -> dict[str, dict[str, MetadataValue | None]]:
        """Return the values of the own columns of each file, by absolute path; nothing if there are no such columns."""
        own = list(self.own_kinds())
        if not own:
            return {}
        rows = self.table.scan(["path", *own])
        return dict(zip(rows.column("path").to_pylist(), rows.select(own).to_pylist(), strict=True))

    def thumbnails(self, moments: Sequence[tuple[str, float]]) -> list[bytes | None]:
        """Return the thumbnails of segments, each given by path and start in seconds; None for one that has none."""
        if not moments:
            return []
        paths = sorted({path for path, _ in moments})
        starts = ", ".join(repr(float(start)) for start in sorted({start for _, start in moments}))
        columns = ["path", "start_seconds", "thumbnail"]
        table = self.table.scan(columns, where=f"{is_one_of(paths)} AND start_seconds IN ({starts})")
        pictures = {
            (path, start_seconds): picture
            for path, start_seconds, picture in zip(*(table.column(name).to_pylist() for name in columns), strict=True)
        }
        return [pictures.get(moment) for moment in moments]

    def batches(
        self, columns: Sequence[str] | None = None, *, where: str | None = None, vectors: bool = False, batch_rows: int
    ) -> Iterator[pa.RecordBatch]:
        """Return the rows in batches; see :func:`~framecue.library.store.export.export_batches`.

        Raises:
            InputError: there is no such column.
        """
        schema = export_schema(self.table, columns, vectors=vectors)
        return export_batches(self.table, schema, where=where, batch_rows=batch_rows)

    def to_arrow(
        self, columns: Sequence[str] | None = None, *, where: str | None = None, vectors: bool = False
    ) -> pa.Table:
        """Return the rows as one table, in the order of path and start.

        Raises:
            InputError: there is no such column.
        """
        return export_table(self.table, export_schema(self.table, columns, vectors=vectors), where=where)

    # --- writing, with the lock

    def write(self, rows: Sequence[Row], *, replacing: Sequence[str] = ()) -> None:
        """Add rows and delete others in one commit; a library of an older format is migrated first.

        Args:
            rows: all rows of each of their files.
            replacing: paths whose earlier rows are deleted in the same commit.

        Raises:
            LibraryError: the library cannot be written (a full disk, no permission, a network that is down), or
                LanceDB did not do what it was asked.
        """
        if not (rows or replacing):
            return
        self.migrate()
        table = self.table
        if not rows:
            table.commit("written", lambda: table.lance.delete(is_one_of(replacing)))
            return
        # Rows that come of another library bring their columns along.
        add_columns(table, kinds_of_rows(rows, table.schema.names))
        new = table_from_rows(rows, table.schema)
        if replacing:
            merge(table, new, on=_KEY, leaving=replacing)
            return
        before = table.lance.version
        added = table.commit("written", lambda: table.lance.add(new))
        if added.version != before + 1:
            # Somebody without the lease has written in between, perhaps the same files.
            drop_doubled(table, new, on=_KEY)

    def add_own_columns(self, kinds: Mapping[str, str]) -> None:
        """Add own columns, empty in every row; a library of an older format is migrated first.

        Args:
            kinds: "str", "int", "float", "bool" or "datetime", by name; columns that are there are left alone.

        Raises:
            InputError: a column is there with another kind, or a name cannot be used.
        """
        if kinds:
            self.migrate()
            add_columns(self.table, kinds)

    def drop_own_columns(self, names: Sequence[str]) -> None:
        """Take own columns out, with their values, in one commit.

        Raises:
            InputError: the library has no such column of a person's own.
        """
        drop_columns(self.table, names)

    def note_copies(self, copies: Mapping[str, Copy], *, forget: Sequence[str] = ()) -> None:
        """Note files whose content is held under another path, and forget others, in one commit."""
        self._copies.note(copies, forget=forget)

    def note_failures(self, failures: Mapping[str, Failure], *, forget: Sequence[str] = ()) -> None:
        """Note files that could not be indexed because of what they hold, and forget others, in one commit."""
        self._failures.note(failures, forget=forget)

    def note_computation(self, computation: Computation) -> None:
        """Note what has encoded videos, unless that is noted."""
        self._computations.note(computation)

    def take_over(self, other: Store) -> None:
        """Put another library's rows, model and segmentation in place of this one's; call it with the lock.

        It is one commit: whoever searches meanwhile sees the library of before. The notes about copies follow; if a
        crash comes in between, each path that has rows still counts as held.

        Raises:
            LibraryError: the library cannot be written; it stays as it was.
        """
        rows = exchanged_rows(self.table, other.table)
        make = self._database.create_table
        commit(self.uri, "written", lambda: make(TABLE, data=rows, schema=rows.schema, mode="overwrite"))
        copies = other.copies()
        self._copies.note(copies, forget=sorted(self.copies().keys() - copies.keys()))
        self.refresh()

    def ensure_text_index(self) -> None:
        """Make the index for full text search if there is none, and bring it up to date if much was added since."""
        ensure_text_index(self.table)

    def optimize_if_due(self) -> Upkeep | None:
        """Join small files, and make or refresh the vector index, if it is worth it; return None if nothing was."""
        return optimize_if_due(self.table)

    def optimize(self, builder: IndexBuilder | None = None) -> Upkeep:
        """Join small files, drop earlier versions, and make or refresh the vector index.

        Args:
            builder: does the heavy part elsewhere; None for this process.
        """
        return optimize(self.table, builder)

    # --- what scores are set against

    def background(self, made_for: str) -> Background | None:
        """Return the background for a model and ordinary queries; None if there is none for these.

        Args:
            made_for: see :meth:`~framecue.library.store.background.Background.made_for_key`.
        """
        return self._backgrounds.read(made_for)

    def background_bank(self, made_for: str) -> np.ndarray | None:
        """Return the vectors of the ordinary queries of the background that is kept, float32 (Q, E); None likewise."""
        return self._backgrounds.read_bank(made_for)

    def measure_background(self, bank: np.ndarray, made_for: str) -> Background:
        """Compare ordinary queries with every segment, of which there must be one; reads all vectors, once.

        Args:
            bank: float32 (Q, E), the queries' unit vectors.
            made_for: the model and the queries.
        """
        return measure_background(self.table, bank, made_for)

    def keep_background(self, background: Background, bank: np.ndarray) -> None:
        """Keep a background in place of the one before; if it cannot be written, this object knows it all the same."""
        self._backgrounds.keep(background, bank)

    # --- searching

    def search(self, vector: np.ndarray, *, limit: int, where: str | None = None, exact: bool = False) -> list[Match]:
        """Return the segments nearest to a vector, best first.

        Args:
            vector: float32 (E,), unit length.
            limit: how many at most.
            where: an SQL condition on the rows that are looked at.
            exact: whether to look at every vector even if there is an index.
        """
        return search_vectors(self.table, vector, limit=limit, where=where, exact=exact)

    def search_texts(
        self,
        texts: Sequence[tuple[str, float]],
        vector: np.ndarray,
        *,
        limit: int,
        where: str | None = None,
        filters_first: bool = True,
    ) -> list[TextMatch]:
        """Return the segments that contain words of some texts, best first; the library must have a text index.

        Args:
            texts: what to look for, with weights above 0.
            vector: float32 (E,), the query's vector, for the cosine scores of the segments that are found.
            limit: how many at most.
            where: an SQL condition on the rows that are looked at.
            filters_first: whether to find out first which rows pass, which may read them all; if not, of the best
                ``limit`` those are returned that pass.
        """
        return search_texts(self.table, texts, vector, limit=limit, where=where, filters_first=filters_first)

    def search_words(
        self,
        text: str,
        *,
        kinds: Sequence[Kind] = (SAID, WRITTEN),
        phrase: bool = False,
        limit: int,
        where: str | None = None,
    ) -> list[WordMatch]:
        """Return where words are said or written in the videos, best first; nothing if the library has no words.

        Args:
            text: the words, or the phrase.
            kinds: whether lines that are said, or written, or both.
            phrase: whether the text is to be found as it stands. Case, accents and punctuation do not matter, and it
                may run over the end of a line. Each place is a match of its own.
            limit: how many at most.
            where: an SQL condition on the rows of segments: words count if they are in a segment that passes.
        """
        lines = self.words.table()
        if lines is None:
            return []
        return search_words(lines, self.table, text, kinds=kinds, phrase=phrase, limit=limit, where=where)

    def search_misheard(self, phrase: str, *, limit: int, where: str | None = None) -> list[WordMatch]:
        """Return where speech was heard as nearly a phrase, best first; nothing if the library has no words.

        Args:
            phrase: as it was said; where it stands as it is, is left out.
            limit: how many lines with words of it are looked at.
            where: an SQL condition on the rows of segments: words count if they are in a segment that passes.
        """
        lines = self.words.table()
        return [] if lines is None else search_misheard(lines, self.table, phrase, limit=limit, where=where)

    def search_passages(
        self,
        meaning: np.ndarray,
        vector: np.ndarray,
        *,
        kinds: Sequence[Kind] = (),
        limit: int,
        where: str | None = None,
    ) -> list[PassageMatch]:
        """Return where something near in meaning is said or shown, best first; nothing if nobody has asked for it.

        Args:
            meaning: float32 (E,), unit length: of the sentence encoder that made the passages.
            vector: float32 (E,), unit length: the query's vector, for the cosines of segments.
            kinds: whether what is said, or written; none for both.
            limit: how many at most.
            where: an SQL condition on the rows of segments: words count if they are in a segment that passes.
        """
        passages = self.passages.table()
        if passages is None:
            return []
        return search_passages(passages, self.table, meaning, vector, kinds=kinds, limit=limit, where=where)

    def timed_texts(self, video_id: str, *, between: tuple[float, float] | None = None) -> list[HeldText]:
        """Return what is said and written in a content, in the order of start and end; none if nobody has listened.

        Args:
            video_id: of the content.
            between: (start_seconds, end_seconds): only what is said or shown somewhere between these.
        """
        return self.words.read([video_id], between=between)

    def segments_at(self, moments: Sequence[Moment], vector: np.ndarray) -> list[Match | None]:
        """Return the segment in which each of some moments lies; see :func:`.segments.segments_at`.

        Args:
            moments: each (absolute path, start_seconds, end_seconds).
            vector: float32 (E,), the query's vector, for the segments' cosines.
        """
        return segments_at(self.table, moments, vector) if moments else []

    def num_timed_texts(self, where: str | None = None) -> int:
        """Return the number of lines that are said or written, of those for which an SQL condition holds."""
        lines = self.words.table()
        return 0 if lines is None else lines.count(where)

    def has_any(self, column: str) -> bool:
        """Whether any segment has a value in a column."""
        return self.table.count(f"{column} IS NOT NULL") > 0

    def details(self, matches: Sequence[Match]) -> list[Details]:
        """Return what else the rows of segments hold that a search of this very commit has found."""
        return details_of(self.table, matches)

    def has_text_index(self) -> bool:
        """Whether the library is ready for full text search."""
        return has_text_index(self.table)

    def check_condition(self, where: str) -> None:
        """Refuse an SQL condition that the table cannot answer.

        Raises:
            InputError: it is not a condition, or names a column that does not exist; the message lists those that do.
        """
        check_condition(self.table, where)

    def condition_at_work(self, where: str | None) -> AbstractContextManager[None]:
        """Return a context in which a condition that fails for some row is an InputError, not a damaged library."""
        return condition_at_work(self.table, where)


def _values(rows: pa.Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(rows.column(name).to_pylist() for name in names), strict=True)


def is_framecues(uri: str) -> bool:
    """Whether framecue made the table at a local place that looks like a library; also if it cannot be opened."""
    try:
        database = attempt(uri, "opened", lambda: connect(uri))
        return read_metadata(Table.open(uri, database, TABLE).schema) is not None
    except LibraryError:
        return True  # damaged, or not to be read: whoever uses it is told so


def _open_table(uri: str, database: LanceDBConnection) -> tuple[Table, Metadata]:
    """Open the table of segments at its latest commit, and check that framecue made it and can read it."""
    try:
        table = Table.open(uri, database, TABLE)
    except LibraryError as error:
        if is_not_found(error) and is_url(uri):
            raise no_library(uri) from error
        raise
    metadata = read_metadata(table.schema)
    if metadata is None:
        raise LibraryError(f"{uri} holds a LanceDB table that framecue did not make; {HOW_TO_NAME}")
    if not OLDEST_FORMAT <= metadata.version <= SCHEMA_VERSION:
        raise LibraryError(
            f"library {uri} has format {metadata.version}, this framecue reads formats {OLDEST_FORMAT} to "
            f"{SCHEMA_VERSION}; use the framecue that made it, or index into a new library"
        )
    return table, metadata
