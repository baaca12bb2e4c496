"""Files of ranks: one row a query, in Parquet, which pandas, polars, DuckDB and R read; `compare` reads them too.

The columns are `stage` (the way of ranking: main, reranked, dual_softmax, qb_norm), `direction`, `query_id`, `text` (of
a query that is a text), `video_id` (the video that the query belongs to), `rank` (1 is best; one beyond the number of
candidates is a miss, of a video that could not be read) and `ndcg_at_10` (in [0, 1]). The file's metadata have, under
the key `framecue`, a JSON object with the names of dataset, split and model, and a hash of the data, so that ranks of
different data are never compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from framecue._version import __version__
from framecue.counts import counted
from framecue.errors import InputError
from framecue.evaluation.bootstrap import Direction
from framecue.evaluation.queries import Queries
from framecue.evaluation.ranking import gains_of_ranks
from framecue.evaluation.stages import BY_CAPTION, QB_NORM, T2V, V2T
from framecue.outputs import written_beside

if TYPE_CHECKING:
    from framecue.evaluation.report import Report

__all__ = ["Ranks", "holds_ranks", "read_ranks", "write_ranks"]

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
DIRECTIONS = (T2V, V2T, BY_CAPTION)
_OF_DIRECTIONS = ", ".join(DIRECTIONS)
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


def holds_ranks(file: str | Path) -> bool:
    """Whether a file in Parquet says of itself that `write_ranks` wrote it."""
    try:
        said = json.loads((parquet.read_schema(file).metadata or {}).get(KEY, b"null"))
    except (OSError, ValueError, pa.ArrowException):
        return False
    return isinstance(said, dict) and "data_hash" in said


def read_ranks(file: str | Path, *, stage: str = "main") -> Ranks:
    """Read the ranks of one way of ranking.

    Raises:
        InputError: the file cannot be read, is none of ranks, has no such stage, has not one row for each query of each
            direction, or a value in it is wrong (empty, NaN, a rank below 1 or beyond a miss's); the row is named.
    """
    path = Path(file)
    table, said = _read(path)
    rows = {name: _words(table, name, path) for name in ("stage", "direction", "query_id", "video_id", "text")}
    known = list(dict.fromkeys(rows["stage"]))
    if stage not in known:
        raise InputError(f"{path}: has no stage {stage!r}; it has {', '.join(map(repr, known))}")
    places: dict[str, list[int]] = {}
    for place, (each, direction) in enumerate(zip(rows["stage"], rows["direction"], strict=True)):
        if direction not in DIRECTIONS:
            raise InputError(f"{path}, row {place + 1}: direction is {direction!r}, not {_OF_DIRECTIONS}; {_REWRITE}")
        if each == stage:
            places.setdefault(direction, []).append(place)
    queries = _queries(rows, places.get(T2V, []), path)
    if queries.data_hash != said.get("data_hash"):
        raise InputError(f"{path}: was changed, its texts and videos are not those of its hash; {_REWRITE}")
    _check_directions(places, stage, queries, path)
    ranks, gains = _numbers(table, "rank", path), _numbers(table, "ndcg_at_10", path)
    number_of = {name: number for number, name in enumerate(queries.video_ids)}
    directions = {}
    for name in filter(places.__contains__, DIRECTIONS):
        chosen = places[name]
        num_candidates = len(queries.texts if name == BY_CAPTION else queries.video_ids)
        _check_queries(rows, chosen, queries.text_ids if name == T2V else queries.video_ids, path)
        _check_ranks(ranks, chosen, num_candidates, path)
        found = ranks[chosen].astype(np.int64)
        _check_gains(gains, chosen, found, num_candidates, path, follow=name != BY_CAPTION)
        videos = np.array([number_of[rows["video_id"][place]] for place in chosen])
        directions[name] = Direction(found, videos, gains[chosen], name == BY_CAPTION, num_candidates)
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
        table.validate(full=True)  # bytes that are no text are found here
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; {_REWRITE}") from error
    except UnicodeEncodeError as error:
        raise InputError(f"{path}: its name is not valid UTF-8, so it cannot be opened; rename it") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read as a file of ranks, it may be cut short; {_REWRITE}") from error
    try:
        said = json.loads((table.schema.metadata or {})[KEY])
    except (KeyError, ValueError) as error:
        raise InputError(f"{path}: is no file of ranks that framecue wrote; {_REWRITE}") from error
    lacking = [name for name in SCHEMA.names if table.column_names.count(name) != 1]
    if lacking or not isinstance(said, dict):
        raise InputError(f"{path}: lacks the column {', '.join(lacking) or 'of its data'}; {_REWRITE}")
    if not len(table):
        raise InputError(f"{path}: has no rows; {_REWRITE}")
    return table, said


def _numbers(table: pa.Table, name: str, path: Path) -> np.ndarray:
    """Return a column of finite numbers."""
    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
        raise InputError(f"{path}: the column {name} is of {column.type}; {_REWRITE}")
    if column.null_count:
        row = column.is_null().to_pylist().index(True) + 1
        raise InputError(f"{path}, row {row}: {name} is empty; {_REWRITE}")
    values: np.ndarray = column.to_numpy().astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(values))
    if wrong.size:
        raise InputError(f"{path}, row {wrong[0] + 1}: {name} is {values[wrong[0]]}; {_REWRITE}")
    return values


def _words(table: pa.Table, name: str, path: Path) -> list[str]:
    """Return a column of words; a text that is none, as of a query that is a video, is empty."""
    column = table.column(name)
    if name == "text" and pa.types.is_null(column.type):
        return [""] * len(column)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise InputError(f"{path}: the column {name} is of {column.type}; {_REWRITE}")
    words: list[str | None] = column.to_pylist()
    if name != "text" and None in words:
        raise InputError(f"{path}, row {words.index(None) + 1}: {name} is empty; {_REWRITE}")
    return [word or "" for word in words]


def _queries(rows: dict[str, list[str]], places: list[int], path: Path) -> Queries:
    """Return the videos and the texts that the rows from text to video name."""
    if not places:
        raise InputError(f"{path}: has no ranks of {T2V}; {_REWRITE}")
    ids = [rows["video_id"][place] for place in places]
    number_of = {name: number for number, name in enumerate(dict.fromkeys(ids))}
    owners = np.array([number_of[name] for name in ids])
    if (np.diff(owners) < 0).any():
        raise InputError(f"{path}: was changed, the texts of a video do not stand together; {_REWRITE}")
    return Queries(tuple(number_of), tuple(rows["text"][place] for place in places), owners)


def _check_directions(places: dict[str, list[int]], stage: str, queries: Queries, path: Path) -> None:
    """Refuse a stage without all of its directions, or with one that its data do not have."""
    wanted = {T2V}
    if stage != QB_NORM:  # which knows texts as queries alone
        wanted |= {V2T, BY_CAPTION} if len(queries.texts) > len(queries.video_ids) else {V2T}
    for name in DIRECTIONS:
        if name in wanted and name not in places:
            raise InputError(f"{path}: has no ranks of {name} in stage {stage!r}; {_REWRITE}")
        if name in places and name not in wanted:
            row = places[name][0] + 1
            raise InputError(f"{path}, row {row}: stage {stage!r} of these data has no direction {name}; {_REWRITE}")


def _check_queries(rows: dict[str, list[str]], chosen: list[int], wanted: tuple[str, ...], path: Path) -> None:
    """Refuse rows that are not one for each query."""
    left = set(wanted)
    for place in chosen:
        query, direction = rows["query_id"][place], rows["direction"][place]
        if query not in left:
            what = "is there twice" if query in wanted else "is no query of these data"
            raise InputError(f"{path}, row {place + 1}: query {query!r} of {direction} {what}; {_REWRITE}")
        left.remove(query)
        video = rows["video_id"][place]
        # A text's name is its video's, # and a number.
        if video != (query.rpartition("#")[0] if direction == T2V else query):
            raise InputError(f"{path}, row {place + 1}: query {query!r} is not of video {video!r}; {_REWRITE}")
    if left:
        first = next(query for query in wanted if query in left)
        direction = rows["direction"][chosen[0]]
        raise InputError(f"{path}: lacks {counted(len(left), 'row')} of {direction}, first query {first!r}; {_REWRITE}")


def _check_ranks(ranks: np.ndarray, chosen: list[int], num_candidates: int, path: Path) -> None:
    found = ranks[chosen]
    wrong = np.flatnonzero((found < 1) | (found > num_candidates + 1) | (found != np.rint(found)))
    if wrong.size:
        row = chosen[wrong[0]]
        raise InputError(
            f"{path}, row {row + 1}: the rank is {ranks[row]:g}, of {num_candidates} at most, or "
            f"{num_candidates + 1} for a miss; {_REWRITE}"
        )


def _check_gains(
    gains: np.ndarray, chosen: list[int], ranks: np.ndarray, num_candidates: int, path: Path, *, follow: bool
) -> None:
    """Refuse gains outside [0, 1], those of misses, and, where they follow from the ranks, those that do not."""
    found = gains[chosen]
    wrong = (found < 0) | (found > 1) | ((ranks > num_candidates) & (found != 0))
    if follow:
        wrong |= ~np.isclose(found, gains_of_ranks(ranks, num_candidates=num_candidates), rtol=0, atol=1e-6)
    if wrong.any():
        row = chosen[int(np.flatnonzero(wrong)[0])]
        what = "which does not follow from its rank" if follow else "it must be from 0 to 1, and 0 for a miss"
        raise InputError(f"{path}, row {row + 1}: ndcg_at_10 is {gains[row]:g}, {what}; {_REWRITE}")
