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
from framecue.library.exclude import Exclude

__all__ = ["Copy", "Held", "PathsLike", "Plan", "Skipped", "Unit", "absolute_path", "is_below", "make_plan"]

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
class Copy:
    """What a library notes of a file whose content it holds under another path.

    Attributes:
        video_id: hash of the content.
        size_bytes: the file's size when it was hashed.
        modified_seconds: its modification time then.
    """

    video_id: str
    size_bytes: int
    modified_seconds: float


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
        replaces: whether the library knows an earlier state of this file.
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
        unchanged: paths of the files which the library holds as they are, itself or as a copy of another.
        skipped: paths that cannot be indexed, with reasons.
        folders: the folders that were named and in which a video was found.
    """

    units: tuple[Unit, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    folders: tuple[str, ...] = ()

    @property
    def seen(self) -> frozenset[str]:
        """Every file that was found, whether it can be indexed or not."""
        return frozenset([*(unit.path for unit in self.units), *self.unchanged, *(item.path for item in self.skipped)])


def absolute_path(path: str | os.PathLike[str]) -> str:
    """Give a path as a library notes it: absolute, ``~`` expanded, links kept."""
    # abspath, not resolve: a person finds results under the names they use, links included.
    return os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111 (Path fails for an unknown ~user)


def is_below(path: str, folder: str) -> bool:
    """Whether an absolute path lies in a folder, at any depth."""
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


def make_plan(
    paths: PathsLike,
    *,
    suffixes: Collection[str],
    held: Mapping[str, Held] | None = None,
    copies: Mapping[str, Copy] | None = None,
    exclude: Iterable[str] = (),
) -> Plan:
    """List the files that are new or have changed.

    A file that is named is always tried; in folders (searched through, links followed, each folder once) only files
    with one of the suffixes, and nothing hidden. A bad path among good ones is skipped with its reason.

    Args:
        paths: a file or folder, or several; ``~`` is the home folder.
        suffixes: what to look for in folders, lower case, with the dot.
        held: what the library already holds, by absolute path.
        copies: the files that it knows as copies of those.
        exclude: globs of what to leave out, see :class:`Exclude`; folders that are named are not left out.

    Raises:
        InputError: there is nothing to index at any of the paths, or a glob is empty.
    """
    held, copies = held or {}, copies or {}
    originals: dict[str, list[str]] = {}
    for path, item in held.items():
        originals.setdefault(item.video_id, []).append(path)
    folders: dict[str, None] = {}
    units: dict[str, Unit] = {}
    unchanged: dict[str, None] = {}
    skipped: dict[str, Skipped] = {}
    for root, found in _find(paths, suffixes, Exclude(exclude)):
        if isinstance(found, Skipped):
            skipped.setdefault(found.path, _with_hint(found, root, held))
            continue
        path, status = found
        if path != root:
            folders[root] = None
        known: Held | Copy | None = held.get(path) or copies.get(path)
        if known and _is_as_noted(known, status) and (path in held or _has_original(known, originals, held)):
            unchanged[path] = None
        else:
            units[path] = Unit(path, status.st_size, status.st_mtime, replaces=known is not None)
    if not units and not unchanged:
        raise InputError(_nothing_message(list(skipped.values())))
    return Plan(tuple(units.values()), tuple(unchanged), tuple(skipped.values()), tuple(folders))


def _is_as_noted(known: Held | Copy, status: os.stat_result) -> bool:
    return (known.size_bytes, known.modified_seconds) == (status.st_size, status.st_mtime)


def _has_original(copy: Held | Copy, originals: Mapping[str, list[str]], held: Mapping[str, Held]) -> bool:
    """Whether a copy's content is still where the library holds it; otherwise the copy has to take its place."""
    for path in originals.get(copy.video_id, []):
        status = _status(path)
        if not isinstance(status, Skipped) and _is_as_noted(held[path], status):
            return True
    return False


def _with_hint(item: Skipped, root: str, held: Mapping[str, Held]) -> Skipped:
    """Say what can be done about a named folder that is not there or has no video, where the library holds some."""
    num_held = sum(is_below(path, root) for path in held) if item.path == root else 0
    if not num_held:
        return item
    hint = f"the library keeps {num_held} of it: mount the disk if it has one, or drop them with `framecue remove`"
    return Skipped(item.path, f"{item.reason}; {hint}")


def _nothing_message(skipped: list[Skipped]) -> str:
    if not skipped:
        return "no path given; name video files, or folders that hold videos"
    shown = "; ".join(f"{item.path}: {item.reason}" for item in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return f"nothing to index: {shown}{more}; name video files, or folders that hold videos"


def _find(
    paths: PathsLike, suffixes: Collection[str], exclude: Exclude
) -> Iterator[tuple[str, tuple[str, os.stat_result] | Skipped]]:
    """Yield every file to consider with its status, and every path that cannot be one; each with what was named."""
    named = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    for item in named:
        if not os.fspath(item):
            yield "''", Skipped("''", "an empty path")
            continue
        path = absolute_path(item)
        found = _status(path)
        if isinstance(found, Skipped):
            yield path, found
        elif stat.S_ISDIR(found.st_mode):
            empty = True
            for inner in _walk(path, suffixes, exclude):
                empty = False
                yield path, inner
            if empty:
                yield path, Skipped(path, "no video in this folder")
        elif exclude(path, root=str(Path(path).parent)):
            yield path, Skipped(path, "excluded")
        else:
            yield path, (path, found)


def _walk(folder: str, suffixes: Collection[str], exclude: Exclude) -> Iterator[tuple[str, os.stat_result] | Skipped]:
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
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not exclude(os.path.join(parent, name), root=folder)  # noqa: PTH118
        )
        for name in sorted(files):
            if name.startswith(".") or Path(name).suffix.lower() not in suffixes:
                continue
            path = os.path.join(parent, name)  # noqa: PTH118 (parent is already a normal absolute path)
            if exclude(path, root=folder):
                continue
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
