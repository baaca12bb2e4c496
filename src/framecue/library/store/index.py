"""The approximate index on a library's vectors, when indexes are made, and the upkeep of the table.

A search without the index looks at every vector, which takes seconds for a million. The index is LanceDB's IVF with
RaBitQ: vectors lie in partitions of similar ones, as codes of a few bits a dimension. A search looks at the codes of
the partitions nearest to the query, then reads the vectors of the best candidates. `benchmarks/ann.py` measures it.

Rows that were added after the index was made are searched one by one until the index takes them in, so they are found
too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from lancedb.index import IndexConfig, IvfRq

from framecue.errors import LibraryError
from framecue.library.results import Upkeep
from framecue.library.store.filter_indexes import indexed_columns, lacking, make_indexes
from framecue.library.store.index_builder import IndexBuilder, TablePlace, VectorIndexing, place_of, rehearse
from framecue.library.store.table import Table

__all__ = ["num_indexed_rows", "optimize", "optimize_if_due", "rows_per_partition", "vector_index"]

VECTOR = "vector"
# With fewer rows, a search of every vector takes about as long as encoding the query. From here on a run makes the
# index by itself.
ROWS_BEFORE_INDEX = 100_000
# The fewest rows for an index that is asked for by hand; with fewer, the whole table is a few partitions.
LEAST_INDEXED_ROWS = 10_000
# The index takes in new rows when more than the first share of all rows is not in it; above the second it is made anew.
UNINDEXED_SHARE, REBUILD_SHARE = 0.05, 0.5

# Five bits a dimension: with one, the right vectors are often not among the candidates, and more candidates cost reads.
# The partitions are computed from fewer samples and in fewer rounds than LanceDB's defaults (256, 50), which take twice
# as long at a million vectors for the same recall.
# Small partitions: a search looks at fewer codes for the same recall. Beyond a million rows they grow, as finding the
# partition of each row would otherwise take ever longer.
LEAST_ROWS_PER_PARTITION = 1024
# LanceDB makes the index only if the width is a multiple of this, which it is for all models of CLIP's family.
WIDTH_UNIT = 8

# Each commit leaves a small file, and many of them slow down every later scan. Joining them rewrites much of the table,
# so a larger table may have more of them.
LEAST_FRAGMENTS, FRAGMENTS_OF_ROOT = 32, 0.25
# Earlier versions are kept this long, for searches that are still reading them.
_KEEP, _KEEP_BY_HAND = timedelta(hours=1), timedelta(minutes=1)

T = TypeVar("T")


@dataclass(frozen=True)
class _State:
    """The state of a table.

    Attributes:
        num_rows: all rows.
        width: of its vectors.
        num_files: how many files they lie in.
        num_indexed: how many rows the index on the vectors has; None if there is none.
        num_segments: in how many pieces that index is, each of which a search looks through; 0 if there is none.
        unindexed_columns: those that filters ask for, and that have no index yet.
    """

    num_rows: int
    width: int
    num_files: int
    num_indexed: int | None
    num_segments: int
    unindexed_columns: tuple[str, ...]

    @classmethod
    def of(cls, table: Table) -> _State:
        """Look at a table; raises what LanceDB raises."""
        stats = cast(Any, table.lance.stats())  # a dictionary, though LanceDB's types say otherwise
        index = vector_index(table)
        index_stats = None if index is None else table.lance.index_stats(index.name)
        num_indexed = None if index_stats is None else index_stats.num_indexed_rows
        num_segments = 0 if index_stats is None else index_stats.num_indices or 1
        width = table.schema.field(VECTOR).type.list_size
        columns = tuple(lacking(table, indexed_columns(table)))
        num_files = stats["fragment_stats"]["num_fragments"]
        return cls(stats["num_rows"], width, num_files, num_indexed, num_segments, columns)

    def lacks_index(self, least_rows: int) -> bool:
        """Whether the index should be made: there is none, or most rows came after it."""
        if self.num_rows < least_rows or self.width % WIDTH_UNIT:
            return False
        return self.num_indexed is None or self.num_rows - self.num_indexed > REBUILD_SHARE * self.num_rows

    def lacks_filter_indexes(self, least_rows: int) -> bool:
        return self.num_rows >= least_rows and bool(self.unindexed_columns)

    def is_scattered(self) -> bool:
        return self.num_files > max(LEAST_FRAGMENTS, FRAGMENTS_OF_ROOT * math.sqrt(self.num_rows))

    def is_stale(self) -> bool:
        return self.num_indexed is not None and self.num_rows - self.num_indexed > UNINDEXED_SHARE * self.num_rows


def num_indexed_rows(table: Table) -> int | None:
    """Return how many rows the approximate index has; None if there is no index.

    Raises:
        LibraryError: the library cannot be read.
    """
    return table.read(lambda: _State.of(table)).num_indexed


def optimize_if_due(table: Table) -> Upkeep | None:
    """Do what is worth doing at the end of a run: join small files, and make or refresh the index.

    Returns:
        What was done; None if nothing was due.

    Raises:
        LibraryError: the library cannot be written.
    """
    state = table.read(lambda: _State.of(table))
    lacks_indexes = state.lacks_index(ROWS_BEFORE_INDEX) or state.lacks_filter_indexes(ROWS_BEFORE_INDEX)
    if not (lacks_indexes or state.is_scattered() or state.is_stale()):
        return None
    try:
        return _optimize(table, state, least_rows=ROWS_BEFORE_INDEX, keep=_KEEP)
    except LibraryError as error:
        # A framecue that knew no lease may be writing in an object store. It, or the next run, does the upkeep.
        if "commit conflict" in str(error):
            return None
        raise


def optimize(table: Table, builder: IndexBuilder | None = None) -> Upkeep:
    """Do all that can be done: join small files, drop earlier versions, make or refresh the index.

    Args:
        table: of segments.
        builder: joins the files and makes the index; None for LanceDB, in this process.

    Raises:
        LibraryError: the library cannot be written, or what the builder writes cannot be read here.
    """
    state = table.read(lambda: _State.of(table))
    if builder is not None:
        rehearse(builder)
    if builder is None and state.num_segments > 1:
        # As a cluster's build leaves it that was killed before its last step. LanceDB here does not merge them.
        index = table.read(lambda: vector_index(table))
        assert index is not None
        table.commit("optimized", lambda: table.lance.drop_index(index.name))
        state = table.read(lambda: _State.of(table))
    return _optimize(table, state, least_rows=LEAST_INDEXED_ROWS, keep=_KEEP_BY_HAND, builder=builder)


def _optimize(
    table: Table, before: _State, *, least_rows: int, keep: timedelta, builder: IndexBuilder | None = None
) -> Upkeep:
    def do(action: Callable[[], T]) -> T:
        return table.commit("optimized", action)

    def look(action: Callable[[], T]) -> T:
        return table.attempt("optimized", action)

    def versions() -> set[int]:
        return {version["version"] for version in look(table.lance.list_versions)}

    versions_before = versions()
    makes_index = before.lacks_index(least_rows)
    if makes_index and (index_before := look(lambda: vector_index(table))) is not None:
        # Otherwise the old index would first take in the rows, for nothing.
        do(lambda: table.lance.drop_index(index_before.name))
    if builder is not None:
        do(lambda: builder.join_files(place_of(table.lance)))
        table.catch_up("optimized")
    do(lambda: table.lance.optimize(cleanup_older_than=keep))
    if before.lacks_filter_indexes(least_rows):
        make_indexes(table, before.unindexed_columns)
    if makes_index and builder is None:
        do(lambda: table.lance.create_index(VECTOR, config=_config(before.num_rows)))
    elif builder is not None:
        _index_by(table, builder, makes=makes_index)
    # LanceDB only joins files that the same indexes cover. Now the indexes cover all rows, so it joins once more.
    do(lambda: table.lance.optimize(cleanup_older_than=keep))
    after = look(lambda: _State.of(table))
    if after.num_indexed is None:
        index = "none"
    elif makes_index:
        index = "made"
    else:
        index = "kept" if before.num_indexed == before.num_rows else "refreshed"
    return Upkeep(
        uri=table.uri,
        num_rows=after.num_rows,
        num_files=(before.num_files, after.num_files),
        num_versions_dropped=len(versions_before - versions()),
        index=index,
        num_indexed_rows=after.num_indexed or 0,
    )


def _index_by(table: Table, builder: IndexBuilder, *, makes: bool) -> None:
    """Have a builder make the index, and make one segment of it: each segment costs a search time.

    An index that is kept may be in several segments too, as after a build that was killed before its last step.

    Args:
        table: of segments.
        builder: does it.
        makes: whether the index is to be made; else it is kept.
    """

    def do(action: Callable[[TablePlace], None]) -> None:
        table.commit("optimized", lambda: action(place_of(table.lance)))
        table.catch_up("optimized")

    if makes:
        do(lambda place: builder.make_index(place, _indexing(table.lance.count_rows())))
    num_segments = table.read(lambda: _State.of(table)).num_segments
    if num_segments > 1 and (index := table.read(lambda: vector_index(table))) is not None:
        do(lambda place: builder.merge_index(place, index.name, num_segments))


def rows_per_partition(num_rows: int) -> int:
    """Return how many rows a partition of a new index has, about."""
    return max(LEAST_ROWS_PER_PARTITION, math.isqrt(num_rows))


def _indexing(num_rows: int) -> VectorIndexing:
    """Return how the index of so many rows is made, by whomever."""
    rows = rows_per_partition(num_rows)
    return VectorIndexing(
        column=VECTOR,
        distance="cosine",
        num_bits=5,
        rows_per_partition=rows,
        # As LanceDB divides.
        num_partitions=max(num_rows // rows, 1),
        sample_rate=64,
        max_iterations=20,
    )


def _config(num_rows: int) -> IvfRq:
    indexing = _indexing(num_rows)
    return IvfRq(
        distance_type=indexing.distance,
        num_bits=indexing.num_bits,
        target_partition_size=indexing.rows_per_partition,
        sample_rate=indexing.sample_rate,
        max_iterations=indexing.max_iterations,
    )


def vector_index(table: Table) -> IndexConfig | None:
    """Return the index on the vectors; raises what LanceDB raises."""
    return next((index for index in table.indexes if index.columns == [VECTOR]), None)
