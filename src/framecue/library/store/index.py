"""The approximate index on a library's vectors: when it is made, how it is searched; and the upkeep of the table.

A search without it looks at every vector, which at a million takes seconds. The index is LanceDB's IVF with RaBitQ:
vectors lie in partitions of similar ones, as codes of a few bits a dimension. A search looks at the codes of the
partitions nearest to the query, then reads the vectors of the best candidates. `benchmarks/ann.py` measures it.

Rows that were added after the index was made are looked at one by one, so that a search finds them too, until the
index takes them in.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lancedb.index import IvfRq

from framecue.errors import LibraryError
from framecue.library.results import Upkeep
from framecue.library.store.attempt import attempt

__all__ = ["aim", "optimize", "optimize_if_due"]

VECTOR = "vector"
# Below it a search of every vector takes about as long as encoding the query; from it on a run makes the index itself.
ROWS_BEFORE_INDEX = 100_000
# The least for an index that is asked for by hand; below, the whole table is a few partitions.
LEAST_INDEXED_ROWS = 10_000
# When so many of the rows are not in the index, it takes them in; when most are not, it is made anew.
UNINDEXED_SHARE, REBUILD_SHARE = 0.05, 0.5

# Five bits a dimension: with one, the right vectors are often not among the candidates, and more candidates cost reads.
# The samples and rounds that the partitions are made from are fewer than LanceDB's (256, 50), which take twice as
# long at a million vectors for the same recall.
ROWS_PER_PARTITION = 4096
_INDEX = IvfRq(
    distance_type="cosine", num_bits=5, target_partition_size=ROWS_PER_PARTITION, sample_rate=64, max_iterations=20
)
# LanceDB makes it of such widths alone; the models of CLIP's family have no others.
WIDTH_UNIT = 8
# Texts lie apart from pictures in CLIP's space, so what is nearest to one is spread over more partitions than what is
# nearest to a picture. The number looked at grows with the root of the number there is.
LEAST_PROBES, PROBES_OF_ROOT = 10, 8.0
# Candidates whose vectors are read, for each result; with few results, more for each.
CANDIDATES_PER_RESULT, LEAST_CANDIDATES = 2, 100
# With more results than this share of the rows, reading the candidates one by one takes as long as reading all.
MOST_SHARE = 0.01
# A condition that leaves a smaller share of the rows is heeded by looking at these rows alone.
LEAST_SHARE = 0.1

# Each commit leaves a small file, and many of them slow every later scan. Joining them writes much of the table anew,
# so a larger table may have more.
LEAST_FRAGMENTS, FRAGMENTS_OF_ROOT = 32, 0.25
# Earlier versions are kept for the searches that go on meanwhile.
_KEEP, _KEEP_BY_HAND = timedelta(hours=1), timedelta(minutes=1)


@dataclass(frozen=True)
class _State:
    """A table as it is; ``num_indexed`` is None where it has no index."""

    num_rows: int
    width: int
    num_files: int
    num_indexed: int | None

    @classmethod
    def of(cls, table: Any) -> _State:
        stats = table.stats()
        index = _vector_index(table)
        num_indexed = None if index is None else table.index_stats(index.name).num_indexed_rows
        width = table.schema.field(VECTOR).type.list_size
        return cls(stats["num_rows"], width, stats["fragment_stats"]["num_fragments"], num_indexed)

    def lacks_index(self, least_rows: int) -> bool:
        """Whether the index is to be made: there is none, or most rows came after it."""
        if self.num_rows < least_rows or self.width % WIDTH_UNIT:
            return False
        return self.num_indexed is None or self.num_rows - self.num_indexed > REBUILD_SHARE * self.num_rows

    def is_scattered(self) -> bool:
        return self.num_files > max(LEAST_FRAGMENTS, FRAGMENTS_OF_ROOT * math.sqrt(self.num_rows))

    def is_stale(self) -> bool:
        return self.num_indexed is not None and self.num_rows - self.num_indexed > UNINDEXED_SHARE * self.num_rows


def aim(table: Any, search: Any, *, limit: int, where: str | None = None, exact: bool = False) -> Any:
    """Tell a vector search how to use the index; where there is none, it looks at every vector whatever is told.

    Args:
        table: the table.
        search: LanceDB's builder, with the vector and the condition.
        limit: how many results are wanted.
        where: the condition, which the builder has been given.
        exact: whether to leave the index aside.

    Returns:
        The builder.
    """
    num_rows = table.count_rows()
    if exact or limit > MOST_SHARE * num_rows:
        return search.bypass_vector_index()
    probes = max(LEAST_PROBES, PROBES_OF_ROOT * math.sqrt(num_rows / ROWS_PER_PARTITION))
    if where is None:
        search = search.nprobes(math.ceil(probes))
    elif _vector_index(table) is not None:
        share = table.count_rows(where) / num_rows
        if share < LEAST_SHARE:
            return search.bypass_vector_index()
        # Without a most, partitions are looked at until there are enough results; that takes longer, so not above.
        search = search.minimum_nprobes(math.ceil(probes / share)).maximum_nprobes(0)
    return search.refine_factor(max(CANDIDATES_PER_RESULT, math.ceil(LEAST_CANDIDATES / limit)))


def optimize_if_due(uri: str, table: Any) -> Upkeep | None:
    """Do what is worth doing at the end of a run: join small files, and make or refresh the index.

    Returns:
        What was done; None where nothing was due.

    Raises:
        LibraryError: the library cannot be written.
    """
    state = attempt(uri, "read", lambda: _State.of(table))
    if not (state.lacks_index(ROWS_BEFORE_INDEX) or state.is_scattered() or state.is_stale()):
        return None
    try:
        return _optimize(uri, table, state, least_rows=ROWS_BEFORE_INDEX, keep=_KEEP)
    except LibraryError as error:
        # In an object store, where nothing is locked: another run has written meanwhile. It or the next sees to it.
        if "commit conflict" in str(error):
            return None
        raise


def optimize(uri: str, table: Any) -> Upkeep:
    """Do all that can be done: join small files, drop earlier versions, make or refresh the index.

    Raises:
        LibraryError: the library cannot be written.
    """
    state = attempt(uri, "read", lambda: _State.of(table))
    return _optimize(uri, table, state, least_rows=LEAST_INDEXED_ROWS, keep=_KEEP_BY_HAND)


def _optimize(uri: str, table: Any, before: _State, *, least_rows: int, keep: timedelta) -> Upkeep:
    def do(action: Callable[[], Any]) -> Any:
        return attempt(uri, "optimized", action)

    def versions() -> set[int]:
        return {version["version"] for version in do(table.list_versions)}

    versions_before = versions()
    makes_index = before.lacks_index(least_rows)
    if makes_index and before.num_indexed is not None:
        # Else the old index would first take in the rows, for nothing.
        do(lambda: table.drop_index(_vector_index(table).name))
    do(lambda: table.optimize(cleanup_older_than=keep))
    if makes_index:
        do(lambda: table.create_index(VECTOR, config=_INDEX))
    # Files are joined only with others of which the indexes know as much; now they know all rows, so once more.
    do(lambda: table.optimize(cleanup_older_than=keep))
    after = do(lambda: _State.of(table))
    if after.num_indexed is None:
        index = "none"
    elif makes_index:
        index = "made"
    else:
        index = "kept" if before.num_indexed == before.num_rows else "refreshed"
    return Upkeep(
        uri=uri,
        num_rows=after.num_rows,
        num_files=(before.num_files, after.num_files),
        num_versions_dropped=len(versions_before - versions()),
        index=index,
        num_indexed_rows=after.num_indexed or 0,
    )


def _vector_index(table: Any) -> Any:
    """The index on the vectors, or None."""
    return next((index for index in table.list_indices() if index.columns == [VECTOR]), None)
