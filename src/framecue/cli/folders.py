"""A few folders that tell where many files lie."""

from __future__ import annotations

import os
from collections.abc import Iterable

from framecue.paths import is_url

__all__ = ["top_folders"]

MOST_FOLDERS = 8


def top_folders(paths: Iterable[str], *, most: int = MOST_FOLDERS) -> list[tuple[str, int]]:
    """Return folders that together have all of some files, as deep as so few can lie.

    It begins with the one folder that has all of them, and opens the fullest folder, and again, as long as there are
    not too many.

    Args:
        paths: absolute paths of files, and URLs.
        most: how many folders at most.

    Returns:
        Each folder with how many of the files are in it or below, the fullest first.
    """
    files = [os.path.dirname(path) for path in paths]  # noqa: PTH120 (millions of paths)
    drives: dict[str, list[str]] = {}
    for file in files:
        drives.setdefault(_drive(file), []).append(file)
    folders = {_above_all(inside, drive): inside for drive, inside in drives.items()}
    # Folders that cannot be opened: there is nothing below, or too many are.
    closed: set[str] = set()
    while len(closed) < len(folders):
        folder = max((name for name in folders if name not in closed), key=lambda name: len(folders[name]))
        inside = _opened(folder, folders[folder])
        if list(inside) == [folder] or len(folders) - 1 + len(inside) > most:
            closed.add(folder)
            continue
        del folders[folder]
        folders |= inside
        if folder in inside:
            closed.add(folder)
    return sorted(((name, len(inside)) for name, inside in folders.items()), key=lambda item: (-item[1], item[0]))


def _drive(folder: str) -> str:
    """Return what has nothing in common with another of its kind: a drive, or a bucket."""
    return "/".join(folder.split("/", 3)[:3]) if is_url(folder) else os.path.splitdrive(folder)[0]


def _above_all(folders: list[str], drive: str) -> str:
    """Return the folder that is above all of some on one drive."""
    if not is_url(drive):
        return os.path.commonpath(folders)
    # A Path's functions would take one of a URL's two slashes away.
    below = os.path.commonpath([f"/{folder[len(drive) :].strip('/')}" for folder in folders])
    return f"{drive}{below}".rstrip("/") if below != "/" else drive


def _opened(folder: str, files: Iterable[str]) -> dict[str, list[str]]:
    """Return the folders of files by the folder that is directly below one, or by that one itself."""
    separator = "/" if is_url(folder) else os.sep
    start = folder if folder.endswith(separator) else folder + separator
    inside: dict[str, list[str]] = {}
    for file in files:
        name = file if file == folder else start + file[len(start) :].split(separator, 1)[0]
        inside.setdefault(name, []).append(file)
    return inside
