"""One row of a library's table: a segment of a video, and how rows look in Arrow.

The vector is stored as float16 (half the disk and memory of a search, and far finer than a model's own noise);
everything else says where the segment came from, so that a second run can tell what it need not encode again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

__all__ = ["SCHEMA_VERSION", "Row", "make_schema", "read_metadata", "rows_from_table", "table_from_rows"]

SCHEMA_VERSION = 1

_FINGERPRINT_KEY = b"framecue.fingerprint"
_VERSION_KEY = b"framecue.schema_version"


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """One segment of one video file.

    Attributes:
        video_id: hash of the file's content, hexadecimal.
        path: absolute path of the file.
        start_seconds: where the segment starts in the video.
        end_seconds: where it ends.
        vector: float array (E,), unit length.
        duration_seconds: the whole video's duration.
        size_bytes: the file's size.
        modified_seconds: the file's modification time, seconds since 1970.
        thumbnail: a small WebP picture, or None.
        caption: a sentence about the segment, or None.
    """

    video_id: str
    path: str
    start_seconds: float
    end_seconds: float
    vector: np.ndarray
    duration_seconds: float
    size_bytes: int
    modified_seconds: float
    thumbnail: bytes | None = None
    caption: str | None = None


def make_schema(fingerprint: Mapping[str, Any]) -> pa.Schema:
    """Give the Arrow schema of a library whose vectors are made by the model with this fingerprint.

    Args:
        fingerprint: what ``VideoTextModel.fingerprint()`` gave; ``embedding_dim`` is the width of the vectors.
    """
    metadata = {
        _FINGERPRINT_KEY: json.dumps(fingerprint, sort_keys=True).encode(),
        _VERSION_KEY: str(SCHEMA_VERSION).encode(),
    }
    return pa.schema(
        [
            pa.field("video_id", pa.string(), nullable=False),
            pa.field("path", pa.string(), nullable=False),
            pa.field("start_seconds", pa.float64(), nullable=False),
            pa.field("end_seconds", pa.float64(), nullable=False),
            pa.field("vector", pa.list_(pa.float16(), int(fingerprint["embedding_dim"])), nullable=False),
            pa.field("duration_seconds", pa.float64(), nullable=False),
            pa.field("size_bytes", pa.int64(), nullable=False),
            pa.field("modified_seconds", pa.float64(), nullable=False),
            pa.field("thumbnail", pa.binary()),
            pa.field("caption", pa.string()),
        ],
        metadata=metadata,
    )


def read_metadata(schema: pa.Schema) -> tuple[dict[str, Any], int] | None:
    """Give (fingerprint, schema version) of a table, or None where it is not a framecue table."""
    metadata = schema.metadata or {}
    if _FINGERPRINT_KEY not in metadata or _VERSION_KEY not in metadata:
        return None
    try:
        fingerprint, version = json.loads(metadata[_FINGERPRINT_KEY]), int(metadata[_VERSION_KEY])
    except ValueError:
        return None
    return (fingerprint, version) if isinstance(fingerprint, dict) else None


def table_from_rows(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Put rows into an Arrow table of this schema.

    Raises:
        ValueError: a vector's width is not the schema's.
    """
    width = schema.field("vector").type.list_size
    vectors = np.stack([np.asarray(row.vector, dtype=np.float16) for row in rows])
    if vectors.shape != (len(rows), width):
        raise ValueError(f"vectors have shape {vectors.shape}, the table's are {width} wide")
    columns: list[pa.Array] = []
    for field in schema:
        if field.name == "vector":
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width))
        else:
            columns.append(pa.array([getattr(row, field.name) for row in rows], type=field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def rows_from_table(table: pa.Table) -> list[Row]:
    """Take rows out of an Arrow table that holds all columns; vectors come as float16 (E,)."""
    names = [field.name for field in fields(Row)]
    columns = {name: table.column(name).to_pylist() for name in names if name != "vector"}
    vectors = vectors_of(table)
    return [
        Row(vector=vectors[i], **{name: values[i] for name, values in columns.items()}) for i in range(table.num_rows)
    ]


def vectors_of(table: pa.Table) -> np.ndarray:
    """Give the vector column as a float16 array (N, E)."""
    column = table.column("vector").combine_chunks()
    width = column.type.list_size
    return column.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
