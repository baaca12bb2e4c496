"""What a library holds in numbers: its size, its kinds of files, when they were indexed, which indexes it has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow.compute as pc

from framecue.library.store.index import num_indexed_rows
from framecue.library.store.table import Table
from framecue.library.store.texts import has_text_index
from framecue.paths import is_url

__all__ = ["Overview", "overview"]


@dataclass(frozen=True)
class Overview:
    """What a library holds in numbers.

    Attributes:
        size_bytes: on disk; None in an object store.
        indexed_seconds: when the first and the last of its segments were encoded, seconds since 1970; None if none says
            it, as formats before 3 do not.
        num_indexed_rows: how many segments the index on the vectors covers; None if there is none.
        has_text_index: whether it is ready for full text search.
    """

    size_bytes: int | None
    indexed_seconds: tuple[float, float] | None
    num_indexed_rows: int | None
    has_text_index: bool


def overview(table: Table) -> Overview:
    """Look at a library's table of segments, and at its files on disk.

    Raises:
        LibraryError: the library cannot be read.
    """
    there = set(table.schema.names)
    first = last = None
    if "indexed_seconds" in there:
        times = pc.min_max(table.scan(["indexed_seconds"]).column("indexed_seconds")).as_py()
        first, last = times["min"], times["max"]
    return Overview(
        size_bytes=None if is_url(table.uri) else sum(_file_sizes(table.uri)),
        indexed_seconds=None if first is None or last is None else (first, last),
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
