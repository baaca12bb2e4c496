"""Reading all words of a library, and the passages made of them, to see whether they are sound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from framecue.errors import LibraryError
from framecue.library.store.health import num_bad_vectors
from framecue.library.store.store import Store
from framecue.library.store.table import Table

__all__ = ["WordsHealth", "read_words_health"]

_ROWS_PER_BATCH = 4096


@dataclass(frozen=True)
class WordsHealth:
    """What reading every line and every passage of a library has shown.

    Attributes:
        num_lines: how many lines of words could be read.
        words_error: why reading them stopped; None if it did not.
        num_passage_rows: how many passages, and sentences of them, could be read.
        passages_error: why reading them stopped; None if it did not.
        num_bad_passages: of those read, how many have a vector that is not finite or not of unit length.
    """

    num_lines: int = 0
    words_error: str | None = None
    num_passage_rows: int = 0
    passages_error: str | None = None
    num_bad_passages: int = 0


def read_words_health(store: Store) -> WordsHealth:
    """Read every line of words of a library, and every passage; a library without any is sound."""
    num_lines, words_error, _ = _read(store.words.table)
    num_rows, passages_error, num_bad = _read(store.passages.table, has_vectors=True)
    return WordsHealth(num_lines, words_error, num_rows, passages_error, num_bad)


def _read(open_table: Callable[[], Table | None], *, has_vectors: bool = False) -> tuple[int, str | None, int]:
    """Return how many rows of a table could be read, why no more, and how many have a bad vector."""
    num_read = num_bad = 0
    try:
        table = open_table()
        if table is None:
            return 0, None, 0
        for batch in table.read(lambda: table.lance.search().to_batches(_ROWS_PER_BATCH)):
            num_read += batch.num_rows
            if has_vectors:
                num_bad += num_bad_vectors(pa.Table.from_batches([batch]))
    except (LibraryError, OSError, RuntimeError, ValueError) as caught:
        return num_read, str(caught).splitlines()[0].split(", /")[0], num_bad
    return num_read, None, num_bad
