"""Objects of a store that a library holds, as open files: what a browser asks for is read by ranges, and no more."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

from framecue.errors import AwayError, GoneError, ObjectError
from framecue.library.state import FileState
from framecue.video.read.access import open_ranges
from framecue.video.read.stored_object import CachedObject, StoredObject

__all__ = ["find_unchanged_object", "open_object_file"]

# Of each answer that is being sent; many are at once.
_CACHE_BYTES = 4 << 20
_MOST_BYTES_AT_ONCE = 1 << 20


def open_object_file(url: str, state: FileState) -> BinaryIO:
    """Open an object that is as it was indexed; all that is read of it is of that content.

    Reading it raises ``VideoError`` where the store does not give what it has.

    Raises:
        GoneError: it is gone, has changed, or cannot be read (AwayError).
    """
    found = find_unchanged_object(url, state)
    ranges = CachedObject(found, cache_bytes=_CACHE_BYTES, most_bytes_at_once=_MOST_BYTES_AT_ONCE)
    return open_ranges(url, ranges)


def find_unchanged_object(url: str, state: FileState) -> StoredObject:
    """Return the object, which is as it was indexed; one request.

    Raises:
        GoneError: it is gone, has changed, or cannot be read (AwayError).
    """
    from framecue.object_store.objects import size_and_tag

    name = PurePosixPath(url).name
    try:
        now = size_and_tag(url)
    except ObjectError as error:
        if error.cause == "absent":
            message = f"{name} is no longer where it was indexed; put it back, or index its folder again"
            raise GoneError(message) from None
        raise AwayError(f"{name} cannot be read ({error.reason})") from None
    if FileState(now.size_bytes, now.modified_seconds, str(now.tag) or None) != state:
        raise GoneError(f"{name} has changed since it was indexed; index its folder again")
    return StoredObject(url, now.size_bytes, now.tag)
