"""The place of a library: its normal URI, and whether a local place is free for a new one."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.request import url2pathname

from framecue.errors import InputError, LibraryError, LibraryNotFoundError
from framecue.library.store.attempt import attempt
from framecue.library.store.lock import LOCK_FILE
from framecue.library.store.remote import has_table
from framecue.library.store.table import TABLE
from framecue.paths import absolute_path, is_url

__all__ = [
    "HOW_TO_NAME",
    "again_place",
    "check_free",
    "check_there",
    "is_begun",
    "looks_like_library",
    "no_library",
    "normal_uri",
]

HOW_TO_NAME = "name another place"


def normal_uri(uri: str | os.PathLike[str]) -> str:
    """Return the one form of an object store's URI, and a local folder as an absolute path (``~`` is the home folder).

    Raises:
        InputError: it is no URL of an object store, or one that LanceDB would take for another.
    """
    text = os.fspath(uri)
    if not is_url(text):
        return absolute_path(text)
    scheme, _, rest = text.partition("://")
    if scheme.lower() == "file":
        return absolute_path(url2pathname(rest.removeprefix("localhost")))
    from framecue.object_store.urls import normal_url

    if odd := next((letter for letter in "%#?" if letter in rest), None):
        raise InputError(f"{text}: a library's URL cannot have {odd!r} in it; {HOW_TO_NAME}")
    return normal_url(text)


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


def is_begun(uri: str) -> bool:
    """Whether a place has anything of a library, be it only begun.

    Raises:
        LibraryError: an object store cannot be asked.
    """
    return has_table(uri, TABLE) if is_url(uri) else Path(uri).is_dir()


def check_there(uri: str) -> None:
    """Refuse a place that is no library; call it before connecting, which would make a local folder.

    Raises:
        LibraryNotFoundError: there is nothing.
        LibraryError: there is something else, or it cannot be looked at.
    """
    if is_url(uri):
        if not has_table(uri, TABLE):
            raise no_library(uri)
        return
    if _is_vacant(uri):
        raise no_library(uri)
    if not (Path(uri) / f"{TABLE}.lance").is_dir():
        raise LibraryError(f"{uri} is a folder, but not a framecue library; {HOW_TO_NAME}")


def check_free(uri: str) -> None:
    """Refuse a place that is taken, and make the folder of a local one that is free.

    Raises:
        LibraryError: the place is taken, or cannot be written to.
    """
    if has_table(uri, TABLE) if is_url(uri) else not _is_vacant(uri):
        raise LibraryError(f"{uri} exists already and cannot become a new library; {HOW_TO_NAME}")
    if is_url(uri):
        return
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
