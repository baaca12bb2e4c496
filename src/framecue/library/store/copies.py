"""The files whose content a library holds under another path: a second table, made when the first one is found.

Without this table nothing is lost: such a file is hashed again in each run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from framecue.errors import LibraryError
from framecue.library.state import FileState
from framecue.library.store.attempt import attempt, connect, is_one_of
from framecue.library.store.records import Copy

__all__ = ["Copies"]

COPIES_TABLE = "copies"

_COPIES_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("video_id", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64(), nullable=False),
        pa.field("modified_seconds", pa.float64(), nullable=False),
    ]
)


class Copies:
    """The notes of one library.

    Args:
        uri: the library's normal URI.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def read(self) -> dict[str, Copy]:
        """Give the notes, in the order of the paths."""
        table = self._table()
        if table is None:
            return {}
        columns = attempt(self.uri, "read", lambda: table.search().to_arrow()).to_pydict()
        names = ("path", "video_id", "size_bytes", "modified_seconds")
        rows = sorted(zip(*(columns[name] for name in names), strict=True))
        return {path: Copy(video_id, FileState(*state)) for path, video_id, *state in rows}

    def note(self, copies: Mapping[str, Copy], *, forget: Sequence[str] = ()) -> None:
        """Note some, and forget others, in one commit.

        Raises:
            LibraryError: the library cannot be written.
        """
        table = self._table(make=bool(copies))
        if table is None or not (copies or forget):
            return
        if not copies:
            attempt(self.uri, "written", lambda: table.delete(is_one_of(forget)))
            return
        new = pa.Table.from_pylist(
            [{"path": path, "video_id": copy.video_id, **vars(copy.state)} for path, copy in copies.items()],
            schema=_COPIES_SCHEMA,
        )
        merge = table.merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
        if forget:
            merge = merge.when_not_matched_by_source_delete(is_one_of(forget))
        attempt(self.uri, "written", lambda: merge.execute(new))

    def _table(self, *, make: bool = False) -> Any:
        """Open the table; None where there is none yet and none is to be made."""
        database = attempt(self.uri, "opened", lambda: connect(self.uri))
        if make:
            options = {"schema": _COPIES_SCHEMA, "exist_ok": True}
            return attempt(self.uri, "written", lambda: database.create_table(COPIES_TABLE, **options))
        try:
            return attempt(self.uri, "opened", lambda: database.open_table(COPIES_TABLE))
        except LibraryError as error:
            if "not found" in str(error.__cause__):
                return None
            raise
