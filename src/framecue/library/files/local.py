"""Files on disks of this machine, network disks included."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from framecue.library.files import walk
from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import FoundFile, PathsLike
from framecue.library.results import Skipped
from framecue.library.state import FileState

__all__ = ["LOCAL_FILES", "LocalFiles"]


class LocalFiles:
    """The file system; see :class:`framecue.library.files.interface.Files`."""

    def find(
        self,
        paths: PathsLike,
        *,
        suffixes: Collection[str],
        exclude: Exclude,
        within: Collection[str] | None = None,
    ) -> Iterator[tuple[str, FoundFile | Skipped]]:
        """Find files; links are followed, and each real folder is entered once, so links cannot make a loop."""
        return walk.find_files(paths, suffixes=suffixes, exclude=exclude, within=within)

    def siblings(self, folder: str) -> Iterator[FoundFile]:
        """Yield the files that lie directly in a folder, following links."""
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    try:
                        if entry.is_file():
                            yield FoundFile(entry.path, FileState.of(entry.stat()))
                    except OSError:
                        continue  # it has just gone, or is a broken link
        except OSError:
            # Its files cannot be read either, or it has just gone.
            return

    def state(self, path: str) -> FileState:
        """Return the state of a file, following links; raises OSError."""
        return FileState.of(Path(path).stat())

    def is_missing(self, path: str) -> bool:
        """Whether there is certainly nothing at a path."""
        try:
            os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    def may_be_away(self, folder: str) -> bool:
        """Whether a folder is empty, a broken link, or unreadable."""
        place = Path(folder)
        try:
            return next(place.iterdir(), None) is None
        except (FileNotFoundError, NotADirectoryError):
            return place.is_symlink()
        except OSError:
            return True

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths lead to the same file."""
        try:
            return Path(path).samefile(other)
        except OSError:
            return False

    def leads_out(self, path: str) -> bool:
        """Whether a path is a link to something that lies neither in its folder nor below."""
        place = Path(path)
        try:
            return place.is_symlink() and not place.resolve().is_relative_to(place.parent.resolve())
        except (OSError, RuntimeError):
            return True

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; raises OSError."""
        return Path(path).open("rb")

    def content_hash(self, path: str) -> str:
        """Return the hash of a file's content; raises OSError."""
        from framecue.video import content_hash  # imports ffmpeg, which a search need not wait for

        return content_hash(path)


LOCAL_FILES = LocalFiles()
