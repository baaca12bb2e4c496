"""Tables of captions, CSV or Parquet, as people export them: a row a caption, or a row a video with a list of captions.

Columns::

    video, split, caption | captions [, start_seconds, end_seconds]

``video`` is a path relative to the table's folder. Rows of the same video, split and window are one clip with several
captions. ``captions`` holds a list: in Parquet as a list column, in CSV as JSON (``["a dog runs", "a dog"]``). Other
columns are kept with the clip, from its first row.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from framecue.datasets.annotation_files import check_head, csv_rows
from framecue.datasets.captions import below_folder
from framecue.datasets.clips import Clip, check_clip_window
from framecue.errors import DatasetError
from framecue.validation import shown

__all__ = ["CSV_FILE", "PARQUET_FILE", "read_caption_table"]

CSV_FILE, PARQUET_FILE = "captions.csv", "captions.parquet"
_COLUMNS = ("video", "split", "caption", "captions", "start_seconds", "end_seconds")
_SHAPE = "video, split, caption (or captions, a list) and, if wanted, start_seconds and end_seconds"


def read_caption_table(file: Path) -> list[Clip]:
    """Return the clips that a table lists, whether or not their videos are there, in the order of their first rows.

    Args:
        file: a ``.csv`` or ``.parquet`` file; the videos lie below its folder.

    Raises:
        DatasetError: the file cannot be read, a column is missing, or a row is malformed (the message names file, row
            and column); or there is no row.
    """
    rows = _parquet_rows(file) if file.suffix.lower() == ".parquet" else _csv_rows(file)
    captions: dict[tuple[str, str], list[str]] = {}
    clips: dict[tuple[str, str], Clip] = {}
    for where, row in rows:
        clip = _clip_of(file.parent, row, where)
        clips.setdefault((clip.split, clip.key), clip)
        captions.setdefault((clip.split, clip.key), []).extend(clip.captions)
    if not clips:
        raise DatasetError(f"{file}: has no rows; give one for each caption, with the columns {_SHAPE}")
    return [
        Clip(clip.video, tuple(captions[key]), clip.split, None, clip.metadata, clip.start_seconds, clip.end_seconds)
        for key, clip in clips.items()
    ]


def _csv_rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        # utf-8-sig, as spreadsheets begin a file with a byte order mark.
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: is not UTF-8 (byte {error.start + 1}); save the file as UTF-8") from error
    rows = csv_rows(file, text)
    head = next(rows, (1, list[str]()))[1]
    _check_columns(file, head)
    for number, row in rows:
        where = f"{file}, line {number}"
        if len(row) != len(head):
            raise DatasetError(f"{where}: has not as many cells as the first line; put texts with commas in quotes")
        yield where, dict(zip(head, row, strict=True))


def _parquet_rows(file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(file) as table:
            _check_columns(file, table.schema_arrow.names)
            number = 0
            for batch in table.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file}, row {number}", row
    except (OSError, pyarrow.ArrowException) as error:
        raise DatasetError(f"{file}: cannot be read as Parquet ({str(error).splitlines()[0]})") from error


def _check_columns(file: Path, names: list[str] | Any) -> None:
    found = list(names)
    lacking = [name for name in ("video", "split") if name not in found]
    if lacking or ("caption" in found) == ("captions" in found):
        raise DatasetError(f"{file}: has the columns {', '.join(map(str, found)) or 'none'}; give {_SHAPE}")
    check_head(file, found)


def _clip_of(folder: Path, row: Mapping[str, Any], where: str) -> Clip:
    video = below_folder(folder, _text(row, "video", where), "video", where)
    split = _text(row, "split", where)
    if "caption" in row:
        captions: tuple[str, ...] = (_text(row, "caption", where),)
    else:
        captions = _list(row["captions"], where)
    start_seconds, end_seconds = (_seconds(row, name, where) for name in ("start_seconds", "end_seconds"))
    check_clip_window(start_seconds, end_seconds, where)
    metadata = {name: value for name, value in row.items() if name not in _COLUMNS}
    return Clip(video, captions, split, None, metadata, start_seconds, end_seconds)


def _list(value: Any, where: str) -> tuple[str, ...]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise DatasetError(
                f'{where}: captions is {shown(value)}; give a JSON list such as ["a dog runs"], or a column caption'
            ) from None
    if not isinstance(value, list) or not value:
        raise DatasetError(f"{where}: captions is {shown(value)}; give a list of one caption or more")
    return tuple(
        _text({f"captions[{number}]": each}, f"captions[{number}]", where) for number, each in enumerate(value)
    )


def _text(row: Mapping[str, Any], name: str, where: str) -> str:
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise DatasetError(f"{where}: {name} is {shown(value)}; give a text that is not blank")
    # Neither a file name nor a tokenizer can handle these.
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise DatasetError(f"{where}: {name} is {shown(value)}; give a text without NUL and half characters")
    return value


def _seconds(row: Mapping[str, Any], name: str, where: str) -> float | None:
    value = row.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise ValueError
        return float(value)
    except (TypeError, ValueError):
        raise DatasetError(f"{where}: {name} is {shown(value)}; give a number of seconds, or nothing") from None
