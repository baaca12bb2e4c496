"""Notes about the words of a library: what has been asked for, and in which files it has been done, or has failed.

A file has a note by its content, so one that is moved keeps it. Words are written first, the note second: a run that
is killed in between finds the words again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue._version import __version__
from framecue.library.store.notes import Notes
from framecue.library.store.sql import quoted
from framecue.video import READING
from framecue.words.request import WordsRequest
from framecue.words.timed_text import Kind

__all__ = ["AskedWords", "WordsDone", "WordsNotes"]

ASKED_TABLE, DONE_TABLE = "words_asked", "words_done"
_MOST_FORGOTTEN = 500
# The first column is what notes are found by.
_ASKED_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("is_wanted", pa.bool_(), nullable=False),
        pa.field("request", pa.string(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
    ]
)
_DONE_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("fingerprint", pa.string(), nullable=False),
        pa.field("num_lines", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("reading", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class AskedWords:
    """A source that a library has been asked for, or told to do without.

    Attributes:
        request: what was asked of it.
        fingerprint: the key of what worked for the request when it was asked for.
        kind: whether its words are said or written; None if nobody has asked for it.
        model: that it chose, in words; None where there is none.
        is_wanted: whether new files get its words; False if somebody took it out.
    """

    request: WordsRequest
    fingerprint: str = ""
    kind: Kind | None = None
    model: str | None = None
    is_wanted: bool = True


@dataclass(frozen=True)
class WordsDone:
    """What a source has done of one content.

    Attributes:
        fingerprint: the key of what worked.
        num_lines: how many lines it found.
        reason: why it could not find all; None if it could.
        version: of the framecue that read the file.
        reading: the rules by which it was read, ``framecue.video.READING``.
    """

    fingerprint: str
    num_lines: int = 0
    reason: str | None = None
    version: str = __version__
    reading: int = READING

    @property
    def is_worth_a_try(self) -> bool:
        """Whether it failed, and what reads files has changed since."""
        return self.reason is not None and (self.version, self.reading) != (__version__, READING)


class WordsNotes:
    """The notes of one library about its words.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self._asked = Notes(uri, database, ASKED_TABLE, _ASKED_SCHEMA)
        self._done = Notes(uri, database, DONE_TABLE, _DONE_SCHEMA)

    def refresh(self) -> None:
        """Look at the latest commit from now on: others may have written."""
        self._asked.refresh()
        self._done.refresh()

    def asked(self) -> dict[str, AskedWords]:
        """Return what has been asked for, by source; nothing in a library that has never had words.

        Raises:
            LibraryError: the library cannot be read.
        """
        found = {}
        for source, is_wanted, request, fingerprint, kind, model in self._asked.read():
            found[str(source)] = AskedWords(
                request=WordsRequest.from_json(str(request)),
                fingerprint=str(fingerprint),
                kind=kind or None,  # type: ignore[arg-type]
                model=str(model) or None,
                is_wanted=bool(is_wanted),
            )
        return found

    def note_asked(self, asked: Collection[AskedWords]) -> None:
        """Note what is asked for; a source that was asked for otherwise before gets the new note.

        Raises:
            LibraryError: the library cannot be written.
        """
        self._asked.note(
            [
                {
                    "path": each.request.source,
                    "is_wanted": each.is_wanted,
                    "request": each.request.to_json(),
                    "fingerprint": each.fingerprint,
                    "kind": each.kind or "",
                    "model": each.model or "",
                }
                for each in asked
            ]
        )

    def done(self, video_ids: Collection[str] | None = None) -> dict[tuple[str, str], WordsDone]:
        """Return what has been done, by content and source.

        Args:
            video_ids: of these contents only; None for all.

        Raises:
            LibraryError: the library cannot be read.
        """
        found = {}
        where = None if video_ids is None else f"video_id IN ({', '.join(map(quoted, sorted(video_ids))) or 'NULL'})"
        for _, video_id, source, fingerprint, num_lines, reason, version, reading in self._done.read(where):
            done = WordsDone(str(fingerprint), int(num_lines), str(reason) or None, str(version), int(reading))
            found[str(video_id), str(source)] = done
        return found

    def note_done(self, done: Mapping[tuple[str, str], WordsDone]) -> None:
        """Note what has been done, by content and source.

        Raises:
            LibraryError: the library cannot be written.
        """
        rows: list[dict[str, object]] = []
        for (video_id, source), note in done.items():
            # A reason may quote bytes that are no text.
            reason = (note.reason or "").encode(errors="replace").decode()
            values = vars(replace(note, reason=reason))
            rows.append({"path": f"{video_id} {source}", "video_id": video_id, "source": source, **values})
        self._done.note(rows)

    def forget(self, *, video_ids: Collection[str] | None = None, source: str | None = None) -> None:
        """Forget what has been done.

        Args:
            video_ids: of these contents only; None for all.
            source: by this source only; None for all.

        Raises:
            LibraryError: the library cannot be written.
        """
        of_source = "true" if source is None else f"source = {quoted(source)}"
        if video_ids is None:
            self._done.drop(of_source)
            return
        ordered = sorted(video_ids)
        for start in range(0, len(ordered), _MOST_FORGOTTEN):
            some = ", ".join(map(quoted, ordered[start : start + _MOST_FORGOTTEN]))
            self._done.drop(f"video_id IN ({some}) AND {of_source}")

    def upkeep(self) -> None:
        """Join small files, if there are too many.

        Raises:
            LibraryError: the library cannot be written.
        """
        self._done.upkeep()
