"""An object as a file that is open for reading, by ranges."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

from framecue.object_store.objects import ObjectState, read_range, size_and_tag

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["open_object"]

_BLOCK_BYTES = 128 << 10


def open_object(url: str, *, block_bytes: int = _BLOCK_BYTES) -> BinaryIO:
    """Open an object; what is read is all of one content of it.

    Args:
        url: the object.
        block_bytes: how many bytes to ask for at least, where fewer are read.

    Raises:
        ObjectError: there is none, or it cannot be read; reading it raises this too.
    """
    return cast(BinaryIO, io.BufferedReader(_Raw(url, size_and_tag(url)), block_bytes))


class _Raw(io.RawIOBase):
    def __init__(self, url: str, state: ObjectState) -> None:
        self._url, self._state, self._place = url, state, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._state.size_bytes}[whence]
        self._place = max(0, start + offset)
        return self._place

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        length = min(len(view), self._state.size_bytes - self._place)
        if length <= 0:
            return 0
        data = read_range(self._url, self._place, length, tag=self._state.tag)
        view[: len(data)] = data
        self._place += len(data)
        return len(data)
