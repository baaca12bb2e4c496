"""Telling what is wrong with a file's content, which stays so until it changes, from what is wrong with reading it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from framecue.errors import VideoError
from framecue.video.read.access import elsewhere, open_bytes

__all__ = ["judged"]

_BYTES = 1 << 16


@contextmanager
def judged(path: str) -> Iterator[None]:
    """Mark a VideoError in the block as one of the content, where nothing else explains it.

    ffmpeg takes much of what a disk fails to give for the end of the file. So the file has to be the same before and
    after, and its beginning and end have to be there: a disk that has gone, or a right that was taken, gives neither.
    """
    before = _state(path)
    try:
        yield
    except VideoError as error:
        if before is None or _state(path) != before or not _can_be_read(path):
            error.cause = None
        elif error.__cause__ is None or not isinstance(error.__cause__, (OSError, MemoryError)):
            error.cause = error.cause or "content"
        raise


def _state(path: str) -> tuple[int, int] | None:
    if (ranges := elsewhere(path)) is not None:
        return ranges.size_bytes, 0  # whoever reads them sees that they stay the same
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _can_be_read(path: str) -> bool:
    try:
        with open_bytes(path) as file:
            begin = file.read(_BYTES)
            size_bytes = file.seek(0, os.SEEK_END)
            file.seek(max(0, size_bytes - _BYTES))
            end = file.read(_BYTES)
    except OSError:
        return False
    return len(begin) == len(end) == min(_BYTES, size_bytes)
