"""Copies of objects on the disk, for as long as they are read: what is read as a whole is downloaded once.

There is one spool for a process, made when the first object is copied, and bounded: an object for which there is no
room is read by ranges. While a run is going on (:func:`kept_spool`) copies stay, so that who reads an object after
another, as the words of a run come after its pictures, need not fetch it again. When room is needed, the copy that was
used last goes: all of them are read through again in the same order, so those that came first are wanted first.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from framecue.checks import is_number
from framecue.errors import InputError
from framecue.log import printable
from framecue.video.isolate.spool_folder import SpoolFolder
from framecue.video.limits import SPOOL_GB, SPOOL_VARIABLE
from framecue.video.read.stored_object import StoredObject

__all__ = ["check_spool_gb", "is_spooled", "kept_spool", "spooled"]

logger = logging.getLogger(__name__)

_GIGABYTE = 1_000_000_000
# What a copy leaves free on its disk.
_LEFT_FREE_BYTES = 1 << 30
_PIECE_BYTES = 8 << 20
_MOST_NAME_BYTES = 200
_SECONDS_BETWEEN_LOOKS = 0.2


def check_spool_gb(name: str, value: object) -> None:
    """Refuse a bound of the spool that is none.

    Raises:
        InputError: it is no number of gigabytes, 0 or more.
    """
    if not is_number(value) or value < 0:
        raise InputError(f"{name} is {value!r}; give a number of gigabytes, 0 or more")


@contextmanager
def kept_spool(spool_gb: float | None = None) -> Iterator[None]:
    """Keep the copies that are made while the block runs until it ends; where blocks overlap, until the last one ends.

    Args:
        spool_gb: how many gigabytes all copies may take; None for what `FRAMECUE_SPOOL_GB` says, or 10. Of several
            blocks the smallest counts.

    Raises:
        InputError: the bound, here or in the environment, is no number of gigabytes.
    """
    if spool_gb is not None:
        check_spool_gb("spool_gb", spool_gb)
    bound = int((_usual_gb() if spool_gb is None else spool_gb) * _GIGABYTE)
    spool = _spool()
    spool.begin(bound)
    try:
        yield
    finally:
        spool.end(bound)


@contextmanager
def spooled(stored: StoredObject, go_on: Callable[[], None], *, makes: bool = True) -> Iterator[Path | None]:
    """Copy an object to the disk while the block runs; an object that is there is not fetched again.

    Args:
        stored: the object.
        go_on: called before each piece; what it raises ends the download.
        makes: whether to fetch one that is not there.

    Yields:
        The copy, which has the object's name; None where there is none, or no room for one.

    Raises:
        VideoError: the object cannot be read.
        InputError: the environment's bound is no number.
    """
    with _spool().copy(stored, go_on, makes=makes) as path:
        yield path


def is_spooled(stored: StoredObject) -> bool:
    """Whether there is a copy of an object, or one is being made."""
    return _spool().has(stored)


def _usual_gb() -> float:
    text = os.environ.get(SPOOL_VARIABLE, "").strip()
    if not text:
        return SPOOL_GB
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not is_number(value) or value < 0:
        raise InputError(f"{SPOOL_VARIABLE} is {text!r}; give a number of gigabytes, 0 or more")
    return value


@dataclass(eq=False)
class _Copy:
    path: Path
    size_bytes: int
    num_users: int = 0
    is_whole: bool = False
    used_at: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class _NoRoomError(Exception):
    """The disk is full, whatever it said before."""


class _Spool:
    """The copies of one process; any thread may ask."""

    def __init__(self) -> None:
        self.process_id = os.getpid()
        self._lock = threading.Lock()
        self._copies: dict[StoredObject, _Copy] = {}
        self._bounds: list[int] = []
        self._folder: SpoolFolder | None = None
        self._num_uses = 0

    def begin(self, bound: int) -> None:
        with self._lock:
            self._bounds.append(bound)

    def end(self, bound: int) -> None:
        with self._lock:
            self._bounds.remove(bound)
            if not self._bounds:
                for stored in [stored for stored, copy in self._copies.items() if not copy.num_users]:
                    self._drop(stored)
                self._remove_folder()

    def has(self, stored: StoredObject) -> bool:
        with self._lock:
            return stored in self._copies

    @contextmanager
    def copy(self, stored: StoredObject, go_on: Callable[[], None], *, makes: bool) -> Iterator[Path | None]:
        copy = self._take(stored, makes=makes)
        if copy is None:
            yield None
            return
        try:
            yield copy.path if self._is_filled(copy, stored, go_on) else None
        finally:
            with self._lock:
                copy.num_users -= 1
                self._num_uses += 1
                copy.used_at = self._num_uses
                if not copy.num_users and not (copy.is_whole and self._bounds):
                    self._drop(stored)
                    self._remove_folder()

    def _take(self, stored: StoredObject, *, makes: bool) -> _Copy | None:
        with self._lock:
            copy = self._copies.get(stored)
            if copy is None:
                place = self._place_for(stored) if makes else None
                if place is None:
                    self._remove_folder()
                    return None
                copy = self._copies[stored] = _Copy(place, stored.size_bytes)
            copy.num_users += 1
            return copy

    def _place_for(self, stored: StoredObject) -> Path | None:
        try:
            if self._has_room(stored.size_bytes):
                return self._new_place(stored)
            size = f"{stored.size_bytes / _GIGABYTE:.3g} GB; {SPOOL_VARIABLE} and --spool-gb bound what copies may take"
            logger.warning("%s is read by ranges, perhaps more than once: %s", printable(stored.url), size)
        except OSError as error:
            logger.warning("no copies of objects can be made: %s", error)
        return None

    def _has_room(self, size_bytes: int) -> bool:
        """Whether there is room, for which copies that nobody reads may go."""
        bound = min(self._bounds, default=None)
        if bound is None:
            bound = int(_usual_gb() * _GIGABYTE)
        if size_bytes > bound:
            return False
        while True:
            used = sum(copy.size_bytes for copy in self._copies.values())
            to_come = sum(copy.size_bytes for copy in self._copies.values() if not copy.is_whole)
            if used + size_bytes <= bound and to_come + size_bytes + _LEFT_FREE_BYTES <= self._free_bytes():
                return True
            unread = [(copy.used_at, stored) for stored, copy in self._copies.items() if not copy.num_users]
            if not unread:
                return False
            self._drop(max(unread, key=lambda found: found[0])[1])

    def _free_bytes(self) -> int:
        if self._folder is None:
            self._folder = SpoolFolder()
        return shutil.disk_usage(self._folder.path).free

    def _new_place(self, stored: StoredObject) -> Path:
        """Return a place whose last part is the object's name, which says what kind of file it is."""
        assert self._folder is not None
        key = hashlib.blake2b(repr(stored).encode(), digest_size=16).hexdigest()
        name = stored.url.rpartition("/")[2]
        if os.name == "nt" or len(name.encode()) > _MOST_NAME_BYTES or not name.isprintable():
            name = f"object{Path(name).suffix if Path(name).suffix.isascii() else ''}"
        folder = self._folder.path / key
        folder.mkdir(mode=0o700, exist_ok=True)
        return folder / name

    def _is_filled(self, copy: _Copy, stored: StoredObject, go_on: Callable[[], None]) -> bool:
        """Download what is not there yet; one thread does, and the others wait for it."""
        while not copy.lock.acquire(timeout=_SECONDS_BETWEEN_LOOKS):
            go_on()
        try:
            if not copy.is_whole:
                _download(stored, copy.path, go_on)
                copy.is_whole = True
        except _NoRoomError as error:
            logger.warning("%s is read by ranges: it cannot be copied (%s)", printable(stored.url), error)
            return False
        finally:
            copy.lock.release()
        return True

    def _drop(self, stored: StoredObject) -> None:
        copy = self._copies.pop(stored)
        with suppress(OSError):
            shutil.rmtree(copy.path.parent)

    def _remove_folder(self) -> None:
        if not self._copies and not self._bounds and self._folder is not None:
            self._folder.remove()
            self._folder = None


def _download(stored: StoredObject, path: Path, go_on: Callable[[], None]) -> None:
    pieces = (
        (start, min(_PIECE_BYTES, stored.size_bytes - start)) for start in range(0, stored.size_bytes, _PIECE_BYTES)
    )
    try:
        with path.open("wb") as file:
            for start, length in pieces:
                go_on()
                file.write(stored.read(start, length))
    except OSError as error:
        raise _NoRoomError(error.strerror or str(error)) from error


_made: _Spool | None = None
_making = threading.Lock()


def _spool() -> _Spool:
    """Return the spool of this process; after a fork the other one's copies are left to it."""
    global _made
    with _making:
        if _made is None or _made.process_id != os.getpid():
            _made = _Spool()
        return _made
