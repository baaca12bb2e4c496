"""Files on disks and in object stores, in one run and in one library.

What is named by a URL is asked of its store, and everything else of the disk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, BinaryIO

from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import Files, FoundFile, PathsLike, as_list
from framecue.library.files.local import LOCAL_FILES
from framecue.library.results import Skipped
from framecue.library.state import FileState
from framecue.object_store.urls import as_url
from framecue.paths import is_url

if TYPE_CHECKING:
    import os

__all__ = ["ALL_FILES", "MixedFiles"]


class MixedFiles:
    """Files wherever they lie; see :class:`framecue.library.files.interface.Files`."""

    def find(
        self,
        paths: PathsLike,
        *,
        suffixes: Collection[str],
        exclude: Exclude,
        within: Collection[str] | None = None,
    ) -> Iterator[tuple[str, FoundFile | Skipped]]:
        """Find files, a path that was named after the other."""
        for item in as_list(paths):
            url = as_url(item)
            yield from _place(url or item).find(url or [item], suffixes=suffixes, exclude=exclude, within=within)

    def siblings(self, folder: str) -> Iterator[FoundFile]:
        """Yield the files that lie directly in a folder."""
        return _place(folder).siblings(folder)

    def state(self, path: str) -> FileState:
        """Return the state of a file; raises OSError."""
        return _place(path).state(path)

    def is_missing(self, path: str) -> bool:
        """Whether there is certainly nothing at a path."""
        return _place(path).is_missing(path)

    def may_be_away(self, folder: str) -> bool:
        """Whether a folder looks as if its disk were not mounted, or its bucket could not be reached."""
        return _place(folder).may_be_away(folder)

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths lead to the same file."""
        return _place(path).is_same(path, other) if is_url(path) == is_url(other) else False

    def leads_out(self, path: str) -> bool:
        """Whether a path is a link to something that lies neither in its folder nor below."""
        return _place(path).leads_out(path)

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; raises OSError."""
        return _place(path).open(path)

    def content_hash(self, path: str) -> str:
        """Return the hash of a file's content; raises OSError."""
        return _place(path).content_hash(path)


def _place(path: str | os.PathLike[str]) -> Files:
    if not is_url(path):
        return LOCAL_FILES
    from framecue.library.files.objects import OBJECT_FILES  # imports obstore, which local files need not wait for

    return OBJECT_FILES


ALL_FILES = MixedFiles()
