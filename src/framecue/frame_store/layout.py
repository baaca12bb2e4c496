"""What lies in a store's folder: its options, its shards, its index, and the lock of the run that fills it.

store.json                  what frames it holds: their rate, size and quality, and the data set's folder
index.parquet               a row for each video
shard-00000.tar             frames; a finished shard is never written again
shard-00001.tar.partial     the shard that a run is filling, or was when it was killed
"""

from __future__ import annotations

import json
import math
import os
import re
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from framecue.errors import DatasetError, InputError
from framecue.outputs import written_beside
from framecue.paths import is_dir, is_file
from framecue.video import JPEG_QUALITY

__all__ = [
    "PREPARE",
    "StoreOptions",
    "finished_shards",
    "other_data_dir",
    "partial_shards",
    "read_options",
    "shard_name",
    "write_options",
]

VERSION = 1
OPTIONS_FILE, INDEX_FILE, LOCK_FILE = "store.json", "index.parquet", ".framecue.lock"
PARTIAL_SUFFIX = ".partial"
_SHARD = re.compile(r"shard-(\d{5,})\.tar(\.partial)?")

PREPARE = "framecue datasets prepare NAME --data-dir D --output"
"""The command that makes a store, up to its folder, for messages."""


@dataclass(frozen=True, kw_only=True)
class StoreOptions:
    """What frames a store holds.

    Attributes:
        frames_per_second: of the grid on which they lie.
        short_side: in pixels, of the frames of larger videos; those of smaller ones keep their size.
        quality: of the JPEG pictures, 1 to 100.

    Raises:
        InputError: a number is out of range.
    """

    frames_per_second: float = 3.0
    short_side: int = 256
    quality: int = JPEG_QUALITY

    def __post_init__(self) -> None:
        for name, least, most in (("frames_per_second", 0.01, 60), ("short_side", 16, 4096), ("quality", 1, 100)):
            value = getattr(self, name)
            if not (math.isfinite(value) and least <= value <= most):
                raise InputError(f"{name} is {value}; it must be at least {least} and at most {most}")


def write_options(folder: Path, options: StoreOptions, *, data_dir: str | Path) -> None:
    """Write a store's options, and whose frames it holds, in a single step.

    Args:
        folder: the store.
        options: what frames it holds.
        data_dir: the data set's folder.

    Raises:
        OutputError: the folder cannot be written to.
    """
    document = {"version": VERSION, **asdict(options), "data_dir": os.path.abspath(data_dir)}  # noqa: PTH100
    with written_beside(folder / OPTIONS_FILE, overwrite=True) as partial:
        partial.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def other_data_dir(folder: Path, data_dir: str | Path) -> str | None:
    """Return the data set's folder with which a store was filled last, if it is another than the one at hand.

    None if they are the same, also through links, and for a store that does not say, as those of earlier versions.

    Args:
        folder: the store, whose options can be read.
        data_dir: the folder at hand.
    """
    try:
        held = json.loads((folder / OPTIONS_FILE).read_text(encoding="utf-8")).get("data_dir")
        is_same = not isinstance(held, str) or os.path.abspath(data_dir) == held or _is_same(Path(held), data_dir)  # noqa: PTH100
    except (OSError, ValueError, AttributeError):
        return None
    return None if is_same else held


def _is_same(folder: Path, other: str | Path) -> bool:
    try:
        return folder.samefile(other)
    except OSError:  # one of the two is elsewhere now
        return False


def read_options(folder: Path) -> StoreOptions:
    """Read a store's options.

    Raises:
        DatasetError: there is no store in the folder, the file is damaged, or a later framecue wrote it.
    """
    file = folder / OPTIONS_FILE
    if not is_dir(folder) or not is_file(file):
        raise DatasetError(f"{folder}: there is no frame store; `{PREPARE} {folder}` makes one")
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        version = document.pop("version")
        if version == VERSION:
            numbers = {field.name: document[field.name] for field in fields(StoreOptions)}
            if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in numbers.values()):
                raise ValueError("a value is no number")
            return StoreOptions(**numbers)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError) as error:
        raise DatasetError(
            f"{file}: cannot be read as a frame store's options ({error}); restore it, or make the store anew"
        ) from error
    raise DatasetError(f"{file}: is of version {version}, this framecue reads {VERSION}; use a later framecue")


def shard_name(number: int) -> str:
    """Return the file name of a finished shard."""
    return f"shard-{number:05d}.tar"


def finished_shards(folder: Path) -> list[int]:
    """Return the numbers of a store's finished shards, ascending."""
    return _numbers(folder, is_partial=False)


def partial_shards(folder: Path) -> list[int]:
    """Return the numbers of shards that are being filled, or were when a run was killed; one at most."""
    return _numbers(folder, is_partial=True)


def _numbers(folder: Path, *, is_partial: bool) -> list[int]:
    matches = [_SHARD.fullmatch(entry.name) for entry in folder.iterdir()]
    return sorted(int(match[1]) for match in matches if match and bool(match[2]) == is_partial)
