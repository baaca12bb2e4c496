"""The table of what is said and written in a library's videos: a row for each line, by the content of the file.

It is made when the first words are written; a library without words has no such table. Rows go by ``video_id``, not by
path, so a moved file and a copy keep their words.

What its columns are stands in :mod:`framecue.library.store.timed_text_rows`. The column of a language and its index are
added with the first line in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pyarrow as pa
from lancedb.db import LanceDBConnection
from lancedb.index import FTS, BTree

from framecue.library.store.commit import commit
from framecue.library.store.languages import PLAIN, language_of
from framecue.library.store.later_table import LaterTable
from framecue.library.store.sql import quoted
from framecue.library.store.table import Table
from framecue.library.store.timed_text_rows import PHRASES, SCHEMA, SHOWN, HeldText, held_texts, in_time, rows_of
from framecue.words.timed_text import TimedText

__all__ = ["TimedTexts", "of_videos"]

TIMED_TEXTS_TABLE = "timed_texts"
# Lines that came after an index was made are searched one by one until it takes them in.
_LINES_BEFORE_UPDATE = 10_000
# Each commit leaves a small file.
_MOST_FILES = 64
# From here on it pays to look up the lines of a video by an index.
_LINES_BEFORE_INDEX = 100_000
_KEEP = timedelta(hours=1)


class TimedTexts:
    """The lines of one library.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self.uri = uri
        self._database = database
        self._later = LaterTable(uri, database, TIMED_TEXTS_TABLE)

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._later.refresh()

    def table(self) -> Table | None:
        """Return the table; None if the library has never had words.

        Raises:
            LibraryError: the library cannot be read.
        """
        return self._later.table()

    def read(
        self, video_ids: Sequence[str], *, between: tuple[float, float] | None = None, source: str | None = None
    ) -> list[HeldText]:
        """Return the lines of some contents, in the order of content, start and end.

        Args:
            video_ids: of the contents.
            between: (start_seconds, end_seconds): only lines that are said or shown somewhere between these.
            source: only what this source found; None for all.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self.table()
        if table is None or not video_ids:
            return []
        condition = of_videos(video_ids)
        if between is not None:
            first, last = map(float, between)
            condition += f" AND end_seconds >= {first!r} AND start_seconds <= {last!r}"
        if source is not None:
            condition += f" AND source = {quoted(source)}"
        found = held_texts(table.scan(SHOWN, where=condition))
        return sorted(found, key=lambda held: (held.video_id, *in_time(held.text), held.source, held.number))

    def video_ids(self) -> set[str]:
        """Return the contents of which there are lines.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self.table()
        return set() if table is None else set(table.scan(["video_id"]).column("video_id").unique().to_pylist())

    def write(self, video_id: str, source: str, texts: Sequence[TimedText]) -> None:
        """Put the lines that a source found in a content in place of those that it found there before.

        That is two commits if there were any before: a run that is killed in between leaves none, and no note that the
        source is done.

        Raises:
            LibraryError: the library cannot be written.
        """
        self.write_all({(video_id, source): texts})

    def write_all(self, texts: Mapping[tuple[str, str], Sequence[TimedText]]) -> None:
        """Do what :meth:`write` does for several contents and sources at once.

        Args:
            texts: the lines, by ``video_id`` and source.

        Raises:
            LibraryError: the library cannot be written.
        """
        self._delete(
            " OR ".join(f"(video_id = {quoted(video)} AND source = {quoted(source)})" for video, source in texts)
        )
        rows = [row for (video_id, source), lines in texts.items() for row in rows_of(video_id, source, lines)]
        if not rows:
            return
        table = self._table_with({name for row in rows for name in row} - set(SCHEMA.names) | {PLAIN})
        table.commit("written", lambda: table.lance.add(pa.Table.from_pylist(rows, schema=table.schema)))

    def drop(self, *, video_ids: Sequence[str] | None = None, source: str | None = None) -> None:
        """Take lines out, in one commit.

        Args:
            video_ids: of these contents only; None for all.
            source: of this source only; None for all.

        Raises:
            LibraryError: the library cannot be written.
        """
        parts = []
        if video_ids is not None:
            parts.append(of_videos(video_ids) if video_ids else "false")
        if source is not None:
            parts.append(f"source = {quoted(source)}")
        self._delete(" AND ".join(parts) or "true")

    def upkeep(self) -> None:
        """Bring the indexes up to date and join small files, where either is worth it.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self.table()
        if table is None:
            return
        stats = cast(Any, table.read(table.lance.stats))  # a dictionary, though LanceDB's types say otherwise
        indices = {index.columns[0]: index.name for index in table.indexes}
        if stats["num_rows"] >= _LINES_BEFORE_INDEX and "video_id" not in indices:
            table.commit("optimized", lambda: table.lance.create_index("video_id", config=BTree()))
        behind = 0
        for name in indices.values():
            index = table.read(partial(table.lance.index_stats, name))
            behind = max(behind, 0 if index is None else index.num_unindexed_rows)
        if behind > _LINES_BEFORE_UPDATE or stats["fragment_stats"]["num_fragments"] > _MOST_FILES:
            table.commit("optimized", lambda: table.lance.optimize(cleanup_older_than=_KEEP))

    def _delete(self, condition: str) -> None:
        table = self.table()
        # A commit that deletes nothing would still be one.
        if table is not None and condition and table.count(condition):
            table.commit("written", lambda: table.lance.delete(condition))

    def _table_with(self, columns: set[str]) -> Table:
        """Return the table, made if need be, with these columns of searched words and an index on each."""
        table = self.table()
        if table is None:
            make = self._database.create_table
            name = TIMED_TEXTS_TABLE
            table = Table(self.uri, commit(self.uri, "written", lambda: make(name, schema=SCHEMA, exist_ok=True)))
            self._later.put(table)
        new = sorted(columns - set(table.schema.names))
        if new:
            fields = [pa.field(name, pa.string(), nullable=True) for name in new]
            table.commit("written", lambda: table.lance.add_columns(fields))
        # Made while a column is empty, which takes no time. A run that was killed before it left none.
        indexed = {index.columns[0] for index in table.indexes}
        for name in sorted({PHRASES, *columns} - indexed):
            table.commit("written", partial(table.lance.create_index, name, config=_config(name)))
        return table


def of_videos(video_ids: Sequence[str]) -> str:
    """Return the SQL condition that a row is of one of these contents."""
    return f"video_id IN ({', '.join(quoted(video_id) for video_id in video_ids)})"


def _config(column: str) -> FTS:
    """Return how a column of searched words is indexed."""
    if column == PHRASES:
        return FTS(
            with_position=True,
            base_tokenizer="whitespace",
            lower_case=False,
            ascii_folding=False,
            stem=False,
            remove_stop_words=False,
            max_token_length=None,
        )
    # Finds words in all scripts, also those without spaces, and folds case and accents.
    language = language_of(column)
    return FTS(
        base_tokenizer="icu/split",
        language=language or "English",
        stem=language is not None,
        remove_stop_words=False,
        max_token_length=None,
    )
