"""The files of a library, which no output of a command may replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framecue.errors import FramecueError

if TYPE_CHECKING:
    from framecue.library import Library

__all__ = ["kept_files", "kept_files_at_hand"]


def kept_files(library: Library) -> list[str]:
    """Return the paths of the files that a library knows, duplicates too; none if there is no library.

    Raises:
        LibraryError: it cannot be read.
    """
    if not library.exists:
        return []
    info = library.info()
    return [file.path for file in info.files] + [copy.path for copy in info.duplicates]


def kept_files_at_hand(uri: str | None) -> list[str]:
    """Return the files of the library that a command would use; none if there is none, or none to be read.

    Args:
        uri: what --library or FRAMECUE_LIBRARY says; None if neither is there.
    """
    from framecue.cli.library_place import default_place, nearest_library
    from framecue.library import Library

    try:
        return kept_files(Library(uri or nearest_library(on_notice=lambda _: None) or str(default_place())))
    except (click.UsageError, FramecueError):  # several are as near, or what is there is no library
        return []
