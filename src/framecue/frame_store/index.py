"""A store's index: one Parquet file with a row for each video, replaced in a single step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from framecue.errors import DatasetError, OutputError
from framecue.frame_store.layout import INDEX_FILE, PREPARE
from framecue.frame_store.stored import StoredVideo
from framecue.outputs import written_beside
from framecue.paths import is_file
from framecue.video import Extent

__all__ = ["Index", "read_index", "write_index"]

_VERSION = 1
_METADATA = b"framecue"
_PLAIN: dict[str, pa.DataType] = {
    "id": pa.int64(),
    "path": pa.string(),
    "size_bytes": pa.int64(),
    "modified_ns": pa.int64(),
    "start_seconds": pa.float64(),
    "end_seconds": pa.float64(),
    "reason": pa.string(),
    "cause": pa.string(),
    "first_moment": pa.int64(),
    "shard": pa.int32(),
}
_EXTENT = {name: pa.float64() for name in ("pictures_start_seconds", "pictures_end_seconds", "duration_seconds")}
_LISTS: dict[str, pa.DataType] = {
    "moment_frames": pa.int32(),
    "stand_ins": pa.int64(),
    "times_seconds": pa.float64(),
    "checksums": pa.int64(),
    "offsets": pa.int64(),
    "lengths": pa.int32(),
}
_SCHEMA = pa.schema({**_PLAIN, **_EXTENT, **{name: pa.list_(kind) for name, kind in _LISTS.items()}})


@dataclass(frozen=True, eq=False)
class Index:
    """What a store's index says.

    Attributes:
        videos: by their paths.
        shard_bytes: the size of each finished shard, by its number.
    """

    videos: dict[str, StoredVideo]
    shard_bytes: dict[int, int]


def write_index(folder: Path, videos: Iterable[StoredVideo], shard_bytes: Mapping[int, int]) -> None:
    """Write the index of a store; whoever reads meanwhile has the old one or the new one.

    Raises:
        OutputError: it cannot be written.
    """
    rows = sorted(videos, key=lambda video: video.id)
    columns: dict[str, Any] = {name: [getattr(video, name) for video in rows] for name in (*_PLAIN, *_LISTS)}
    for place, name in enumerate(_EXTENT):
        columns[name] = [video.extent[place] for video in rows]
    about = {"version": _VERSION, "shard_bytes": {str(number): size for number, size in sorted(shard_bytes.items())}}
    schema = _SCHEMA.with_metadata({_METADATA: json.dumps(about).encode()})
    table = pa.table({name: pa.array(columns[name], type=_SCHEMA.field(name).type) for name in _SCHEMA.names})
    try:
        with written_beside(folder / INDEX_FILE, overwrite=True) as partial:
            pq.write_table(table.replace_schema_metadata(schema.metadata), partial, compression="zstd")
    except OSError as error:
        raise OutputError(folder / INDEX_FILE, f"cannot be written ({error.strerror or error})") from error


def read_index(folder: Path) -> Index:
    """Read the index of a store.

    Raises:
        DatasetError: it is not there, is damaged, or a later framecue wrote it.
    """
    file = folder / INDEX_FILE
    if not is_file(file):
        raise DatasetError(f"{folder}: the frame store has no index yet; `{PREPARE} {folder}` goes on with it")
    try:
        table = pq.read_table(file)
        about = json.loads(table.schema.metadata[_METADATA])
        if about["version"] != _VERSION:
            raise DatasetError(f"{file}: is of version {about['version']}, this framecue reads {_VERSION}")
        plain = [table.column(name).to_pylist() for name in _PLAIN]
        extents = [table.column(name).to_pylist() for name in _EXTENT]
        lists = {name: _parts(table.column(name)) for name in _LISTS}
        videos = [
            _video(dict(zip(_PLAIN, values, strict=True)), Extent(*bounds), {name: lists[name][row] for name in lists})
            for row, (values, bounds) in enumerate(
                zip(zip(*plain, strict=True), zip(*extents, strict=True), strict=True)
            )
        ]
        shard_bytes = {int(number): int(size) for number, size in about["shard_bytes"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException) as error:
        # ArrowInvalid is a ValueError, and says in several lines what is wrong.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DatasetError(
            f"{file}: cannot be read ({reason}); remove it, and `{PREPARE} {folder}` makes it anew from the shards"
        ) from error
    return Index({video.path: video for video in videos}, shard_bytes)


def _video(plain: dict[str, Any], extent: Extent, lists: dict[str, Any]) -> StoredVideo:
    return StoredVideo(**plain, **lists, extent=extent)


def _parts(column: pa.ChunkedArray) -> list[np.ndarray]:
    """Return a column of lists as views of one array."""
    lists = column.combine_chunks()
    chunk = pa.concat_arrays(lists.chunks) if isinstance(lists, pa.ChunkedArray) else lists
    if not len(chunk):
        return []
    values = chunk.values.to_numpy(zero_copy_only=False)
    bounds = chunk.offsets.to_numpy()
    return [values[start:end] for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)]
