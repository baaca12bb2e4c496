"""The table of what is said and written in a library's videos: a row for each line, by the content of the file.

It is made when the first words are written; a library without words has no such table. Rows go by ``video_id``, not by
path, so a moved file and a copy keep their words.

A line is stored as it is shown, with its words' own times, and in the two forms in which it is searched:

- ``phrases``: its words divided by spaces, and the next few of the line after it, so that a phrase that runs over two
  lines is found by the first of them (:mod:`framecue.library.store.phrases`).
- one column for its language (:mod:`framecue.library.store.languages`), as an index brings words to the stems of one
  language only. Such a column and its index are added with the first line in the language. If nobody says which it is,
  it is guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, cast

import pyarrow as pa
from lancedb.db import LanceDBConnection
from lancedb.index import FTS, BTree

from framecue.library.store.commit import commit
from framecue.library.store.languages import PLAIN, column_of, guessed_language, language_of
from framecue.library.store.phrases import Token, spelled, tokens_of
from framecue.library.store.sql import quoted
from framecue.library.store.table import Table
from framecue.words.timed_text import Kind, TimedText, TimedWord

__all__ = ["PHRASES", "RUN_ON_WORDS", "SHOWN", "HeldText", "TimedTexts", "held_texts", "joins", "of_videos"]

TIMED_TEXTS_TABLE = "timed_texts"
PHRASES = "phrases"
# How many words of the following lines are searched with a line. A phrase of one more word is found wherever it begins;
# of a longer one the beginning is looked up and the rest is compared.
RUN_ON_WORDS = 5
# A line that begins later than this after the one before is not its continuation.
_LONGEST_PAUSE_SECONDS = 5.0
# Lines that came after an index was made are searched one by one until it takes them in.
_LINES_BEFORE_UPDATE = 10_000
# Each commit leaves a small file.
_MOST_FILES = 64
# From here on it pays to look up the lines of a video by an index.
_LINES_BEFORE_INDEX = 100_000
_KEEP = timedelta(hours=1)

_WORD = pa.struct(
    [pa.field("start_seconds", pa.float64()), pa.field("end_seconds", pa.float64()), pa.field("text", pa.string())]
)
_SCHEMA = pa.schema(
    [
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("language", pa.string()),
        # Its place among the lines of its video, source, kind and language.
        pa.field("number", pa.int32(), nullable=False),
        pa.field("start_seconds", pa.float64(), nullable=False),
        pa.field("end_seconds", pa.float64(), nullable=False),
        pa.field("confidence", pa.float32()),
        pa.field("text", pa.string(), nullable=False),
        pa.field("words", pa.list_(_WORD)),
        pa.field(PHRASES, pa.string(), nullable=False),
        pa.field(PLAIN, pa.string()),
    ]
)
SHOWN = (
    "video_id",
    "source",
    "kind",
    "language",
    "number",
    "start_seconds",
    "end_seconds",
    "confidence",
    "text",
    "words",
)


@dataclass(frozen=True)
class HeldText:
    """A line as a library holds it.

    Attributes:
        video_id: hash of the file's content.
        source: what found it: "speech", "screen", "subtitles".
        number: its place among the lines of its video, source, kind and language.
        text: the line, with its times.
    """

    video_id: str
    source: str
    number: int
    text: TimedText

    @property
    def sequence(self) -> tuple[str, str, str, str | None]:
        """Which lines it stands among: those of its video, source, kind and language."""
        return self.video_id, self.source, self.text.kind, self.text.language


class TimedTexts:
    """The lines of one library.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self.uri = uri
        self._database = database
        self._opened: Table | None = None

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._opened = None

    def table(self) -> Table | None:
        """Return the table; None if the library has never had words.

        Raises:
            LibraryError: the library cannot be read.
        """
        if self._opened is None:
            self._opened = Table.open_if_there(self.uri, self._database, TIMED_TEXTS_TABLE)
        return self._opened

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
        return sorted(found, key=lambda held: (held.video_id, *_order(held.text), held.source, held.number))

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
        rows = [row for (video_id, source), lines in texts.items() for row in _rows(video_id, source, lines)]
        if not rows:
            return
        table = self._table_with({name for row in rows for name in row} - set(_SCHEMA.names) | {PLAIN})
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
        indices = {index.columns[0]: index.name for index in table.read(table.lance.list_indices)}
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
            table = Table(self.uri, commit(self.uri, "written", lambda: make(name, schema=_SCHEMA, exist_ok=True)))
            self._opened = table
        new = sorted(columns - set(table.schema.names))
        if new:
            fields = [pa.field(name, pa.string(), nullable=True) for name in new]
            table.commit("written", lambda: table.lance.add_columns(fields))
        # Made while a column is empty, which takes no time. A run that was killed before it left none.
        indexed = {index.columns[0] for index in table.read(table.lance.list_indices)}
        for name in sorted({PHRASES, *columns} - indexed):
            table.commit("written", partial(table.lance.create_index, name, config=_config(name)))
        return table


