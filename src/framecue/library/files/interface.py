"""What a library needs from the place where files lie: to list them, to open and hash them, and to know their states.

A run, a search or a prune learns everything about a file through this interface, so it does not see whether a file lies
on a disk (``local.py``) or in an object store (``objects.py``); ``mixed.py`` asks the one or the other.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from typing import BinaryIO, NamedTuple, Protocol

from framecue.library.files.exclude import Exclude
from framecue.library.results import Skipped
from framecue.library.state import FileState

__all__ = ["Files", "FoundFile", "PathsLike", "as_list"]

PathsLike = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


def as_list(paths: PathsLike) -> list[str | os.PathLike[str]]:
    """Return one path or several as a list."""
    return [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)


class FoundFile(NamedTuple):
    """A file that was found in a folder: its absolute path and its state."""

    path: str
    state: FileState


class Files(Protocol):
    """A place where files lie. Paths are as :func:`framecue.object_store.urls.noted_path` returns them."""

    def find(
        self,
        paths: PathsLike,
        *,
        suffixes: Collection[str],
        exclude: Exclude,
        within: Collection[str] | None = None,
    ) -> Iterator[tuple[str, FoundFile | Skipped]]:
        """Find every file to consider at some paths and in the folders among them, in an order that does not change.

        A file that is named is always tried. Of the files in a folder, only those with one of the suffixes are, nothing
        hidden, and nothing in the folders that systems keep for themselves (bins, snapshots), unless these are named.

        Args:
            paths: a file or folder, or several, as a person names them.
            suffixes: of the files to look for in folders, lower case, with the dot.
            exclude: what to leave out.
            within: look only at these absolute paths and below them; missing files are then not reported.

        Yields:
            (the absolute path that was named, a file or the reason why there is none).
        """
        ...

    def siblings(self, folder: str) -> Iterator[FoundFile]:
        """Yield the files that lie directly in a folder, in any order; none if it cannot be listed."""
        ...

    def state(self, path: str) -> FileState:
        """Return the state of a file, following links.

        Raises:
            OSError: there is none, or it cannot be looked at.
        """
        ...

    def is_missing(self, path: str) -> bool:
        """Whether there is certainly nothing at a path; a broken link counts as something: its disk may come back."""
        ...

    def may_be_away(self, folder: str) -> bool:
        """Whether a folder looks as if its disk were not mounted: it is empty, a broken link, or unreadable."""
        ...

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths lead to the same file."""
        ...

    def leads_out(self, path: str) -> bool:
        """Whether a path is a link to something that lies neither in its folder nor below."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading.

        Raises:
            OSError: it cannot be read.
        """
        ...

    def content_hash(self, path: str) -> str:
        """Return the hash of a file's content, which is its ``video_id``.

        Raises:
            OSError: it cannot be read.
        """
        ...
