"""What a file's container says is not shown of its pictures: mp4's clean aperture, Matroska's crop.

ffmpeg reads both and PyAV does not pass them on, so they are looked for here: a few headers, wherever they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.video.read.access import open_bytes
from framecue.video.read.shape import Margins

__all__ = ["declared_margins"]

# A damaged file may have boxes without end.
_MOST_BOXES = 10_000
# Of a sample description before its own boxes, as all kinds of pictures have it.
_ENTRY_BYTES = 78
# Matroska's elements.
_SEGMENT, _TRACKS, _TRACK, _VIDEO, _CLUSTER = 0x18538067, 0x1654AE6B, 0xAE, 0xE0, 0x1F43B675
_CROP = {0x54CC: "left", 0x54DD: "right", 0x54BB: "top", 0x54AA: "bottom"}
# Less than this part of a picture is a mistake of the file.
_LEAST_SHOWN = Fraction(1, 16)


def declared_margins(path: Path, container: InputContainer, stream: VideoStream) -> Margins | None:
    """Return what is cut off a stream's pictures, None for nothing.

    Args:
        path: the file.
        container: the file, newly opened.
        stream: of its streams.
    """
    read = {"mov": _of_mp4, "matroska": _of_matroska}.get(container.format.name.split(",")[0])
    if read is None:
        return None
    try:
        with open_bytes(path) as file:
            margins = read(file, container, stream)
    except (OSError, ValueError, struct.error, ZeroDivisionError):
        return None
    return margins if margins is not None and _is_sensible(margins, stream.width, stream.height) else None


def _is_sensible(margins: Margins, width: int, height: int) -> bool:
    shown_width, shown_height = margins.shown(width, height)
    is_inside = min(margins) >= 0 and shown_width > 0 and shown_height > 0
    return any(margins) and is_inside and shown_width * shown_height >= _LEAST_SHOWN * width * height


def _of_mp4(file: BinaryIO, container: InputContainer, stream: VideoStream) -> Margins | None:
    for track in _find(file, 0, _length(file), (b"moov", b"trak")):
        number = next(_find(file, *track, (b"tkhd",)), None)
        table = next(_find(file, *track, (b"mdia", b"minf", b"stbl", b"stsd")), None)
        if number is None or table is None or _track_number(file, number[0]) != stream.id:
            continue
        for _, start, end in _boxes(file, table[0] + 8, table[1]):
            for aperture, _ in _find(file, start + _ENTRY_BYTES, end, (b"clap",)):
                file.seek(aperture)
                return _margins(struct.unpack(">8i", file.read(32)), stream)
    return None


def _track_number(file: BinaryIO, header: int) -> int:
    file.seek(header)
    long = file.read(1) == b"\x01"  # version 1 has times of 64 bits
    file.seek(header + (20 if long else 12))
    return int.from_bytes(file.read(4), "big")


def _margins(numbers: tuple[int, ...], stream: VideoStream) -> Margins:
    """Return the margins of an aperture: its size, and how far its middle is from the picture's, each as a fraction."""
    width, height, right, down = (Fraction(*numbers[place : place + 2]) for place in range(0, 8, 2))
    left, top = (stream.width - width) / 2 + right, (stream.height - height) / 2 + down
    return Margins(round(left), round(stream.width - width - left), round(top), round(stream.height - height - top))


def _find(file: BinaryIO, start: int, end: int, path: tuple[bytes, ...]) -> Iterator[tuple[int, int]]:
    """Yield where the boxes at a path below a box begin and end."""
    for kind, inner, after in _boxes(file, start, end):
        if kind == path[0]:
            if len(path) == 1:
                yield inner, after
            else:
                yield from _find(file, inner, after, path[1:])


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box between two places of the file, and where its content begins and ends."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        inner = start + 8
        if length == 1:
            (length,), inner = struct.unpack(">Q", file.read(8)), start + 16
        after = end if length == 0 else start + length
        if not inner <= after <= end:
            return
        yield kind, inner, after
        start = after


def _of_matroska(file: BinaryIO, container: InputContainer, stream: VideoStream) -> Margins | None:
    number = [video.index for video in container.streams.video].index(stream.index)
    for kind, start, end in _elements(file, 0, _length(file)):
        if kind != _SEGMENT:
            continue
        for inner, first, last in _elements(file, start, end):
            if inner == _CLUSTER:  # the tracks stand before the pictures
                return None
            if inner == _TRACKS:
                pictures = [
                    _crop(file, *picture)
                    for track, *content in _elements(file, first, last)
                    if track == _TRACK
                    for part, *picture in _elements(file, *content)
                    if part == _VIDEO
                ]
                return pictures[number] if number < len(pictures) else None
    return None


def _crop(file: BinaryIO, start: int, end: int) -> Margins:
    found = {_CROP[kind]: _number(file, *place) for kind, *place in _elements(file, start, end) if kind in _CROP}
    return Margins(*(found.get(side, 0) for side in Margins._fields))


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the kind of each Matroska element between two places, and where its content begins and ends."""
    for _ in range(_MOST_BOXES):
        if start >= end:
            return
        file.seek(start)
        kind, _ = _variable(file)
        size, is_unknown = _variable(file, keeps_mark=False)
        inner = file.tell()
        after = end if is_unknown else inner + size
        if after > end:
            return
        yield kind, inner, after
        start = after


def _variable(file: BinaryIO, *, keeps_mark: bool = True) -> tuple[int, bool]:
    """Read a number of variable length; return it, and whether all its bits are set, which means unknown."""
    first = file.read(1)
    if not first or not first[0]:
        raise ValueError("no number of variable length")
    length = 9 - first[0].bit_length()
    number = int.from_bytes(first + file.read(length - 1), "big")
    mask = (1 << 7 * length) - 1
    return number if keeps_mark else number & mask, number & mask == mask


def _number(file: BinaryIO, start: int, end: int) -> int:
    file.seek(start)
    return int.from_bytes(file.read(min(8, end - start)), "big")


def _length(file: BinaryIO) -> int:
    return file.seek(0, 2)
