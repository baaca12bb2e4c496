"""Notes about files that a library does not hold because of what is in them: damage, sound alone, an unwanted picture.

Without them each run would read such files again, which may be large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.library.state import FileState
from framecue.library.store.notes import Notes, optional_text, state_columns
from framecue.library.store.records import Failure

__all__ = ["Failures"]

FAILURES_TABLE = "failures"

_FAILURES_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("modified_seconds", pa.float64(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("version", pa.string(), nullable=False),
        pa.field("reading", pa.int64(), nullable=False),
        pa.field("object_tag", pa.string()),
    ]
)


class Failures:
    """The notes of one library about files that it does not hold.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self._notes = Notes(uri, database, FAILURES_TABLE, _FAILURES_SCHEMA)
        self.refresh, self.version = self._notes.refresh, self._notes.version

    def read(self) -> dict[str, Failure]:
        """Return the notes by path, in the order of the paths.

        Raises:
            LibraryError: the library cannot be read.
        """
        return {
            str(path): Failure(
                FileState(int(size_bytes), float(modified_seconds), optional_text(tag)),
                str(cause),
                str(reason),
                str(version),
                int(reading),
            )
            for path, size_bytes, modified_seconds, cause, reason, version, reading, tag in self._notes.read()
        }

    def note(self, failures: Mapping[str, Failure], *, forget: Sequence[str] = ()) -> None:
        """Note some files and forget others, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        rows = []
        for path, failure in failures.items():
            values = {name: value for name, value in vars(failure).items() if name != "state"}
            # A reason may quote bytes that are no text.
            values["reason"] = failure.reason.encode(errors="replace").decode()
            rows.append({"path": path, **state_columns(failure.state), **values})
        self._notes.note(rows, forget=forget)
