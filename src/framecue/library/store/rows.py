"""Rows of a library's table, one for each segment of a video, and how they look in Arrow.

The vector is stored as float16 (half the disk and memory of float32, and far finer than a model's own noise). The other
columns note where the segment came from, so that a later run sees what it need not encode again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from framecue.forms import composed
from framecue.library.state import FileState
from framecue.library.store.migrations import MIGRATIONS, SCHEMA_VERSION, VERSION_KEY, format_of
from framecue.library.store.words import name_words
from framecue.video import IMAGE_SUFFIXES

__all__ = [
    "COLUMNS",
    "SCHEMA_VERSION",
    "Metadata",
    "Row",
    "kind_of",
    "make_schema",
    "read_metadata",
    "rows_from_table",
    "searchable_text",
    "table_from_rows",
    "vectors_of",
]

_FINGERPRINT_KEY = b"framecue.fingerprint"
_SEGMENTATION_KEY = b"framecue.segmentation"
# Stored, but not in Row: the text that full text search looks at, made from the other columns on each write.
_TEXT = "text"
# The columns that make up the state of a file, with their names in FileState; the last one is not in older formats.
_STATE = {"size_bytes": "size_bytes", "modified_seconds": "modified_seconds", "object_tag": "tag"}


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
        state: the file's state when it was indexed.
        thumbnail: a small WebP picture, or None.
        caption: a sentence about the segment, or None.
        subtitles: the text about the segment in the files beside the video, or None.
        sidecars: which files those were, with their states; None if there were none.
        indexed_seconds: when the segment was encoded, seconds since 1970; None if an older framecue did it.
        reading: by which rules its frames and times were read, ``framecue.video.READING``; None if an older framecue
            did it.
        kind: "video" or "image"; None if an older framecue indexed it.
        recorded_seconds: when the file was recorded, seconds since 1970; None if an older framecue indexed it.
        extra: its values in the columns of the table that are not framecue's; what is not named there is empty.
    """

    video_id: str
    path: str
    start_seconds: float
    end_seconds: float
    vector: np.ndarray
    duration_seconds: float
    state: FileState
    thumbnail: bytes | None = None
    caption: str | None = None
    subtitles: str | None = None
    sidecars: str | None = None
    indexed_seconds: float | None = None
    reading: int | None = None
    kind: str | None = None
    recorded_seconds: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Metadata:
    """The metadata of a library's table.

    Attributes:
        fingerprint: of the model that made the vectors.
        segmentation: how videos are cut into segments: the fields of :class:`framecue.video.Segmentation`.
        version: the table's format, see :func:`framecue.library.store.migrations.format_of`.
    """

    fingerprint: dict[str, Any]
    segmentation: dict[str, Any]
    version: int


def make_schema(fingerprint: Mapping[str, Any], segmentation: Mapping[str, Any]) -> pa.Schema:
    """Return the Arrow schema of a new library.

    Args:
        fingerprint: from ``VideoTextModel.fingerprint()``; ``embedding_dim`` is the width of the vectors.
        segmentation: the fields of :class:`framecue.video.Segmentation`.
    """
    metadata = {
        _FINGERPRINT_KEY: json.dumps(fingerprint, sort_keys=True).encode(),
        _SEGMENTATION_KEY: json.dumps(segmentation, sort_keys=True).encode(),
        VERSION_KEY: str(SCHEMA_VERSION).encode(),
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
            pa.field("subtitles", pa.string()),
            pa.field("sidecars", pa.string()),
            pa.field(_TEXT, pa.string(), nullable=False),
            # Last, where a migration puts them, so that old and new libraries look the same.
            *(field for step in MIGRATIONS for field in step.fields()),
        ],
        metadata=metadata,
    )


COLUMNS = frozenset(make_schema({"embedding_dim": 1}, {}).names)
"""The names of framecue's own columns. All others are a person's, and travel with their rows."""


def read_metadata(schema: pa.Schema) -> Metadata | None:
    """Return a table's metadata, or None if it is not a framecue table."""
    metadata = schema.metadata or {}
    if _FINGERPRINT_KEY not in metadata or VERSION_KEY not in metadata:
        return None
    try:
        fingerprint, version = json.loads(metadata[_FINGERPRINT_KEY]), format_of(schema)
        segmentation = json.loads(metadata.get(_SEGMENTATION_KEY, b"{}"))
    except ValueError:
        return None
    if not isinstance(fingerprint, dict) or not isinstance(segmentation, dict):
        return None
    return Metadata(fingerprint, segmentation, version)


def kind_of(kind: str | None, path: str) -> str:
    """Return whether a file is a "video" or an "image": what its rows say, and by its name where they are silent.

    Args:
        kind: the column of that name; empty where an older framecue indexed the file.
        path: the file.
    """
    return kind or ("image" if Path(path).suffix.lower() in IMAGE_SUFFIXES else "video")


def searchable_text(row: Row) -> str:
    """Return the text by which full text search finds a row: file and folder names, its caption, its subtitles."""
    names = [part for part in reversed(Path(row.path).with_suffix("").parts[1:]) if part]
    split = [words for name in names if (words := name_words(name)) != composed(name)]
    return composed("\n".join([*names, *split, *(text for text in (row.caption, row.subtitles) if text)]))


def table_from_rows(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Make an Arrow table of rows.

    The schema may be that of an older format; columns that were added since are then left out.

    Raises:
        ValueError: the vectors are not as wide as the schema says.
    """
    width = schema.field("vector").type.list_size
    vectors = np.stack([np.asarray(row.vector, dtype=np.float16) for row in rows])
    if vectors.shape != (len(rows), width):
        raise ValueError(f"vectors have shape {vectors.shape}, the table's are {width} wide")
    columns: list[pa.Array] = []
    for column in schema:
        if column.name == "vector":
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), width))
        elif column.name == _TEXT:
            columns.append(pa.array([searchable_text(row) for row in rows], type=column.type))
        elif column.name in _STATE:
            columns.append(pa.array([getattr(row.state, _STATE[column.name]) for row in rows], type=column.type))
        elif column.name in COLUMNS:
            columns.append(pa.array([getattr(row, column.name) for row in rows], type=column.type))
        else:
            columns.append(pa.array([row.extra.get(column.name) for row in rows], type=column.type))
    return pa.Table.from_arrays(columns, schema=schema)


def rows_from_table(table: pa.Table) -> list[Row]:
    """Return the rows in an Arrow table that has all columns of its format; vectors are float16 (E,).

    A column that is missing because the table's format is older reads as None.
    """
    names = [field.name for field in fields(Row) if field.name not in ("vector", "state", "extra")]
    columns = {
        name: table.column(name).to_pylist() if name in table.schema.names else [None] * table.num_rows
        for name in names
    }
    states = zip(
        *(table.column(name).to_pylist() if name in table.schema.names else [None] * table.num_rows for name in _STATE),
        strict=True,
    )
    others = [name for name in table.schema.names if name not in COLUMNS]
    extras = table.select(others).to_pylist() if others else [{} for _ in range(table.num_rows)]
    return [
        Row(vector=vector, state=FileState(*state), extra=extra, **dict(zip(columns, values, strict=True)))
        for vector, state, extra, *values in zip(vectors_of(table), states, extras, *columns.values(), strict=True)
    ]


def vectors_of(table: pa.Table) -> np.ndarray:
    """Return the vector column as a float16 array (N, E)."""
    column = table.column("vector").combine_chunks()
    width = column.type.list_size
    values: np.ndarray = column.flatten().to_numpy(zero_copy_only=False)
    return values.reshape(-1, width)
