"""Writing embeddings as a Parquet file, a group of rows at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any

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
    "check_table_output",
    "open_table",
    "text_schema",
    "video_schema",
]

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
        self._num_bytes += sum(getattr(value, "nbytes", 100) for value in row.values())
        if len(self._rows) >= GROUP_ROWS or self._num_bytes >= GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write the rows in memory as a group."""
        if not self._rows:
            return
        columns = [_column([row[field.name] for row in self._rows], field.type) for field in self._schema]
        with _writing(self._output):
            self._writer.write_table(pa.Table.from_arrays(columns, schema=self._schema))
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
        with _writing(Path(output)):
            # Vectors have no values that come again.
            writer = parquet.ParquetWriter(partial, schema, use_dictionary=False, compression="zstd")
        try:
            table = EmbeddingTable(writer, schema, Path(output))
            yield table
            table.flush()
        finally:
            with _writing(Path(output)):
                writer.close()


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        raise OutputError(output, f"cannot be written ({first_line(error)})") from error


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
    import numpy as np

    flat = np.concatenate(values, dtype=np.float32) if values else np.empty(0, np.float32)
    return pa.FixedSizeListArray.from_arrays(pa.array(flat, pa.float32()), type=kind)
