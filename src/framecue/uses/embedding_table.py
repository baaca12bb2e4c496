"""Writing embeddings as a Parquet file, a group of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from framecue._version import __version__
from framecue.encoder import Fingerprint
from framecue.errors import InputError, OutputError, first_line
from framecue.outputs import check_output, written_beside

__all__ = [
    "FINGERPRINT_KEY",
    "SUFFIX",
    "EmbeddingTable",
    "Schema",
    "check_table_output",
    "open_table",
    "read_part",
    "size_in_memory",
    "text_schema",
    "video_schema",
    "write_part",
    "writing",
]

Schema = pa.Schema
"""A table's columns."""
SUFFIX = ".parquet"
FINGERPRINT_KEY = b"framecue.fingerprint"
"""Under this key a file's metadata hold the fingerprint of the model, as JSON."""
VERSION_KEY = b"framecue.version"
# How much is in memory before it is written.
GROUP_ROWS, GROUP_BYTES = 4096, 64_000_000


def video_schema(embedding_dim: int, *, frames: bool) -> pa.Schema:
    """Return the columns of a table of videos, with those of frames if wanted."""
    fields = [
        pa.field("path", pa.string(), nullable=False),
        pa.field("duration_seconds", pa.float64()),
        pa.field("vector", pa.list_(pa.float32(), embedding_dim), nullable=False),
    ]
    if frames:
        fields += [
            pa.field("frame_seconds", pa.list_(pa.float64()), nullable=False),
            pa.field("frame_vectors", pa.list_(pa.list_(pa.float32(), embedding_dim)), nullable=False),
        ]
    return pa.schema(fields)


def text_schema(embedding_dim: int) -> pa.Schema:
    """Return the columns of a table of texts."""
    vector = pa.field("vector", pa.list_(pa.float32(), embedding_dim), nullable=False)
    return pa.schema([pa.field("text", pa.string(), nullable=False), vector])


class EmbeddingTable:
    """A Parquet file that is being written.

    Args:
        writer: of the file.
        schema: its columns.
        output: the file's name in the end, for messages.
    """

    def __init__(self, writer: parquet.ParquetWriter, schema: pa.Schema, output: Path) -> None:
        self._writer, self._schema, self._output = writer, schema, output
        self._rows: list[Mapping[str, Any]] = []
        self._num_bytes = 0
        self.num_rows = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row: a value for each column; vectors are lists of numbers or arrays.

        Raises:
            OutputError: what is in memory cannot be written.
        """
        self._rows.append(row)
        self.num_rows += 1
        self._num_bytes += size_in_memory(row)
        if len(self._rows) >= GROUP_ROWS or self._num_bytes >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the rows in memory as a group."""
        if not self._rows:
            return
        with writing(self._output):
            self._writer.write_table(_table_of(self._rows, self._schema))
        self._rows, self._num_bytes = [], 0


def check_table_output(
    output: str | PathLike[str], *, overwrite: bool, kept: Callable[[], Iterable[str | Path]] | None
) -> None:
    """Refuse a name that cannot be a table's, before any work is done; see `framecue.outputs.check_output`.

    Raises:
        InputError: it does not end with ``.parquet``, or as there.
        OutputError: as there.
    """
    if Path(output).suffix.lower() != SUFFIX:
        raise InputError(f"{Path(output)}: embeddings are written as Parquet; name a file that ends with {SUFFIX}")
    check_output(output, overwrite=overwrite, kept=kept)


@contextmanager
def open_table(
    output: str | PathLike[str],
    schema: pa.Schema,
    fingerprint: Fingerprint,
    *,
    overwrite: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
) -> Iterator[EmbeddingTable]:
    """Give a table to add rows to, which takes its place when the block ends; if it fails, what was there stays.

    Args:
        output: the file.
        schema: its columns.
        fingerprint: of the model.
        overwrite: whether a file that exists may be replaced.
        kept: files that are never replaced.

    Raises:
        InputError: the file must not be written.
        OutputError: it cannot be written.
    """
    document = json.dumps(fingerprint.with_absolute_places().to_dict()).encode()
    schema = schema.with_metadata({FINGERPRINT_KEY: document, VERSION_KEY: __version__.encode()})
    with written_beside(output, overwrite=overwrite, kept=kept) as partial:
        with writing(Path(output)):
            # Vectors have no values that come again.
            writer = parquet.ParquetWriter(partial, schema, use_dictionary=False, compression="zstd")
        try:
            table = EmbeddingTable(writer, schema, Path(output))
            yield table
            table.flush()
        finally:
            with writing(Path(output)):
                writer.close()


@contextmanager
def writing(output: Path) -> Iterator[None]:
    """Tell of a file that cannot be written by its name.

    Raises:
        OutputError: it cannot.
    """
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise OutputError(output, f"cannot be written ({first_line(error)})") from error


def _table_of(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table; vectors are lists of numbers or arrays."""
    columns = [_column([row[field.name] for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def write_part(part: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema, about: Mapping[bytes, bytes]) -> None:
    """Write rows as a file of their own in one step, with metadata.

    Raises:
        OutputError: it cannot be written.
    """
    table = _table_of(rows, schema.with_metadata(about))
    with (
        writing(part),
        written_beside(part) as partial,
        parquet.ParquetWriter(partial, table.schema, use_dictionary=False, compression="zstd") as writer,
    ):
        writer.write_table(table)


def read_part(part: Path, *, only: str | None = None) -> tuple[list[dict[str, Any]], Mapping[bytes, bytes]]:
    """Return what `write_part` wrote: the rows, with arrays for lists, and the metadata.

    Args:
        part: the file.
        only: the one column that is wanted; None for all.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        table = parquet.read_table(part, columns=None if only is None else [only])
        columns = [_values(column.combine_chunks()) for column in table.columns]
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{part}: cannot be read ({first_line(error)})") from error
    rows = [dict(zip(table.column_names, values, strict=True)) for values in zip(*columns, strict=True)]
    return rows, table.schema.metadata or {}


def size_in_memory(row: Mapping[str, Any]) -> int:
    """Return about how many bytes a row takes."""
    return sum(getattr(value, "nbytes", 100) for value in row.values())


def _values(column: pa.Array) -> Sequence[Any]:
    """Return what `_column` makes a column of."""
    if pa.types.is_fixed_size_list(column.type):
        return list(column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), column.type.list_size))
    if not pa.types.is_list(column.type):
        values: list[Any] = column.to_pylist()
        return values
    is_nested = pa.types.is_fixed_size_list(column.type.value_type)
    inner = _values(column.values) if is_nested else column.values.to_numpy(zero_copy_only=False)
    ends = column.offsets.to_pylist()
    return [np.asarray(inner[start:end]) for start, end in pairwise(ends)]


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return a column; of arrays, without a Python number for each of theirs."""
    if pa.types.is_fixed_size_list(kind):
        return _vectors(values, kind)
    if pa.types.is_list(kind) and pa.types.is_fixed_size_list(kind.value_type):
        ends = [0]
        for value in values:
            ends.append(ends[-1] + len(value))
        rows = [row for value in values for row in value]
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), _vectors(rows, kind.value_type), type=kind)
    return pa.array(values, kind)


def _vectors(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    flat = np.concatenate(values, dtype=np.float32) if values else np.empty(0, np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), type=kind)
