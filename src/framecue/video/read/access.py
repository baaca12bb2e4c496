"""Opening a file's bytes, on a disk or wherever else somebody reads them for us: one place for every reader.

A path is a file's, unless :func:`reading_elsewhere` has said where its bytes come from. The decoding process has
neither a network nor credentials: an object in a store comes to it as ranges that the process that asked reads.
"""

from __future__ import annotations

import io
import os
import threading
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from framecue.video.read.suffixes import IMAGE_SUFFIXES

__all__ = [
    "ByteRanges",
    "HollowFile",
    "elsewhere",
    "open_bytes",
    "open_hollow",
    "open_ranges",
    "reading_elsewhere",
    "size_bytes_of",
]

# What is asked for at a time: more than PyAV takes, less than what a jump is worth.
_BUFFER_BYTES = 1 << 16
# What ffmpeg's numbered series have in their names.
_SERIES_MARKS = frozenset("%*?{")


class ByteRanges(Protocol):
    """A file's bytes, a range at a time; any thread may ask."""

    @property
    def size_bytes(self) -> int:
        """How many bytes the file has."""
        ...

    def read(self, start: int, length: int) -> bytes:
        """Return a range, which lies within the file.

        Raises:
            VideoError: it cannot be read; another try may go well.
        """
        ...


_lock = threading.Lock()
_ranges: dict[str, list[ByteRanges]] = {}


@contextmanager
def reading_elsewhere(path: str | Path, ranges: ByteRanges) -> Iterator[None]:
    """Read the bytes of a path as ranges while the block runs, in all threads of this process.

    Blocks may overlap, also those of one path.
    """
    key = str(Path(path))
    with _lock:
        _ranges.setdefault(key, []).append(ranges)
    try:
        yield
    finally:
        with _lock:
            _ranges[key].remove(ranges)
            if not _ranges[key]:
                del _ranges[key]


def elsewhere(path: str | Path) -> ByteRanges | None:
    """Return what reads the bytes of a path that is no file here; None for any other path."""
    if not _ranges:
        return None
    with _lock:
        found = _ranges.get(str(Path(path)))
        return found[-1] if found else None


def size_bytes_of(path: str | Path) -> int:
    """Return how many bytes a file has.

    Raises:
        OSError, ValueError: there is no such file.
    """
    ranges = elsewhere(path)
    return Path(path).stat().st_size if ranges is None else ranges.size_bytes


def open_bytes(path: str | Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        OSError: it cannot be opened.
    """
    ranges = elsewhere(path)
    if ranges is None:
        return Path(path).open("rb")
    return open_ranges(path, ranges)


def open_ranges(path: str | Path, ranges: ByteRanges) -> BinaryIO:
    """Open a file whose bytes are read as ranges; reading it raises what reading these does."""
    return cast(BinaryIO, io.BufferedReader(_RangesFile(Path(path), ranges), _BUFFER_BYTES))


def open_hollow(path: str | Path) -> HollowFile:
    """Open a file that is elsewhere so that parts of it can be left out."""
    ranges = elsewhere(path)
    assert ranges is not None
    return HollowFile(Path(path), ranges)


class _RangesFile(io.RawIOBase):
    """Bytes that somebody else reads, as a file that can be jumped in."""

    def __init__(self, path: Path, ranges: ByteRanges) -> None:
        super().__init__()
        self._ranges = ranges
        self._place = 0
        # ffmpeg guesses a file's kind by its name, too. It would look for the file of a picture, or for a series.
        if path.suffix.lower() not in IMAGE_SUFFIXES and not _SERIES_MARKS & set(path.name):
            self.name = path.name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        room = memoryview(cast(bytearray, buffer)).cast("B")
        length = max(0, min(len(room), self._ranges.size_bytes - self._place))
        if length:
            room[:length] = self._read(self._place, length)
            self._place += length
        return length

    def tell(self) -> int:
        return self._place

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._ranges.size_bytes}[whence]
        if start + place < 0:
            raise OSError(f"there is nothing before a file's beginning ({start + place})")
        self._place = start + place
        return self._place

    def _read(self, start: int, length: int) -> bytes:
        return self._ranges.read(start, length)


class HollowFile(_RangesFile):
    """A file of which some parts are not read: zeros stand for their bytes.

    Attributes:
        left_out: where these parts begin and end, in bytes, in their order; none as long as nobody has set them.
    """

    left_out: Sequence[tuple[int, int]] = ()

    def _read(self, start: int, length: int) -> bytes:
        made = bytearray(length)
        end = start + length
        at = start
        # A fragmented recording has thousands of them.
        for number in range(bisect_right(self.left_out, start, key=itemgetter(1)), len(self.left_out)):
            first, last = self.left_out[number]
            if first >= end:
                break
            if first > at:
                made[at - start : first - start] = self._ranges.read(at, first - at)
            at = min(last, end)
        if at < end:
            made[at - start :] = self._ranges.read(at, end - at)
        return bytes(made)
