"""The heavy part of a table's upkeep done elsewhere: who joins files and makes the index, and what it is told.

LanceDB does both in this process. Another builder, as on a cluster, may be given to ``Store.optimize``; it opens the
table by its place and commits to it itself. That what it writes can be read here is seen beforehand, in a small table
of its own (:func:`rehearse`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pyarrow as pa
from lancedb.db import LanceDBConnection
from lancedb.table import LanceTable

from framecue.errors import LibraryError, first_line
from framecue.library.store.attempt import connect

__all__ = ["IndexBuilder", "TablePlace", "VectorIndexing", "place_of", "rehearse"]

_REHEARSED_ROWS, _REHEARSED_WIDTH = 512, 16


@dataclass(frozen=True)
class TablePlace:
    """Where a table is.

    Attributes:
        uri: of the table itself, in the library's folder or place.
        storage_options: with which LanceDB was told to speak to the object store, by name. No credentials are among
            them unless somebody gave them: each process takes its own from its environment.
    """

    uri: str
    storage_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VectorIndexing:
    """How an index on vectors is made: IVF with RaBitQ codes.

    Attributes:
        column: of the vectors.
        distance: "cosine".
        num_bits: of a code, for each dimension.
        rows_per_partition: how many rows a partition has, about; it stays the aim when partitions grow later.
        num_partitions: how many there are at the beginning.
        sample_rate: how many rows a partition's centre is computed from.
        max_iterations: how many rounds of that at most.
    """

    column: str
    distance: Literal["cosine"]
    num_bits: int
    rows_per_partition: int
    num_partitions: int
    sample_rate: int
    max_iterations: int


class IndexBuilder(Protocol):
    """Joins the files of a table and makes its index. What each method commits, whoever opens the table then sees.

    Every method raises OSError, RuntimeError or ValueError if it cannot do it, or an error of framecue's own.
    """

    def rehearse(self, place: TablePlace, indexing: VectorIndexing) -> None:
        """Do in this process, with a small table on this disk, what the others do elsewhere."""
        ...

    def join_files(self, place: TablePlace) -> None:
        """Join a table's small files."""
        ...

    def make_index(self, place: TablePlace, indexing: VectorIndexing) -> None:
        """Make the index on the vectors, under LanceDB's usual name, in one or several segments."""
        ...

    def merge_index(self, place: TablePlace, name: str, num_segments: int) -> None:
        """Make one segment of the several of an index."""
        ...


def place_of(table: LanceTable) -> TablePlace:
    """Return where a table is; raises what LanceDB raises."""
    return TablePlace(str(table.uri), dict(table.latest_storage_options() or {}))


def rehearse(builder: IndexBuilder) -> None:
    """See that LanceDB here reads what a builder writes, before it writes to a library.

    Builders use Lance's own package, and LanceDB brings a Lance of its own; releases that are too far apart do not
    read each other's files.

    Raises:
        LibraryError: it does not; the message says what to do.
    """
    with tempfile.TemporaryDirectory(prefix="framecue-rehearsal-") as folder:
        table = _small_table(connect(str(Path(folder) / "rehearsal")))
        indexing = VectorIndexing(
            column="vector",
            distance="cosine",
            num_bits=5,
            rows_per_partition=_REHEARSED_ROWS // 2,
            num_partitions=2,
            sample_rate=64,
            max_iterations=2,
        )
        try:
            builder.rehearse(place_of(table), indexing)
            table.checkout_latest()  # type: ignore[no-untyped-call]
            _look(table)
        except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
            raise LibraryError(
                f"LanceDB cannot read here what Lance's own package (pylance) writes: {first_line(error)}; install "
                "releases that fit each other (pip install --upgrade 'framecue[ray]'), or optimize without --ray"
            ) from error


def _small_table(database: LanceDBConnection) -> LanceTable:
    """Make a table of two files with vectors as a library's."""
    schema = pa.schema([pa.field("vector", pa.list_(pa.float16(), _REHEARSED_WIDTH))])
    table = database.create_table("segments", schema=schema)
    vectors = np.random.default_rng(0).standard_normal((_REHEARSED_ROWS, _REHEARSED_WIDTH)).astype(np.float16)
    for half in np.split(vectors, 2):
        column = pa.FixedSizeListArray.from_arrays(pa.array(half.ravel()), _REHEARSED_WIDTH)
        table.add(pa.table([column], schema=schema))
    return table


def _look(table: LanceTable) -> None:
    """Raise ValueError unless the index of a small table has all its rows, and the nearest to a vector is found."""
    stats = table.index_stats("vector_idx")
    if stats is None or (stats.num_indexed_rows, stats.num_unindexed_rows) != (_REHEARSED_ROWS, 0):
        raise ValueError("the index lacks rows")
    wanted = np.asarray(table.to_arrow()["vector"][7].as_py(), dtype=np.float32)
    search = table.search(wanted).distance_type("cosine").nprobes(2).refine_factor(5).limit(1)
    nearest = search.select(["vector", "_distance"]).to_arrow()["vector"][0].as_py()
    if not np.array_equal(np.asarray(nearest, dtype=np.float32), wanted):
        raise ValueError("a search by the index does not find what is there")
