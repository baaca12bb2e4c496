"""Reading all of a library to see whether it is sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from framecue.errors import LibraryError
from framecue.library.store.index import num_indexed_rows
from framecue.library.store.remote import size_below
from framecue.library.store.rows import vectors_of
from framecue.library.store.store import Store
from framecue.paths import is_url

__all__ = ["Health", "num_bad_vectors", "read_health"]

_ROWS_PER_BATCH = 4096
# float16 and an encoder's own rounding leave a unit vector this near to length 1.
_MOST_OFF = 0.02


@dataclass(frozen=True)
class Health:
    """What reading every row of a library has shown.

    Attributes:
        num_rows: how many rows there should be.
        num_read: how many could be read.
        error: why reading stopped; None if it did not.
        num_bad_vectors: of those read, how many have a vector that is not finite or not of unit length.
        num_doubled: how many rows there are besides another of the same file and start.
        num_indexed: how many rows the approximate index has; None if there is no index.
        has_text_index: whether words can be searched.
        size_bytes: what the library takes on the disk, or in the object store.
    """

    num_rows: int
    num_read: int
    error: str | None
    num_bad_vectors: int
    num_doubled: int
    num_indexed: int | None
    has_text_index: bool
    size_bytes: int


def read_health(store: Store) -> Health:
    """Read every row of a library, and look at its indexes.

    Raises:
        LibraryError: not even the number of rows can be read.
    """
    num_rows, num_read, num_bad = store.num_rows(), 0, 0
    error: str | None = None
    keys: list[pa.Table] = []
    try:
        for batch in store.table.read(lambda: store.table.lance.search().to_batches(_ROWS_PER_BATCH)):
            table = pa.Table.from_batches([batch])
            num_bad += num_bad_vectors(table)
            num_read += table.num_rows
            keys.append(table.select(["path", "start_seconds"]))
    except (LibraryError, OSError, RuntimeError, ValueError) as caught:
        error = str(caught).splitlines()[0].split(", /")[0]
    num_different = 0
    if keys:
        num_different = pa.concat_tables(keys).group_by(["path", "start_seconds"]).aggregate([]).num_rows
    return Health(
        num_rows=num_rows,
        num_read=num_read,
        error=error,
        num_bad_vectors=num_bad,
        num_doubled=num_read - num_different,
        num_indexed=num_indexed_rows(store.table),
        has_text_index=store.has_text_index(),
        size_bytes=size_below(store.uri) if is_url(store.uri) else _size_of(Path(store.uri)),
    )


def _size_of(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.lstat().st_size
        except OSError:
            continue  # another run has just joined it with others
    return total


def num_bad_vectors(rows: pa.Table) -> int:
    """Return how many rows have a vector that is not finite or not of unit length."""
    lengths = np.linalg.norm(vectors_of(rows).astype(np.float32), axis=1)
    return int((~(np.abs(lengths - 1) < _MOST_OFF)).sum())  # so that NaN counts
