"""Which files an indexing run has to encode: paths, and what the library holds, become a list of units of work.

Nothing is decoded here and no content is read; a file counts as unchanged when its size and modification time are
those that the library noted. The same files give the same plan in the same order, whatever the file system's order.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from framecue.errors import InputError

__all__ = ["Held", "PathsLike", "Plan", "Skipped", "Unit", "make_plan"]

PathsLike = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True)
class Held:
    """What a library holds of one file.

    Attributes:
        video_id: hash of the content that was indexed.
        size_bytes: the file's size then.
        modified_seconds: the file's modification time then.
        duration_seconds: the video's duration.
        num_segments: how many rows the file has.
    """

    video_id: str
    size_bytes: int
    modified_seconds: float
    duration_seconds: float
    num_segments: int


@dataclass(frozen=True)
class Skipped:
    """A path that was not indexed, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Unit:
    """One file to index.

    Attributes:
        path: absolute path.
        size_bytes: the file's size when the plan was made.
        modified_seconds: its modification time when the plan was made.
        replaces: whether the library holds rows of an earlier state of this file.
    """

    path: str
    size_bytes: int
    modified_seconds: float
    replaces: bool = False


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        units: new and changed files, in a fixed order.
        unchanged: paths of the files which the library holds as they are.
        skipped: paths that cannot be indexed, with reasons.
    """

    units: tuple[Unit, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]


def make_plan(paths: PathsLike, *, suffixes: Collection[str], held: Mapping[str, Held] | None = None) -> Plan:
    """List the files that are new or have changed.

    A file that is named is always tried; in folders (searched through, links followed, each folder once) only files
    with one of the suffixes, and nothing hidden. A bad path among good ones is skipped with its reason.

    Args:
        paths: a file or folder, or several; ``~`` is the home folder.
        suffixes: what to look for in folders, lower case, with the dot.
        held: what the library already holds, by absolute path.

    Raises:
        InputError: there is nothing to index at any of the paths.
    """
    held = held or {}
    units: dict[str, Unit] = {}
    unchanged: dict[str, None] = {}
    skipped: dict[str, Skipped] = {}
    for found in _find(paths, suffixes):
        if isinstance(found, Skipped):
            skipped.setdefault(found.path, found)
            continue
        path, status = found
        known = held.get(path)
        if known and (known.size_bytes, known.modified_seconds) == (status.st_size, status.st_mtime):
            unchanged[path] = None
        else:
            units[path] = Unit(path, status.st_size, status.st_mtime, replaces=known is not None)
    if not units and not unchanged:
        raise InputError(_nothing_message(list(skipped.values())))
    return Plan(tuple(units.values()), tuple(unchanged), tuple(skipped.values()))


def _nothing_message(skipped: list[Skipped]) -> str:
    if not skipped:
        return "no path given; name video files, or folders that hold videos"
    shown = "; ".join(f"{item.path}: {item.reason}" for item in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return f"nothing to index: {shown}{more}; name video files, or folders that hold videos"


def _find(paths: PathsLike, suffixes: Collection[str]) -> Iterator[tuple[str, os.stat_result] | Skipped]:
    """Yield every file to consider with its status, and every path that cannot be one."""
    named = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    for item in named:
        if not os.fspath(item):
            yield Skipped("''", "an empty path")
            continue
        # abspath, not resolve: a person finds results under the names they use, links included.
        path = os.path.abspath(os.path.expanduser(item))  # noqa: PTH100, PTH111 (Path fails for an unknown ~user)
        found = _status(path)
        if isinstance(found, Skipped):
            yield found
        elif stat.S_ISDIR(found.st_mode):
            empty = True
            for inner in _walk(path, suffixes):
                empty = False
                yield inner
            if empty:
                yield Skipped(path, "no video in this folder")
        else:
            yield path, found


def _walk(folder: str, suffixes: Collection[str]) -> Iterator[tuple[str, os.stat_result] | Skipped]:
    """Yield the videos below a folder in sorted order, each real folder once (so links cannot make a loop)."""
    errors: list[OSError] = []
    visited: set[tuple[int, int]] = set()
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=errors.append):
        try:
            status = Path(parent).stat()
        except OSError:
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if name.startswith(".") or Path(name).suffix.lower() not in suffixes:
                continue
            path = os.path.join(parent, name)  # noqa: PTH118 (parent is already a normal absolute path)
            found = _status(path)
            yield found if isinstance(found, Skipped) else (path, found)
    for error in errors:
        yield Skipped(str(error.filename), f"folder cannot be read ({error.strerror})")


def _status(path: str) -> os.stat_result | Skipped:
    """Look at one path, following links; what is neither a file nor a folder would block a reader (a pipe)."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return Skipped(path, "the name is not valid UTF-8; rename it")
    try:
        status = Path(path).stat()
    except FileNotFoundError:
        is_link = Path(path).is_symlink()
        return Skipped(path, "a link to nothing" if is_link else "no such file or folder")
    except OSError as error:
        return Skipped(path, f"cannot be read ({error.strerror})")
    except ValueError as error:
        return Skipped(path, f"not a path ({error})")
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return Skipped(path, "not a regular file")
    return status
