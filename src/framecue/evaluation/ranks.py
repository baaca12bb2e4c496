"""Files of ranks: one row a query, in Parquet, which pandas, polars, DuckDB and R read; `compare` reads them too.

The columns are `stage` (the way of ranking: main, reranked, dual_softmax, qb_norm), `direction`, `query_id`, `text` (of
a query that is a text), `video_id` (the video that the query belongs to), `rank` (1 is best) and `ndcg_at_10` (in
[0, 1]). The file's metadata have, under the key `framecue`, a JSON object with the names of dataset, split and model,
and a hash of the data, so that ranks of different data are never compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from framecue._version import __version__
from framecue.errors import InputError
from framecue.evaluation.bootstrap import Direction
from framecue.evaluation.queries import Queries
from framecue.evaluation.stages import BY_CAPTION, T2V
from framecue.outputs import written_beside

if TYPE_CHECKING:
    from framecue.evaluation.report import Report

__all__ = ["Ranks", "read_ranks", "write_ranks"]

KEY = b"framecue"
SCHEMA = pa.schema(
    [
        pa.field("stage", pa.string()),
        pa.field("direction", pa.string()),
        pa.field("query_id", pa.string()),
        pa.field("text", pa.string()),
        pa.field("video_id", pa.string()),
        pa.field("rank", pa.int64()),
        pa.field("ndcg_at_10", pa.float64()),
    ]
)
_REWRITE = "write it again with framecue evaluate --ranks"


@dataclass(frozen=True, eq=False)
class Ranks:
    """The ranks of one run, as a file has them.

    Attributes:
        source: the file.
        dataset: the dataset's name.
        split: the split's.
        model: what was evaluated, in words.
        stage: the way of ranking.
        queries: the videos and the texts.
        directions: by name.
    """

    source: Path
    dataset: str
    split: str
    model: str
    stage: str
    queries: Queries
    directions: dict[str, Direction]

    @property
    def data_hash(self) -> str:
        """What tells whether two files are of the same data."""
        return self.queries.data_hash


def write_ranks(
    report: Report, file: str | Path, *, dataset: str, split: str, model: str = "", overwrite: bool = False
) -> Path:
    """Write the ranks of every query, for each way of ranking.

    Args:
        report: what was measured.
        file: the file, whose name ends in .parquet.
        dataset: the dataset's name.
        split: the split's.
        model: what was evaluated, in words.
        overwrite: replace a file that exists.

    Returns:
        The file.

    Raises:
        InputError: the file exists, or is on no disk.
        OutputError: it cannot be written.
    """
    said = {
        "format": 1,
        "framecue_version": __version__,
        "dataset": dataset,
        "split": split,
        "model": model,
        "data_hash": report.queries.data_hash,
        "num_videos": report.num_videos,
        "num_texts": report.num_texts,
        "unreadable": [error.path.name for error in report.unreadable],
    }
    tables = [
        _table(report.queries, stage, name, direction)
        for stage, scores in report.stages()
        for name, direction in scores.directions.items()
    ]
    table = pa.concat_tables(tables).replace_schema_metadata({KEY: json.dumps(said).encode()})
    with written_beside(file, overwrite=overwrite) as partial:
        parquet.write_table(table, partial)
    return Path(file)


def read_ranks(file: str | Path, *, stage: str = "main") -> Ranks:
    """Read the ranks of one way of ranking.

    Raises:
        InputError: the file cannot be read, is none of ranks, has no such stage, or a number in it is wrong (NaN, a
            rank below 1 or beyond the last); the row is named.
    """
    path = Path(file)
    table, said = _read(path)
    rows = {name: table.column(name).to_pylist() for name in ("stage", "direction", "query_id", "video_id", "text")}
    known = list(dict.fromkeys(rows["stage"]))
    if stage not in known:
        raise InputError(f"{path}: has no stage {stage!r}; it has {', '.join(map(repr, known))}")
    places: dict[str, list[int]] = {}
    for place, (each, direction) in enumerate(zip(rows["stage"], rows["direction"], strict=True)):
        if each == stage:
            places.setdefault(direction, []).append(place)
    if T2V not in places:
        raise InputError(f"{path}: has no ranks of {T2V}; {_REWRITE}")
    ids = [rows["video_id"][place] for place in places[T2V]]
    number_of = {name: number for number, name in enumerate(dict.fromkeys(ids))}
    queries = Queries(
        tuple(number_of),
        tuple(str(rows["text"][place]) for place in places[T2V]),
        np.array([number_of[name] for name in ids]),
    )
    if queries.data_hash != said.get("data_hash"):
        raise InputError(f"{path}: was changed, its texts and videos are not those of its hash; {_REWRITE}")
    ranks, gains = _numbers(table, "rank", path), _numbers(table, "ndcg_at_10", path)
    most = len(queries.texts)
    directions = {}
    for name, chosen in places.items():
        _check_ranks(ranks, chosen, most, path)
        unknown = [place for place in chosen if rows["video_id"][place] not in number_of]
        if unknown:
            raise InputError(f"{path}, row {unknown[0] + 1}: video {rows['video_id'][unknown[0]]!r} has no text")
        videos = np.array([number_of[rows["video_id"][place]] for place in chosen])
        directions[name] = Direction(ranks[chosen].astype(np.int64), videos, gains[chosen], name == BY_CAPTION)
    return Ranks(
        path,
        str(said.get("dataset", "")),
        str(said.get("split", "")),
        str(said.get("model", "")),
        stage,
        queries,
        directions,
    )


def _table(queries: Queries, stage: str, name: str, direction: Direction) -> pa.Table:
    videos = [queries.video_ids[video] for video in direction.videos.tolist()]
    of_texts = name == T2V
    count = len(direction.ranks)
    columns: list[Iterable[Any]] = [
        [stage] * count,
        [name] * count,
        queries.text_ids if of_texts else videos,
        queries.texts if of_texts else [None] * count,
        videos,
        direction.ranks,
        direction.gains,
    ]
    arrays = [pa.array(column, type=field.type) for column, field in zip(columns, SCHEMA, strict=True)]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _read(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    try:
        table = parquet.read_table(path)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; {_REWRITE}") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as a file of ranks, it may be cut short; {_REWRITE}") from error
    try:
        said = json.loads((table.schema.metadata or {})[KEY])
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: is no file of ranks that framecue wrote; {_REWRITE}") from error
    lacking = [name for name in SCHEMA.names if name not in table.column_names]
    if lacking or not isinstance(said, dict):
        raise InputError(f"{path}: lacks the column {', '.join(lacking) or 'of its data'}; {_REWRITE}")
    return table, said


def _numbers(table: pa.Table, name: str, path: Path) -> np.ndarray:
    """Return a column of finite numbers."""
    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise InputError(f"{path}: the column {name} is of {column.type}; {_REWRITE}")
    values: np.ndarray = column.to_numpy().astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise InputError(f"{path}, row {wrong[0] + 1}: {name} is {values[wrong[0]]}; {_REWRITE}")
    return values


def _check_ranks(ranks: np.ndarray, chosen: list[int], most: int, path: Path) -> None:
    for place in _wrong(ranks[chosen], most):
        row = chosen[place]
        raise InputError(f"{path}, row {row + 1}: the rank is {ranks[row]:g}, of {most} at most; {_REWRITE}")


def _wrong(ranks: np.ndarray, most: int) -> Iterator[int]:
    yield from np.flatnonzero((ranks < 1) | (ranks > most) | (ranks != np.rint(ranks))).tolist()
