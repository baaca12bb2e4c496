"""The labels that videos really have, from a file."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from framecue.errors import InputError
from framecue.object_store.urls import noted_path
from framecue.paths import is_url, user_path
from framecue.uses.places import VideoPlace, check_window
from framecue.uses.text_files import checked_text, csv_rows, read_text_file
from framecue.validation import shown

__all__ = ["TrueLabel", "place_below", "read_truth"]


class TrueLabel(NamedTuple):
    """The label of a video, and where that stands, for messages."""

    place: VideoPlace
    label: str
    where: str


def read_truth(file: str | Path) -> tuple[TrueLabel, ...]:
    """Return the videos of a CSV file with the columns video and label, and start_seconds and end_seconds if wanted.

    Args:
        file: the file; its videos are relative to its folder, and need not be there.

    Raises:
        InputError: the file cannot be read, a column is missing, a cell is blank, a window makes no sense, or a video
            is there twice; the message names file and line.
    """
    path = Path(user_path(file))
    found: dict[VideoPlace, TrueLabel] = {}
    for where, row in csv_rows(path, read_text_file(path)):
        lacking = [name for name in ("video", "label") if name not in row]
        if lacking:
            raise InputError(
                f"{path}: has no column {' and no column '.join(lacking)}; its first line names the columns"
            )
        window = [_seconds(row, name, where) for name in ("start_seconds", "end_seconds")]
        place = place_below(path, checked_text(row["video"], f"{where}: video"), window[0], window[1], where)
        if place in found:
            raise InputError(f"{where}: the video {shown(row['video'])} is there already ({found[place].where})")
        found[place] = TrueLabel(place, checked_text(row["label"], f"{where}: label"), where)
    if not found:
        raise InputError(f"{path}: has no rows; give one for each video, with the columns video and label")
    return tuple(found.values())


def place_below(
    file: Path, video: str, start_seconds: float | None, end_seconds: float | None, where: str
) -> VideoPlace:
    """Return the place of a video that a file names, relative to the file's folder.

    Raises:
        InputError: the window holds nothing, or the name is a URL.
    """
    check_window(start_seconds, end_seconds, where)
    path = noted_path(video if is_url(video) else os.path.join(file.parent, user_path(video)))  # noqa: PTH118
    return VideoPlace(path, start_seconds, end_seconds)


def _seconds(row: Mapping[str, str], name: str, where: str) -> float | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{where}: {name} is {shown(text)}; give a number of seconds, or nothing")
    return value
