"""What was made of files for browsers, kept in a folder of the user's cache within a limit."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path

from framecue.errors import FramecueError, OutputError
from framecue.outputs import partial_beside, written_beside

__all__ = ["MAX_CACHE_BYTES", "MediaCache", "cache_key"]

MAX_CACHE_BYTES = 5_000_000_000
"""How much all converted files together may take on disk; when one is made, those not used for longest go."""

# Another number where the same question is to be answered by another file.
_FORMAT = 1
_NAME = re.compile(r"[0-9a-f]{32}\.(mp4|webm|jpg)")


def cache_key(*parts: object) -> str:
    """Return a name, 32 hexadecimal digits, for what is made of something."""
    return blake2b(repr((_FORMAT, *parts)).encode(), digest_size=16).hexdigest()


class MediaCache:
    """A folder of files by their names; several servers may share one.

    Files appear whole, and one that is being read may go at any time: whoever has it open reads on.

    Args:
        folder: is made when something is written.
        max_bytes: how much may be in it, but for the file that was written last.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self.folder, self.max_bytes = folder, max_bytes

    def find(self, name: str) -> Path | None:
        """Return a file that is there, and note that it is used; None if it is not there."""
        path = self.folder / name
        try:
            os.utime(path)
        except OSError:
            # Of another user's cache, which can be read alone, the times stay.
            return path if path.is_file() else None
        return path

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """Give a name to write a file to, which takes its place when the block ends; what is too much then goes.

        Yields:
            A name in the folder at which nothing is.

        Raises:
            FramecueError: the folder cannot be written to.
        """
        path = self.folder / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with written_beside(path, overwrite=True) as partial:
                yield partial
        except OutputError as error:
            raise FramecueError(f"converted videos cannot be kept: {error.reason}; look at the cache's disk") from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise FramecueError(f"converted videos cannot be kept: {reason}; look at the cache's disk") from error
        self._trim(keep=path)

    def temporary(self, suffix: str) -> Path:
        """Return a name for a file that is not kept; what a killed server has left of such files goes.

        Raises:
            FramecueError: the folder cannot be made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FramecueError(f"there is no room for a clip: {error.strerror}; look at the cache's disk") from error
        return partial_beside(self.folder / f"clip{suffix}")

    def _trim(self, *, keep: Path) -> None:
        """Remove the files that were not used for longest, until the rest is within the limit."""
        found: list[tuple[float, int, Path]] = []
        with suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                with suppress(OSError):
                    if _NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                        status = entry.stat(follow_symlinks=False)
                        found.append((status.st_mtime, status.st_size, Path(entry.path)))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.max_bytes:
                return
            if path != keep:
                with suppress(OSError):
                    path.unlink()
                    total -= size
