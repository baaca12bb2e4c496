"""A look at the beginning of a file whose name may be a video's or something else's: TypeScript, music, a Go module."""

from __future__ import annotations

import codecs
from typing import Literal

from framecue.library.files.interface import Files

__all__ = ["look_inside"]

# Where tracker music says what it is, and how long that is.
_TRACKER_PLACE, _TRACKER_BYTES = 1080, 4
_TRACKER_MARKS = (b"M.K.", b"M!K!", b"M&K!", b"N.T.", b"FLT4", b"FLT8", b"OCTA", b"CD81")
_GZIP = b"\x1f\x8b"
# Control characters that no text holds; transport streams, and all other videos, are full of them.
_NOT_IN_TEXTS = bytes(sorted({*range(32), 127} - set(b"\t\n\v\f\r\x1b")))


def look_inside(files: Files, path: str) -> Literal["sound", "other"] | None:
    """Return what a file is if that is certainly no video: "sound", or "other" for texts and the like.

    Returns:
        None if it may be a video, or cannot be read: its reader will say why.
    """
    try:
        with files.open(path) as file:
            head = file.read(_TRACKER_PLACE + _TRACKER_BYTES)
    except OSError:
        return None
    mark = head[_TRACKER_PLACE:]
    if (
        mark in _TRACKER_MARKS
        or (mark[1:] == b"CHN" and mark[:1].isdigit())
        or (mark[2:] == b"CH" and mark[:2].isdigit())
    ):
        return "sound"
    # Compilers of Fortran write modules that are packed.
    return "other" if head.startswith(_GZIP) or _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """Whether this is the beginning of a text in any encoding; nothing at all is an empty text."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return len(head.translate(None, _NOT_IN_TEXTS)) == len(head)
