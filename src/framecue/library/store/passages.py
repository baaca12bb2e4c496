"""The table of what is meant in a library's videos: passages and their sentences, each with the vector of its meaning.

It is there once somebody has asked for meanings, and empty until the run that makes them has got to it. Rows go by
``video_id``, as those of words do. Each passage of 10 to 30 seconds is a row, and each sentence is another: a sentence
among others of something else would be lost in the passage's vector, and what several sentences say together is in none
of theirs.

The sentence encoder stands in the table: another one overwrites it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.errors import LibraryError
from framecue.library.store.background import (
    PASSAGES_BACKGROUND_TABLE,
    Background,
    Backgrounds,
    measure_background,
)
from framecue.library.store.commit import commit
from framecue.library.store.index import VECTOR, optimize_if_due
from framecue.library.store.later_table import LaterTable
from framecue.library.store.rows import vectors_of
from framecue.library.store.table import Table
from framecue.library.store.timed_texts import of_videos
from framecue.words.sentences import SentenceFingerprint
from framecue.words.timed_text import Kind, TimedText

__all__ = ["FOUND", "PassageRow", "PassageState", "Passages", "passage_rows", "passages_schema"]

PASSAGES_TABLE = "passages"
# Notes about all of the table stand in a column's metadata, which can be changed in a commit.
_NOTED_IN = "video_id"
_STATE_KEY = "framecue.passages"
_OF_TEXT = ("kind", "language", "start_seconds", "end_seconds", "text")
# What a search reads of a row.
FOUND = ("video_id", "source", "is_passage", "kind", "language", "start_seconds", "end_seconds", "text", VECTOR)


@dataclass(frozen=True)
class PassageState:
    """What a table of passages was made by.

    Attributes:
        fingerprint: of the sentence encoder.
        rules: by which words became passages, ``framecue.words.passages.RULES``.
        words_version: the commit of the table of words at which every passage was up to date, 0 if there were no
            words; None if no run has come to its end since somebody asked for them.
        unrelated: the usual cosine of a query and what has nothing to do with it, and the deviation from it, for this
            encoder; by these a library of few passages is judged.
    """

    fingerprint: SentenceFingerprint
    rules: int
    words_version: int | None = None
    unrelated: tuple[float, float] = (0.0, 1.0)

    @property
    def is_unfinished(self) -> bool:
        """Whether passages have been asked for, and no run has come to the end of making them."""
        return self.words_version is None

    def to_json(self) -> str:
        """Return the text that the table keeps."""
        return json.dumps({**vars(self), "fingerprint": self.fingerprint.to_dict()})

    @classmethod
    def from_json(cls, text: str | bytes) -> PassageState:
        """Return what a table keeps.

        Raises:
            LibraryError: it is damaged, or a later framecue's.
        """
        try:
            document = json.loads(text)
            mean, deviation = map(float, document["unrelated"])
            fingerprint = SentenceFingerprint.from_dict(document["fingerprint"])
            return cls(fingerprint, int(document["rules"]), document["words_version"], (mean, deviation))
        except (ValueError, KeyError, TypeError) as error:
            raise LibraryError(f"what the library's passages were made by is damaged: {error}") from error

    def fits(self, fingerprint: SentenceFingerprint, rules: int) -> bool:
        """Whether an encoder and rules give the passages and the vectors of this table, wherever the encoder lies."""
        return (self.fingerprint.key, self.rules) == (fingerprint.key, rules)


@dataclass(frozen=True, eq=False)
class PassageRow:
    """A passage, or a sentence of one.

    Attributes:
        video_id: hash of the file's content.
        source: what found its words: "speech", "screen", "subtitles".
        is_passage: whether it is all of a passage; one of a single sentence is stored once, as a passage.
        text: what is said or shown, and when.
        vector: of its meaning, float (E,), unit length.
    """

    video_id: str
    source: str
    is_passage: bool
    text: TimedText
    vector: np.ndarray


class Passages:
    """The passages of one library.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self.uri = uri
        self._database = database
        self._backgrounds = Backgrounds(uri, database, PASSAGES_BACKGROUND_TABLE)
        self._later = LaterTable(uri, database, PASSAGES_TABLE)

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._later.refresh()
        self._backgrounds.refresh()

    def table(self) -> Table | None:
        """Return the table; None if nobody has asked for meanings.

        Raises:
            LibraryError: the library cannot be read.
        """
        return self._later.table()

    def state(self) -> PassageState | None:
        """Return what the passages were made by; None if nobody has asked for meanings.

        Raises:
            LibraryError: the library cannot be read, or a later framecue has written the passages.
        """
        table = self.table()
        if table is None:
            return None
        return PassageState.from_json((table.schema.field(_NOTED_IN).metadata or {}).get(_STATE_KEY.encode(), b""))

    def count(self) -> int:
        """Return how many passages there are.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self.table()
        return 0 if table is None else table.count("is_passage")

    # --- what cosines are set against, as those of segments are

    def num_rows(self) -> int:
        """Return how many passages and sentences there are.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self.table()
        return 0 if table is None else table.count()

    def background(self, made_for: str) -> Background | None:
        """See `Store.background`."""
        return self._backgrounds.read(made_for)

    def background_bank(self, made_for: str) -> np.ndarray | None:
        """See `Store.background_bank`."""
        return self._backgrounds.read_bank(made_for)

    def measure_background(self, bank: np.ndarray, made_for: str) -> Background:
        """See `Store.measure_background`."""
        table = self.table()
        if table is None:
            raise LibraryError(
                "the library has no passages to compare queries with; `framecue index --meaning` makes them"
            )
        return measure_background(table, bank, made_for)

    def keep_background(self, background: Background, bank: np.ndarray) -> None:
        """See `Store.keep_background`."""
        self._backgrounds.keep(background, bank)

    def keys(self) -> dict[str, str]:
        """Return of each content with passages the hash of the words from which they were made.

        Raises:
            LibraryError: the library cannot be read.
        """
        table = self.table()
        if table is None:
            return {}
        found = table.scan(["video_id", "words_key"])
        return dict(zip(*(found.column(name).to_pylist() for name in ("video_id", "words_key")), strict=True))

    # --- writing, with the lock

    def begin(self, state: PassageState) -> None:
        """Make the table, empty, in place of one that another encoder has made.

        Raises:
            LibraryError: the library cannot be written.
        """
        schema = passages_schema(state)
        make = self._database.create_table
        # LanceDB warns on standard error where there is nothing to overwrite.
        mode = "create" if self.table() is None else "overwrite"
        made = commit(self.uri, "written", lambda: make(PASSAGES_TABLE, schema=schema, mode=mode))
        self._later.put(Table(self.uri, made))

    def note(self, state: PassageState) -> None:
        """Note where the encoder lies now, or up to which commit of words the passages are up to date.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self.table()
        if table is None or self.state() == state:
            return
        update = {"path": _NOTED_IN, "metadata": {_STATE_KEY: state.to_json()}}
        table.commit("written", lambda: table.lance.update_field_metadata(update))

    def write(self, rows: Sequence[PassageRow], keys: Mapping[str, str]) -> None:
        """Put the passages of some contents in place of those that they have.

        That is two commits if they have any: a run that is killed in between leaves none, and the next makes them.

        Args:
            rows: all of these contents.
            keys: of each content, the hash of the words from which its passages were made.

        Raises:
            LibraryError: the library cannot be written.
        """
        self.drop(list(keys))
        table = self.table()
        if table is None or not rows:
            return
        values = [
            {
                **{name: getattr(row.text, name) for name in _OF_TEXT},
                "video_id": row.video_id,
                "source": row.source,
                "is_passage": row.is_passage,
                "words_key": keys[row.video_id],
                VECTOR: row.vector.astype(np.float16),
            }
            for row in rows
        ]
        new = pa.Table.from_pylist(values, schema=table.schema)
        table.commit("written", lambda: table.lance.add(new))

    def drop(self, video_ids: Sequence[str]) -> None:
        """Take out the passages of some contents, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self.table()
        # A commit that deletes nothing would still be one.
        if table is not None and video_ids and table.count(condition := of_videos(video_ids)):
            table.commit("written", lambda: table.lance.delete(condition))

    def drop_all(self) -> None:
        """Take out all passages, and the wish for them.

        Raises:
            LibraryError: the library cannot be written.
        """
        if self.table() is not None:
            commit(self.uri, "written", lambda: self._database.drop_table(PASSAGES_TABLE))
            self._later.put(None)
        self._backgrounds.drop()

    def upkeep(self) -> None:
        """Make or refresh the index on the vectors and join small files, where either is worth it.

        Raises:
            LibraryError: the library cannot be written.
        """
        if (table := self.table()) is not None:
            optimize_if_due(table)


