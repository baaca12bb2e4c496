"""What a library holds in numbers: its size on disk, which indexes it has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from framecue.library.store.index import num_indexed_rows
from framecue.library.store.remote import size_below
from framecue.library.store.table import Table
from framecue.library.store.texts import has_text_index
from framecue.paths import is_url

__all__ = ["Overview", "overview"]


@dataclass(frozen=True)
class Overview:
    """What a library holds in numbers, besides what a snapshot of it says.

    Attributes:
        size_bytes: on disk, or in the object store.
        num_indexed_rows: how many segments the index on the vectors covers; None if there is none.
        has_text_index: whether it is ready for full text search.
    """

    size_bytes: int
    num_indexed_rows: int | None
    has_text_index: bool


def overview(table: Table) -> Overview:
    """Look at a library's indexes, and at the sizes of its files; no row is read.

    Raises:
        LibraryError: the library cannot be read.
    """
    return Overview(
        size_bytes=size_below(table.uri) if is_url(table.uri) else sum(_file_sizes(table.uri)),
        num_indexed_rows=num_indexed_rows(table),
        has_text_index=has_text_index(table),
    )


def _file_sizes(folder: str) -> Iterator[int]:
    """Yield the sizes of all files below a folder; one that goes meanwhile counts nothing."""
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(place, name)).st_size  # noqa: PTH118 (many files)
            except OSError:
                continue
