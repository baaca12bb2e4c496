"""Reading an object of a store in ranges, with what is next to them: few requests, few bytes, bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from framecue.errors import ObjectError, VideoError
from framecue.paths import exists, is_url, url_as_written
from framecue.video.read.access import reading_elsewhere

if TYPE_CHECKING:
    from framecue.object_store.objects import ObjectTag

__all__ = ["BLOCK_BYTES", "CachedObject", "StoredObject", "find_object", "reachable", "url_of"]

# A file's index and a jump into it take one request each of so many bytes. Who reads on gets twice as many each time.
BLOCK_BYTES = 128 << 10
_MOST_BYTES_AT_ONCE = 4 << 20
_CACHE_BYTES = 16 << 20
_ARCHIVE = ".tar/"
_NO_MEMBERS = (
    "no such object: videos in tar archives are read on a disk alone; copy the archive there, or unpack it in the store"
)
_CHANGED = "it changed while it was being read"


@dataclass(frozen=True)
class StoredObject:
    """One content of an object: what is read of it is of that content, or an error.

    Attributes:
        url: where it lies.
        size_bytes: how large it is, by the store's word.
        tag: what the store calls this content.
    """

    url: str
    size_bytes: int
    tag: ObjectTag

    def read(self, start: int, length: int) -> bytes:
        """Return a range, which lies within the object, by one request.

        Raises:
            VideoError: it cannot be read, the object has another content by now, or is shorter than the store said.
        """
        from framecue.object_store.objects import read_range

        try:
            data = read_range(self.url, start, length, tag=self.tag)
        except ObjectError as error:
            raise VideoError(self.url, _CHANGED if error.cause == "changed" else error.reason) from error
        if len(data) != length:
            reason = (
                f"the store gave {len(data)} bytes from {start} on, not {length}, of the {self.size_bytes} that it has"
            )
            raise VideoError(self.url, f"{reason}; try again")
        return data


@contextmanager
def reachable(path: str) -> Iterator[str]:
    """Read an object in this process, by ranges, while the block runs; a path on disk stays as it is.

    Yields:
        What to open.

    Raises:
        VideoError: as `find_object`.
    """
    url = url_of(path)
    if url is None:
        yield path
        return
    with reading_elsewhere(url, CachedObject(find_object(url))):
        yield url


def url_of(path: str) -> str | None:
    """Return the URL that a path is, or was before somebody made a Path of it; None of a path on disk."""
    if is_url(path):
        return path
    url = url_as_written(path)
    return None if url is None or exists(path) else url


def find_object(url: str) -> StoredObject:
    """Return the content that an object has now, by one request.

    Raises:
        VideoError: there is no such object, the store cannot say, or it is no URL of a store.
    """
    # Imported here: what decodes on a disk alone needs no store.
    from framecue.object_store.objects import size_and_tag

    try:
        state = size_and_tag(url)
    except ObjectError as error:
        is_inside = error.cause == "absent" and _ARCHIVE in url.lower()
        raise VideoError(url, _NO_MEMBERS if is_inside else error.reason) from error
    return StoredObject(url, state.size_bytes, state.tag)


@dataclass(frozen=True)
class _Piece:
    """Bytes that were read at once, and how many were asked for."""

    data: bytes
    reached: int


class CachedObject:
    """Ranges of an object, of which what was read last is kept; any thread may ask.

    What is read begins and ends at the limits of blocks. A range that follows one that is kept is read on: twice as
    many bytes as the time before. So a jump costs a block, and reading through costs few requests, also where pictures
    and sound lie apart.

    Args:
        found: the object.
        cache_bytes: how much is kept.
        most_bytes_at_once: how much is asked for at once.
    """

    def __init__(
        self, found: StoredObject, *, cache_bytes: int = _CACHE_BYTES, most_bytes_at_once: int = _MOST_BYTES_AT_ONCE
    ) -> None:
        self._object = found
        self._cache_bytes, self._most_bytes_at_once = cache_bytes, most_bytes_at_once
        self._lock = threading.Lock()
        # By their first byte, those that were used last at the end.
        self._pieces: OrderedDict[int, _Piece] = OrderedDict()
        self._num_kept = 0

    @property
    def url(self) -> str:
        """Where the object lies."""
        return self._object.url

    @property
    def found(self) -> StoredObject:
        """The object."""
        return self._object

    @property
    def size_bytes(self) -> int:
        """How many bytes the object has."""
        return self._object.size_bytes

    def read(self, start: int, length: int) -> bytes:
        """Return a range, which lies within the object.

        Raises:
            VideoError: it cannot be read; another try may go well.
        """
        made = bytearray()
        with self._lock:
            while len(made) < length:
                at = start + len(made)
                first, piece = self._holding(at) or self._read_on(at, start + length)
                made += piece.data[at - first : at - first + length - len(made)]
        return bytes(made)

    def _holding(self, place: int) -> tuple[int, _Piece] | None:
        for first, piece in self._pieces.items():
            if first <= place < first + len(piece.data):
                self._pieces.move_to_end(first)
                return first, piece
        return None

    def _read_on(self, place: int, wanted_end: int) -> tuple[int, _Piece]:
        """Read the block that a byte is in, and further ones."""
        first = place - place % BLOCK_BYTES
        before = self._holding(first - 1) if first else None
        reached = BLOCK_BYTES
        if before is not None:
            reached = min(2 * before[1].reached, self._most_bytes_at_once)
        wanted = -(-(wanted_end - first) // BLOCK_BYTES) * BLOCK_BYTES
        end = min(first + max(reached, min(wanted, self._most_bytes_at_once)), self.size_bytes)
        # What is kept behind it is not read twice.
        end = min([end, *(other for other in self._pieces if first < other < end)])
        piece = _Piece(self._object.read(first, end - first), reached)
        self._pieces[first] = piece
        self._num_kept += len(piece.data)
        while self._num_kept > self._cache_bytes and len(self._pieces) > 1:
            _, gone = self._pieces.popitem(last=False)
            self._num_kept -= len(gone.data)
        return first, piece