def held_texts(rows: pa.Table) -> list[HeldText]:
    """Return the lines in an Arrow table with the columns SHOWN."""
    found = []
    for row in rows.select(SHOWN).to_pylist():
        words = tuple(TimedWord(**word) for word in row["words"] or ())
        text = TimedText(
            row["start_seconds"],
            row["end_seconds"],
            row["text"],
            cast(Kind, row["kind"]),
            row["language"],
            row["confidence"],
            words,
        )
        found.append(HeldText(row["video_id"], row["source"], row["number"], text))
    return found


def joins(one: TimedText, following: TimedText) -> bool:
    """Whether a line goes on in the one after it."""
    return following.start_seconds - one.end_seconds <= _LONGEST_PAUSE_SECONDS


def of_videos(video_ids: Sequence[str]) -> str:
    """Return the SQL condition that a row is of one of these contents."""
    return f"video_id IN ({', '.join(quoted(video_id) for video_id in video_ids)})"


def _rows(video_id: str, source: str, texts: Sequence[TimedText]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the lines that a source found in a content."""
    sequences: dict[tuple[str, str | None], list[TimedText]] = {}
    for text in sorted(map(_composed, texts), key=_order):
        sequences.setdefault((text.kind, text.language), []).append(text)
    for (kind, language), lines in sequences.items():
        words = [tokens_of(line.text) for line in lines]
        searched_as = language or guessed_language(token.text for tokens in words for token in tokens)
        for number, line in enumerate(lines):
            yield {
                "video_id": video_id,
                "source": source,
                "kind": kind,
                "language": language,
                "number": number,
                "start_seconds": line.start_seconds,
                "end_seconds": line.end_seconds,
                "confidence": line.confidence,
                "text": line.text,
                "words": [vars(word) for word in line.words] or None,
                PHRASES: spelled([*words[number], *_run_on(lines, words, number)]),
                column_of(searched_as): line.text,
            }


def _run_on(lines: Sequence[TimedText], words: Sequence[Sequence[Token]], number: int) -> list[Token]:
    """Return the first words of the lines in which a line goes on."""
    found: list[Token] = []
    for after in range(number + 1, len(lines)):
        if len(found) >= RUN_ON_WORDS or not joins(lines[after - 1], lines[after]):
            break
        found += words[after]
    return found[:RUN_ON_WORDS]


def _order(text: TimedText) -> tuple[float, float]:
    return text.start_seconds, text.end_seconds


def _composed(text: TimedText) -> TimedText:
    """Return a line in the one encoding in which lines are searched."""
    if text.text.isascii():
        return text
    words = tuple(replace(word, text=unicodedata.normalize("NFC", word.text)) for word in text.words)
    return replace(text, text=unicodedata.normalize("NFC", text.text), words=words)


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
