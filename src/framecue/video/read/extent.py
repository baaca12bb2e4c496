"""How long a file says that it is, by its outermost boxes: what a download that broke off lacks, to the byte."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from framecue.video.read.access import open_bytes

__all__ = ["missing_bytes"]

_MP4_BRANDS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_MOST_BOXES = 100_000  # a fragmented recording of a day has some ten thousand


def missing_bytes(path: str | Path) -> int:
    """Return how many bytes a file lacks at its end by its own account; 0 if none, or if its format does not say.

    MP4 and MOV (ISO/IEC 14496-12, 4.2) are a chain of boxes, AVI is one of RIFF chunks, each with its length.

    Args:
        path: the file.

    Raises:
        OSError: it cannot be read.
    """
    with open_bytes(path) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(12)
        if head[4:8] in _MP4_BRANDS:
            return max(_end_of_boxes(file, size) - size, 0)
        if head[:4] == b"RIFF":
            return max(8 + int.from_bytes(head[4:8], "little") - size, 0)
    return 0


def _end_of_boxes(file: BinaryIO, size: int) -> int:
    """Return where the last box ends, which may be beyond the file."""
    end = 0
    for _ in range(_MOST_BOXES):
        if end + 8 > size:
            # What is left is no whole head of a box; a few stray bytes at the end of a file mean nothing.
            break
        file.seek(end)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length == 0:  # up to the end of the file, wherever that is
            break
        if length < 8 or not head[4:8].isascii():
            break
        end += length
    return end
