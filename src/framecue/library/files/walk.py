"""Finding files at the paths that a person names, and in the folders among them; no content is read.

The order of the files does not depend on the file system's order.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import FoundFile, PathsLike, as_list
from framecue.library.files.system_folders import is_system_folder
from framecue.library.results import Skipped
from framecue.library.state import FileState
from framecue.paths import NOT_LOCAL, absolute_path, is_url, is_utf8, path_on_disk

__all__ = [
    "NO_VIDEO",
    "find_files",
    "identity_of",
    "is_below",
    "is_within",
    "look_at",
]

NO_VIDEO = "no video in this folder"
"""Why a folder that was named is skipped if nothing is in it."""


def is_below(path: str, folder: str) -> bool:
    """Whether an absolute path lies in a folder, at any depth; URLs have slashes on every system."""
    separator = "/" if is_url(folder) else os.sep
    return path.startswith(folder if folder.endswith(separator) else folder + separator)


def is_within(path: str, places: Collection[str]) -> bool:
    """Whether an absolute path is one of some places or lies below one; fast for many places in a set."""
    while path not in places:
        parent = os.path.dirname(path)  # noqa: PTH120 (strings, as there may be thousands of paths)
        if parent == path:
            return False
        path = parent
    return True


def find_files(
    paths: PathsLike, *, suffixes: Collection[str], exclude: Exclude, within: Collection[str] | None = None
) -> Iterator[tuple[str, FoundFile | Skipped]]:
    """Find every file to consider, and every path that cannot be one.

    A file that is named is always tried. Of the files in a folder, at any depth, only those with one of the suffixes
    are, nothing hidden, and nothing in the folders that systems keep for themselves. Links are followed, and each real
    folder is entered once, so links cannot make a loop.

    Args:
        paths: a file or folder, or several.
        suffixes: of the files to look for in folders, lower case, with the dot.
        exclude: what to leave out.
        within: look only at these absolute paths and below them; missing files are then not reported.

    Yields:
        (the absolute path that was named, a file or the reason why there is none).
    """
    for item in as_list(paths):
        if not os.fspath(item):
            yield "''", Skipped("''", "an empty path")
            continue
        if is_url(item):
            yield os.fspath(item), Skipped(os.fspath(item), NOT_LOCAL)
            continue
        root = path_on_disk(absolute_path(item))
        if within is None or is_within(root, within):
            yield from ((root, found) for found in _find_all(root, suffixes, exclude))
        else:
            for place in sorted(within):
                if is_below(place, root):
                    yield from ((root, found) for found in _find_part(root, place, suffixes, exclude))


def look_at(path: str) -> os.stat_result | Skipped:
    """Return a path's status, following links; anything but a file or folder (a pipe) could block a reader."""
    if not is_utf8(path):
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


def identity_of(path: str) -> tuple[int, int] | None:
    """Return what identifies a file or folder, by whatever path it is reached; None if it cannot be looked at."""
    try:
        status = Path(path).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _find_all(root: str, suffixes: Collection[str], exclude: Exclude) -> Iterator[FoundFile | Skipped]:
    """Find everything at a path that was named."""
    found = look_at(root)
    if isinstance(found, Skipped):
        yield found
    elif stat.S_ISDIR(found.st_mode):
        empty = True
        for inner in _walk(root, root, suffixes, exclude):
            empty = False
            yield inner
        if empty:
            yield Skipped(root, NO_VIDEO)
    elif exclude(root, root=str(Path(root).parent)):
        yield Skipped(root, "excluded")
    else:
        yield FoundFile(root, FileState.of(found))


def _find_part(root: str, place: str, suffixes: Collection[str], exclude: Exclude) -> Iterator[FoundFile | Skipped]:
    """Find the files at a place below a named folder, as the search through the whole folder would find them."""
    way = root
    for name in Path(place).relative_to(root).parts:
        way = os.path.join(way, name)  # noqa: PTH118 (as it is, links included)
        # The last one may be a file, which may be called as it likes.
        is_system = is_system_folder(name) and (way != place or os.path.isdir(way))  # noqa: PTH112
        if name.startswith(".") or is_system or exclude(way, root=root):
            return
    found = look_at(place)
    if not isinstance(found, Skipped) and stat.S_ISDIR(found.st_mode):
        yield from _walk(root, place, suffixes, exclude)
    elif Path(place).suffix.lower() in suffixes and os.path.lexists(place):
        yield found if isinstance(found, Skipped) else FoundFile(place, FileState.of(found))


def _walk(root: str, folder: str, suffixes: Collection[str], exclude: Exclude) -> Iterator[FoundFile | Skipped]:
    """Yield the files in a folder, which is the named root or below it, in sorted order, each real folder once."""
    errors: list[OSError] = []
    # A search through the whole root comes through these folders on its way, and does not enter them again.
    visited = set(filter(None, (identity_of(way) for way in _way(root, folder))))
    for parent, folders, files in os.walk(folder, followlinks=True, onerror=errors.append):
        identity = identity_of(parent)
        if identity is None or identity in visited:
            folders.clear()
            continue
        visited.add(identity)
        folders[:] = sorted(
            name
            for name in folders
            if not (name.startswith(".") or is_system_folder(name))
            and not exclude(os.path.join(parent, name), root=root)  # noqa: PTH118
        )
        for name in sorted(files):
            if name.startswith(".") or Path(name).suffix.lower() not in suffixes:
                continue
            path = os.path.join(parent, name)  # noqa: PTH118 (parent is already a normal absolute path)
            if exclude(path, root=root):
                continue
            found = look_at(path)
            yield found if isinstance(found, Skipped) else FoundFile(path, FileState.of(found))
    for error in errors:
        yield Skipped(str(error.filename), f"folder cannot be read ({error.strerror})")


def _way(root: str, folder: str) -> Iterator[str]:
    """Yield the folders from the root down to a folder's parent."""
    way = root
    for name in Path(folder).relative_to(root).parts:
        yield way
        way = os.path.join(way, name)  # noqa: PTH118 (as it is, links included)
