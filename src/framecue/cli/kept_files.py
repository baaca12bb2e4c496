"""The files of a library, which no output of a command may replace."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framecue.library import Library

__all__ = ["kept_files"]


def kept_files(library: Library) -> list[str]:
    """Return the paths of the files that a library knows, duplicates too; none if there is no library.

    Raises:
        LibraryError: it cannot be read.
    """
    if not library.exists:
        return []
    info = library.info()
    return [file.path for file in info.files] + [copy.path for copy in info.duplicates]
