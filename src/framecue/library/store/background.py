"""A library's background: how near ordinary queries come to its segments, kept beside them in a table of one row.

A score is set against it (``search/confidence.py``). The row is small, and a search reads it without the vectors of the
ordinary queries, which only those need who bring it up to date.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.errors import LibraryError
from framecue.library.store.commit import commit
from framecue.library.store.later_table import LaterTable
from framecue.library.store.rows import vectors_of
from framecue.library.store.table import Table
from framecue.paths import is_url

__all__ = ["BACKGROUND_TABLE", "PASSAGES_BACKGROUND_TABLE", "Background", "Backgrounds", "measure_background"]

logger = logging.getLogger(__name__)

BACKGROUND_TABLE = "background"
PASSAGES_BACKGROUND_TABLE = "passages_background"
SAMPLED_SEGMENTS = 256
# A library that has grown or shrunk by no more than this is still described well: the best of n scores grows with the
# logarithm of n.
_GROWTH = 1.25
_ROWS_PER_BATCH = 8192

_SCHEMA = pa.schema(
    [
        pa.field("made_for", pa.string(), nullable=False),
        pa.field("num_segments", pa.int64(), nullable=False),
        pa.field("width", pa.int64(), nullable=False),
        *(pa.field(name, pa.binary(), nullable=False) for name in ("sample", "best", "mean", "spread")),
        pa.field("dimensions", pa.float64(), nullable=False),
        pa.field("bank", pa.binary(), nullable=False),
        pa.field("querybank", pa.binary(), nullable=False),
        pa.field("querybank_key", pa.string(), nullable=False),
    ]
)
# Not in older libraries, whose backgrounds hold all the same.
_LATER = ("querybank", "querybank_key")
# As they are kept; the vectors in the segments' own precision.
_TYPES = dict.fromkeys(("best", "mean", "spread"), np.float32)


@dataclass(frozen=True, eq=False)
class Background:
    """How near Q ordinary queries come to a library's segments.

    Attributes:
        made_for: the model and the queries for which it holds, as :meth:`made_for_key` gives them.
        num_segments: how many segments the library had.
        sample: float32 (M, E), unit vectors of segments, spread over the library.
        best: float32 (Q,), each query's best score in the whole library.
        mean: float32 (Q,), the mean of its scores over the sample.
        spread: float32 (Q,), their standard deviation.
        dimensions: in how many directions the queries' vectors differ from each other, in effect.
        querybank: float32 (K, E), unit vectors of queries like those that the model was trained on; None where its
            adapter brings none. It tells nothing of the library, so another one changes nothing else.
        querybank_key: stands for the texts of these queries, as a hash; empty where there are none.
    """

    made_for: str
    num_segments: int
    sample: np.ndarray = field(repr=False)
    best: np.ndarray = field(repr=False)
    mean: np.ndarray = field(repr=False)
    spread: np.ndarray = field(repr=False)
    dimensions: float
    querybank: np.ndarray | None = field(default=None, repr=False)
    querybank_key: str = ""

    @staticmethod
    def made_for_key(fingerprint: object, queries: object) -> str:
        """Return what tells whether a background is that of a model and some queries.

        Args:
            fingerprint: of the model, as a library stores it. It holds no floating-point precision: within its rounding
                a background holds for all.
            queries: anything that stands for the queries, as a hash.
        """
        return json.dumps([fingerprint, queries], sort_keys=True)

    def is_near(self, num_segments: int) -> bool:
        """Whether it still describes a library that has so many segments now."""
        return self.num_segments / _GROWTH <= num_segments <= self.num_segments * _GROWTH


def measure_background(table: Table, bank: np.ndarray, made_for: str) -> Background:
    """Compare ordinary queries with every segment of a library; reads all its vectors, once.

    Args:
        table: of segments, at least one.
        bank: float32 (Q, E), the queries' unit vectors.
        made_for: the model and the queries.

    Raises:
        LibraryError: the library cannot be read.
    """
    num_segments = table.count()
    wanted = np.unique(np.linspace(0, num_segments - 1, SAMPLED_SEGMENTS).round().astype(np.int64))
    best = np.full(len(bank), -1.0, dtype=np.float32)
    sampled, row = [], 0
    for vectors in _unit_vectors(table):
        best = np.maximum(best, (vectors @ bank.T).max(axis=0))
        sampled.append(vectors[wanted[(wanted >= row) & (wanted < row + len(vectors))] - row])
        row += len(vectors)
    sample = np.concatenate(sampled).astype(np.float16).astype(np.float32)
    scores = bank @ sample.T
    return Background(
        made_for=made_for,
        num_segments=row,
        sample=sample,
        best=best,
        mean=scores.mean(axis=1),
        spread=scores.std(axis=1),
        dimensions=_dimensions(bank),
    )


def _unit_vectors(table: Table) -> Iterator[np.ndarray]:
    """Yield the vectors of all segments, float32 (N, E), a batch at a time, in the order of the table.

    One that is none, as another program may have written it, is zeros: by itself it must not spoil what is usual.
    """
    batches = table.read(lambda: table.lance.search().select(["vector"]).to_batches(_ROWS_PER_BATCH))
    for batch in batches:
        if batch.num_rows:
            vectors = vectors_of(pa.Table.from_batches([batch])).astype(np.float32)
            vectors[~np.isfinite(vectors).all(axis=1)] = 0.0
            yield vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)


def _dimensions(vectors: np.ndarray) -> float:
    """Return the participation ratio of vectors' variances: 1 if they lie on a line, E if they fill all directions."""
    apart = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    variances = np.maximum(np.linalg.eigvalsh(apart.T @ apart), 0.0)
    squares = float((variances**2).sum())
    return float(variances.sum()) ** 2 / squares if squares > 0 else 0.0


