"""What kind of file something is, by its first bytes: for the headers of an answer, without any decoder."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO

__all__ = ["ANY_TYPE", "PICTURES_SHOWN", "media_type_of"]

ANY_TYPE = "application/octet-stream"
"""Of a file whose kind is not known: browsers save it."""

PICTURES_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp"})
"""The pictures that every browser shows; AVIF is shown by those of the last few years."""

_HEAD_BYTES = 512
_TS_PACKET = 188
_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL ", "image/jxl"),
    (b"OggS", "video/ogg"),
    (b"FLV", "video/x-flv"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"\0\0\1\xb3", "video/mpeg"),
)
_HEIF = frozenset({b"heic", b"heim", b"heis", b"heix", b"hevc", b"hevx", b"mif1", b"msf1"})
_AVIF = frozenset({b"avif", b"avis"})
# The boxes with which mp4 files begin that do not say what they are.
_OLD_BOXES = frozenset({b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


def media_type_of(file: BinaryIO) -> str:
    """Return the media type of an open file, ANY_TYPE if it is none that is known; the file is at its beginning then.

    No type is returned that a browser would run something of.
    """
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    for beginning, name in _BEGINNINGS:
        if head.startswith(beginning):
            return name
    return next((name for name in (look(head) for look in _LOOKS) if name), ANY_TYPE)


def _riff(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo"}.get(head[8:12])
    return None


def _mp4(head: bytes) -> str | None:
    box, brand = head[4:8], head[8:12]
    if box == b"ftyp":
        if brand in _HEIF:
            return "image/heic"
        return "image/avif" if brand in _AVIF else "video/quicktime" if brand == b"qt  " else "video/mp4"
    return "video/quicktime" if box in _OLD_BOXES else None


def _matroska(head: bytes) -> str | None:
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in head[:256] else "video/x-matroska"
    return None


def _transport_stream(head: bytes) -> str | None:
    is_one = head[:1] == b"G" and head[_TS_PACKET : _TS_PACKET + 1] == b"G"
    # A camera's has four bytes of time before each packet.
    is_timed = head[4:5] == b"G" and head[_TS_PACKET + 8 : _TS_PACKET + 9] == b"G"
    return "video/mp2t" if is_one or is_timed else None


_LOOKS: tuple[Callable[[bytes], str | None], ...] = (_riff, _mp4, _matroska, _transport_stream)
