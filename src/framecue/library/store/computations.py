"""Notes about what has encoded a library's videos: runtimes and precisions, for people; nothing is refused by them."""

from __future__ import annotations

import time

import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.encoder import Computation
from framecue.library.store.notes import Notes

__all__ = ["Computations"]

COMPUTATIONS_TABLE = "encoded_by"

# The first column is what notes are found by, which those of other kinds have of a path.
_COMPUTATIONS_SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("runtime", pa.string(), nullable=False),
        pa.field("precision", pa.string(), nullable=False),
        pa.field("first_seconds", pa.float64(), nullable=False),
    ]
)


class Computations:
    """The notes of one library about runtimes and precisions.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
    """

    def __init__(self, uri: str, database: LanceDBConnection) -> None:
        self._notes = Notes(uri, database, COMPUTATIONS_TABLE, _COMPUTATIONS_SCHEMA)
        self.refresh = self._notes.refresh

    def read(self) -> list[Computation]:
        """Return what has encoded videos, in the order in which each did so first; none in a library that is older.

        Raises:
            LibraryError: the library cannot be read.
        """
        by_time = sorted(self._notes.read(), key=lambda note: float(note[3]))
        return [Computation(str(runtime), str(precision)) for _, runtime, precision, _ in by_time]

    def note(self, computation: Computation) -> None:
        """Note what has encoded videos, unless that is noted.

        Raises:
            LibraryError: the library cannot be written.
        """
        known = {(each.runtime, each.precision) for each in self.read()}
        runtime, precision = computation.runtime, computation.precision
        if (runtime, precision) not in known:
            row = {"path": f"{runtime} {precision}", "runtime": runtime, "precision": precision}
            self._notes.note([{**row, "first_seconds": time.time()}])