class Backgrounds:
    """The background that is kept with one library, of its segments or of its passages.

    Args:
        uri: the library's normal URI.
        database: the library, connected to.
        table: the name of the table in which it is kept.
    """

    def __init__(self, uri: str, database: LanceDBConnection, table: str = BACKGROUND_TABLE) -> None:
        self.uri = uri
        self._database = database
        self._later = LaterTable(uri, database, table)
        # As it was read, written or measured last; whoever asks says for what it has to be made.
        self._known: Background | None = None

    def refresh(self) -> None:
        """Look at the latest commit from now on, where none is known: others may have written."""
        self._later.refresh()

    def read(self, made_for: str) -> Background | None:
        """Return the background for a model and queries; None if there is none, or it is for others.

        Raises:
            LibraryError: the library cannot be read.
        """
        if self._known is None or self._known.made_for != made_for:
            self._known = self._read()
        return self._known if self._known is not None and self._known.made_for == made_for else None

    def read_bank(self, made_for: str) -> np.ndarray | None:
        """Return the vectors of the ordinary queries, float32 (Q, E), of the background that is kept; None likewise.

        Raises:
            LibraryError: the library cannot be read.
        """
        row = self._row(["made_for", "width", "bank"])
        if row is None or row["made_for"] != made_for:
            return None
        try:
            return _vectors(row, "bank")
        except ValueError as error:
            logger.debug("%s is as none: %s", self._later.name, error)
            return None

    def keep(self, background: Background, bank: np.ndarray) -> None:
        """Keep a background in place of the one before, in one commit, and in memory in any case.

        Args:
            background: the new one.
            bank: float32 (Q, E), the vectors of its queries.

        Raises:
            LibraryError: the library cannot be written; this object knows the background all the same.
        """
        self._known = background
        arrays = {name: getattr(background, name).astype(kind).tobytes() for name, kind in _TYPES.items()}
        row = {
            "made_for": background.made_for,
            "num_segments": background.num_segments,
            "width": bank.shape[1],
            "sample": background.sample.astype(np.float16).tobytes(),
            "bank": bank.astype(np.float16).tobytes(),
            "querybank": b"" if background.querybank is None else background.querybank.astype(np.float16).tobytes(),
            "querybank_key": background.querybank_key,
            "dimensions": background.dimensions,
            **arrays,
        }
        data = pa.Table.from_pylist([row], schema=_SCHEMA)
        make = self._database.create_table
        # LanceDB warns where there is nothing to overwrite. Who made one meanwhile has measured the same.
        self._later.refresh()
        name, mode = self._later.name, "create" if self._later.table() is None else "overwrite"
        made = commit(self.uri, "written", lambda: make(name, data=data, mode=mode, exist_ok=mode == "create"))
        self._later.put(Table(self.uri, made))

    def drop(self) -> None:
        """Take it out.

        Raises:
            LibraryError: the library cannot be written.
        """
        self._later.refresh()
        if self._later.table() is not None:
            commit(self.uri, "written", lambda: self._database.drop_table(self._later.name))
            self._later.put(None)
        self._known = None

    def _read(self) -> Background | None:
        row = self._row([name for name in _SCHEMA.names if name not in ("bank", *_LATER)], _LATER)
        if row is None:
            return None
        try:
            return _background_of(row)
        except ValueError as error:
            logger.debug("%s is as none: %s", self._later.name, error)
            return None

    def _row(self, names: Sequence[str], later: Sequence[str] = ()) -> dict[str, object] | None:
        """Return columns of the only row; None where there is no such table, not yet a row of it, or a damaged one.

        Args:
            names: the columns.
            later: more of them, which may be absent.
        """
        table = self._later.table()
        if table is None or not set(names) <= set(table.schema.names):
            return None  # or of another framecue: it is made anew
        try:
            present = [*names, *(name for name in later if name in table.schema.names)]
            rows: list[dict[str, object]] = table.scan(present).to_pylist()
        except LibraryError as error:
            # What is damaged is made anew, as it can be; a store that cannot be reached at the moment is no such thing.
            if is_url(self.uri):
                raise
            logger.debug("%s is as none: %s", self._later.name, error)
            return None
        return rows[-1] if rows else None


def _background_of(row: dict[str, object]) -> Background:
    return Background(
        made_for=str(row["made_for"]),
        num_segments=int(str(row["num_segments"])),
        sample=_vectors(row, "sample"),
        querybank=_vectors(row, "querybank") if row.get("querybank") else None,
        querybank_key=str(row.get("querybank_key", "")),
        dimensions=float(str(row["dimensions"])),
        **{name: np.frombuffer(_bytes(row, name), dtype=kind) for name, kind in _TYPES.items()},
    )


def _vectors(row: dict[str, object], name: str) -> np.ndarray:
    values = np.frombuffer(_bytes(row, name), dtype=np.float16)
    return values.reshape(-1, int(str(row["width"]))).astype(np.float32)


def _bytes(row: dict[str, object], name: str) -> bytes:
    value = row[name]
    assert isinstance(value, bytes)
    return value
