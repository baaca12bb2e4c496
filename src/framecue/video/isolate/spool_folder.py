"""The folder of one process's spool; what killed processes left behind is removed when the next one is made."""

from __future__ import annotations

import atexit
import os
import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

from filelock import BaseFileLock, FileLock, Timeout

from framecue.errors import InputError
from framecue.user_cache import user_cache

__all__ = ["SpoolFolder"]

_FOLDER = "spool"
_GUARD = ".lock"
_LOCK_SUFFIX = ".lock"
_PREFIX = "run-"


class SpoolFolder:
    """A new folder in the user's cache, which nobody else may read; in the system's where there is no such cache.

    A lock lies beside it for as long as this process lives, however it ends: a folder whose lock is free is nobody's.

    Attributes:
        path: the folder.

    Raises:
        OSError: no folder can be made.
    """

    def __init__(self) -> None:
        self._lock: BaseFileLock | None = None
        try:
            base = user_cache() / _FOLDER
            base.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Held for a moment: a folder that has no lock yet is not taken for one that was left behind.
            with FileLock(base / _GUARD):
                _remove_left_behind(base)
                self.path = Path(mkdtemp(prefix=_PREFIX, dir=base))
                self._lock = _lock_of(self.path)
                self._lock.acquire(blocking=False)
        except (OSError, InputError):
            self.path = Path(mkdtemp(prefix="framecue-spool-"))
        self._process_id = os.getpid()
        atexit.register(self.remove)

    def remove(self) -> None:
        """Remove the folder and what is in it."""
        # Not from a process that was forked meanwhile, when that ends.
        if os.getpid() != self._process_id:
            return
        atexit.unregister(self.remove)
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            self._lock.release()
            with suppress(OSError):
                Path(self._lock.lock_file).unlink(missing_ok=True)


def _lock_of(folder: Path) -> BaseFileLock:
    # Any thread may end a run, which gives it back.
    return FileLock(folder.with_name(f"{folder.name}{_LOCK_SUFFIX}"), thread_local=False)


def _remove_left_behind(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*"):
        if not folder.is_dir():
            continue
        lock = _lock_of(folder)
        with suppress(OSError, Timeout), lock.acquire(blocking=False):
            shutil.rmtree(folder, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)
