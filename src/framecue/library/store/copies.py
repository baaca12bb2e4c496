"""Notes about files whose content a library holds under another path.

Without them each run would hash such files again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.library.state import FileState
from framecue.library.store.notes import Notes, optional_text, state_columns
from framecue.library.store.records import Copy

__all__ = ["Copies"]

COPIES_TABLE = "copies"

_COPIES_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("modified_seconds", pa.float64(), nullable=False),
        pa.field("object_tag", pa.string()),
    ]
)


class Copies:
    """The notes of one library about copies.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self._notes = Notes(uri, database, COPIES_TABLE, _COPIES_SCHEMA)
        self.refresh, self.version = self._notes.refresh, self._notes.version

    def read(self) -> dict[str, Copy]:
        """Return the notes by path, in the order of the paths.

        Raises:
            LibraryError: the library cannot be read.
        """
        return {
            str(path): Copy(str(video_id), FileState(int(size_bytes), float(modified_seconds), optional_text(tag)))
            for path, video_id, size_bytes, modified_seconds, tag in self._notes.read()
        }

    def note(self, copies: Mapping[str, Copy], *, forget: Sequence[str] = ()) -> None:
        """Note some copies and forget others, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        rows = [{"path": path, "video_id": copy.video_id, **state_columns(copy.state)} for path, copy in copies.items()]
        self._notes.note(rows, forget=forget)
