"""The place of a library: its normal URI, and whether a local place is free for a new one."""

from __future__ import annotations

import os
from pathlib import Path

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library.store.attempt import attempt
from framecue.library.store.lock import LOCK_FILE
from framecue.library.store.table import TABLE
from framecue.paths import absolute_path, is_url

__all__ = ["HOW_TO_NAME", "again_place", "check_free", "check_there", "looks_like_library", "no_library", "normal_uri"]

HOW_TO_NAME = "name another place"


def normal_uri(uri: str | os.PathLike[str]) -> str:
    """Return an object-store URI as it is, and a local folder as an absolute path (``~`` is the home folder)."""
    text = os.fspath(uri)
    return text if is_url(text) else absolute_path(text)


def again_place(uri: str) -> str:
    """Return where the new rows of a library grow while it is made anew, given its normal URI."""
    return f"{uri.rstrip('/')}/again"


def no_library(uri: str) -> LibraryNotFoundError:
    """Return the error for a place at which there is nothing."""
    return LibraryNotFoundError(f"no library at {uri}; make one with `framecue index PATH --library {uri}`")


def looks_like_library(place: str) -> bool:
    """Whether a local folder has the table of a library, with a commit; this does not open it, and raises nothing."""
    try:
        return any((Path(place) / f"{TABLE}.lance" / "_versions").glob("*.manifest"))
    except (OSError, ValueError):  # it may not be looked at, or is no name of a file
        return False


def check_there(uri: str) -> None:
    """Refuse a local place that is no library; call it before connecting, which would make the folder.

    Raises:
        LibraryNotFoundError: there is nothing.
        LibraryError: there is something else, or it cannot be looked at.
    """
    if is_url(uri):
        return
    if _is_vacant(uri):
        raise no_library(uri)
    if not (Path(uri) / f"{TABLE}.lance").is_dir():
        raise LibraryError(f"{uri} is a folder, but not a framecue library; {HOW_TO_NAME}")


def check_free(uri: str) -> None:
    """Refuse a local place that is taken, and make the folder of one that is free.

    Raises:
        LibraryError: the place is taken, or cannot be written to.
    """
    if is_url(uri):
        return
    if not _is_vacant(uri):
        raise LibraryError(f"{uri} exists already and cannot become a new library; {HOW_TO_NAME}")
    attempt(uri, "made", lambda: Path(uri).mkdir(parents=True, exist_ok=True))


def _is_vacant(uri: str) -> bool:
    """Whether a local place is free for a new library: nothing, an empty folder, or a library that was only begun.

    Raises:
        LibraryError: the place is a file, or cannot be looked at.
    """
    folder = Path(uri)
    if attempt(uri, "opened", lambda: folder.exists() and not folder.is_dir()):
        hint = f"a library is a folder: {HOW_TO_NAME}"
        raise LibraryError(f"{uri} is a file, not a library; {hint}")
    return attempt(uri, "opened", lambda: not folder.exists() or all(map(_is_beginning, folder.iterdir())))


def _is_beginning(place: Path) -> bool:
    """Whether an entry of a library's folder may be older than its table: the lock, or a table without a commit.

    A run that is killed while it makes a library leaves these behind; making the library again completes it.
    """
    if place.name == LOCK_FILE:
        return True
    has_table = place.name == f"{TABLE}.lance" and place.is_dir()
    return has_table and not any(place.glob("_versions/*.manifest")) and not (place / "data").exists()
