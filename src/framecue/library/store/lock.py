"""The lock by which one run at a time writes to a library; a second run waits for it.

The operating system holds it, on a file in the library's folder, so it is released when the process that has it ends,
for whatever reason. An object store has no such lock: there, a run takes a lease
(:mod:`framecue.library.store.lease`).
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock, Timeout

from framecue.errors import LibraryError
from framecue.paths import is_url

__all__ = ["LOCK_FILE", "library_lock"]

LOCK_FILE = ".framecue.lock"

_POLL_SECONDS = 0.1
# So often in a row no other run removes a folder in the moment after it has made it: it cannot be made.
_MOST_REMOVALS = 100


@contextmanager
def library_lock(
    uri: str, *, wait_seconds: float | None = None, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Be the only one to write to a library while the block runs; whatever was read of it before must be read again.

    The library need not exist yet: its folder is made for the lock, and removed again if the block puts nothing into
    it. Check beforehand that the place can become a library.

    Args:
        uri: a normal URI.
        wait_seconds: how long to wait for another run to end; ``None`` for as long as it takes.
        on_wait: called once if there is another run, before waiting for it.

    Raises:
        LibraryError: the other run took longer, or the place cannot be written to. In an object store also in the
            block, if another run has taken the lease over.
    """
    folder = _local_folder(uri)
    if folder is None:
        from framecue.library.store.lease import library_lease

        with library_lease(uri, wait_seconds=wait_seconds, on_wait=on_wait):
            yield
        return
    made: list[Path] = []
    try:
        lock = _acquired(uri, folder, made, wait_seconds, on_wait)
        try:
            yield
        finally:
            # Removed while it is held: whoever waits for this file sees that it is gone, and makes it anew. (Windows
            # cannot remove an open file; there, filelock removes it.) The folder itself may have been removed.
            with suppress(OSError):
                if made and [entry.name for entry in folder.iterdir()] == [LOCK_FILE]:
                    (folder / LOCK_FILE).unlink()
            lock.release()
    finally:
        for empty in reversed(made):
            with suppress(OSError):
                empty.rmdir()  # removes empty folders only


def _acquired(
    uri: str, folder: Path, made: list[Path], wait_seconds: float | None, on_wait: Callable[[], None] | None
) -> FileLock:
    lock = FileLock(folder / LOCK_FILE)
    seconds, num_removals = 0.0, 0  # the first try does not wait
    while True:
        try:
            _make(folder, made)
            lock.acquire(timeout=seconds, poll_interval=_POLL_SECONDS)
            return lock
        except Timeout:
            if seconds:
                raise LibraryError(
                    f"library {uri} is being written by another run, which did not end within {wait_seconds:g} "
                    "seconds; try again when it has"
                ) from None
            if on_wait:
                on_wait()
            seconds = -1 if wait_seconds is None else max(wait_seconds, _POLL_SECONDS)
        except (OSError, NotImplementedError) as error:
            is_removed = isinstance(error, (FileNotFoundError, FileExistsError)) and _is_folder_or_nothing(folder)
            if is_removed and num_removals < _MOST_REMOVALS:
                num_removals += 1
                continue  # another run made the folder, had nothing to put into it, and has just removed it
            reason = getattr(error, "strerror", None) or str(error)
            raise LibraryError(f"library {uri} cannot be written: {reason}; check its folder's permissions") from error


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note which were made.

    Raises:
        OSError: that cannot be done; the target of a broken link, which may be a disk that is away, is not made.
    """
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        try:
            place.mkdir()
            made.append(place)
        except FileExistsError:
            if place.is_symlink():
                raise


def _is_folder_or_nothing(place: Path) -> bool:
    """Whether a folder is there or can be made; neither is true of a broken link."""
    try:
        status = place.lstat()  # one look: another run may make or remove it at any time
    except FileNotFoundError:
        return True
    return stat.S_ISDIR(status.st_mode)


def _local_folder(uri: str) -> Path | None:
    if not is_url(uri):
        return Path(uri)
    parts = urlsplit(uri)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None
