"""The files of libraries, which no output of a command may replace."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

from framecue.errors import InputError, LibraryError
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.library import Library

__all__ = ["kept_files", "kept_files_near"]


def kept_files(library: Library) -> list[str]:
    """Return the paths of the files that a library knows, duplicates too; none if there is no library.

    Raises:
        LibraryError: it cannot be read.
    """
    if not library.exists:
        return []
    info = library.info()
    return [file.path for file in info.files] + [copy.path for copy in info.duplicates]


def kept_files_near(output: str | None, uri: str | None = None) -> Callable[[], list[str]]:
    """Return a function that gives the files of every library that may hold an output's place.

    These are the library that the command names, that of FRAMECUE_LIBRARY, those in the working folder and above, those
    beside and above the output, and the one in the default place. Which one a command would use does not matter here: a
    file that any of them holds is somebody's video. They are read when the function is called first, and once.

    Args:
        output: the file or folder to write; None for the working folder.
        uri: the library that the command names; None if it names none.

    Returns:
        The function. It raises InputError if one of the libraries cannot be read, as nobody knows then what it holds.
    """

    @cache
    def kept() -> list[str]:
        return [path for place in _libraries(output, uri) for path in _files_of(place)]

    return kept


def _libraries(output: str | None, uri: str | None) -> list[str]:
    from framecue.cli.library_place import default_place, libraries_around

    named = [place for place in (uri, os.environ.get("FRAMECUE_LIBRARY")) if place]
    target = user_path(output or os.curdir)
    # Both where the name stands and where a link leads.
    places = [os.path.abspath(target), os.path.realpath(target)]  # noqa: PTH100
    folders = [os.path.abspath(os.curdir), *places, *map(os.path.dirname, places)]  # noqa: PTH100
    found = [place for folder in dict.fromkeys(folders) for place in libraries_around(folder)]
    with suppress(InputError):  # there is no home folder, and so nothing in it
        found.append(str(default_place()))
    return list(dict.fromkeys([*named, *found]))


def _files_of(place: str) -> list[str]:
    from framecue.library import Library

    try:
        return kept_files(Library(place))
    except LibraryError as error:
        raise InputError(
            f"whether the output is an indexed video cannot be told, so name another file: {error}"
        ) from error