def passage_rows(found: pa.Table) -> list[PassageRow]:
    """Return the rows of an Arrow table with the columns FOUND, their vectors in float16."""
    return [
        PassageRow(
            row["video_id"],
            row["source"],
            row["is_passage"],
            TimedText(row["start_seconds"], row["end_seconds"], row["text"], cast(Kind, row["kind"]), row["language"]),
            vector,
        )
        for row, vector in zip(found.drop_columns([VECTOR]).to_pylist(), vectors_of(found), strict=True)
    ]


def passages_schema(state: PassageState) -> pa.Schema:
    """Return the columns of the table, with what it was made by among their metadata."""
    notes: Mapping[str, str] = {_STATE_KEY: state.to_json()}
    return pa.schema(
        [
            pa.field(_NOTED_IN, pa.string(), nullable=False, metadata=notes),
            pa.field("source", pa.string(), nullable=False),
            pa.field("is_passage", pa.bool_(), nullable=False),
            pa.field("kind", pa.string(), nullable=False),
            pa.field("language", pa.string()),
            pa.field("words_key", pa.string(), nullable=False),
            pa.field("start_seconds", pa.float64(), nullable=False),
            pa.field("end_seconds", pa.float64(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
            pa.field(VECTOR, pa.list_(pa.float16(), state.fingerprint.embedding_dim), nullable=False),
        ]
    )
