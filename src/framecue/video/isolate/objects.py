"""How a question about an object in a store is asked: of a copy on the disk, or of ranges that are read for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from framecue.errors import VideoError
from framecue.video.isolate.question import Question
from framecue.video.isolate.spool import is_spooled, spooled
from framecue.video.read.stored_object import BLOCK_BYTES, CachedObject, StoredObject, find_object, url_of
from framecue.video.read.suffixes import IMAGE_SUFFIXES

__all__ = ["Asked", "ObjectReader"]

Part = TypeVar("Part", covariant=True)

# Files whose packets can be found without reading all of them.
_TABLED_SUFFIXES = frozenset(
    (".3g2", ".3gp", ".3gp2", ".3gpp", ".3gpp2", ".f4v", ".m4v", ".mov", ".mp4", ".mp4v", ".mpg4", ".qt")
)
# What is as quickly read as a few ranges of it.
_SMALL_BYTES = 512 << 10
# The box by which an mp4 says that it is in fragments; it stands at the beginning.
_FRAGMENTS = b"mvex"
# The decoding process may have been taken over by its file.
_MOST_BYTES_AT_ONCE = 16 << 20


@dataclass(frozen=True)
class Asked(Generic[Part]):
    """A question as it is sent.

    Attributes:
        question: what to send.
        name: what the caller calls the file.
        ranges: reads the file's bytes for the decoding process; None of a file on disk.
    """

    question: Question[Part]
    name: str
    ranges: CachedObject | None = None

    def reason(self, told: str) -> str:
        """Return what the decoding process says is wrong, in which no copy is named."""
        return told if self.question.path == self.name else told.replace(self.question.path, self.name)

    def bytes_for(self, wanted: object) -> bytes:
        """Return the bytes that the decoding process asks for.

        Raises:
            VideoError: the store does not give them.
            ValueError: nobody who is well asks so.
        """
        if self.ranges is None or not isinstance(wanted, tuple) or len(wanted) != 2:
            raise ValueError("there is nothing to read by ranges")
        start, length = wanted
        if not isinstance(start, int) or not isinstance(length, int) or not 0 < length <= _MOST_BYTES_AT_ONCE:
            raise ValueError("this is no range")
        if not 0 <= start <= self.ranges.size_bytes - length:
            raise ValueError("this range is not within the object")
        return self.ranges.read(start, length)


class ObjectReader:
    """Gets at the objects that one reader is asked about, one question at a time."""

    def __init__(self) -> None:
        self._last: CachedObject | None = None

    @contextmanager
    def opened(self, question: Question[Part], is_given_up: Callable[[], bool]) -> Iterator[Asked[Part]]:
        """Have what a question takes while the block runs; one about a file on disk stays as it is.

        Args:
            question: what is asked.
            is_given_up: asked now and then during a download, whether nobody waits for it any more.

        Raises:
            VideoError: the object cannot be read, or is given up.
        """
        url = url_of(question.path)
        if url is None:
            yield Asked(question, question.path)
            return
        stored = find_object(url)

        def go_on() -> None:
            if is_given_up():
                raise VideoError(url, "reading it was given up, as its reader was closed")

        makes = not is_spooled(stored) and self._reads_all(question, stored)
        with spooled(stored, go_on, makes=makes) as path:
            if path is not None:
                yield Asked(replace(question, path=str(path)), url)
                return
            yield Asked(replace(question, path=url, object_bytes=stored.size_bytes), url, self._ranges_of(stored))

    def forget(self) -> None:
        """Give back the memory that was taken for ranges."""
        self._last = None

    def _ranges_of(self, stored: StoredObject) -> CachedObject:
        if self._last is None or self._last.found != stored:
            self._last = CachedObject(stored)
        return self._last

    def _reads_all(self, question: Question[Part], stored: StoredObject) -> bool:
        """Whether a question reads as much of an object as it has, perhaps several times."""
        if not stored.size_bytes:
            return False
        suffix = Path(stored.url).suffix.lower()
        if stored.size_bytes <= _SMALL_BYTES or suffix in IMAGE_SUFFIXES or question.reads == "all":
            return True
        if question.reads == "little":
            return False
        if suffix not in _TABLED_SUFFIXES:
            return True
        # In one that was recorded in fragments the tables lie scattered over all of it.
        head = self._ranges_of(stored).read(0, min(BLOCK_BYTES, stored.size_bytes))
        return _FRAGMENTS in head
