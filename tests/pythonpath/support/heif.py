"""HEIF files put together by hand: grids of tiles as phones write them, with thumbnails and auxiliary pictures."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream

ENCODERS = {
    "hvc1": (
        "libx265",
        {"preset": "ultrafast", "x265-params": "log-level=none:pools=none:keyint=1:lossless=1"},
        b"hvcC",
    ),
    "av01": ("libsvtav1", {"preset": "10", "crf": "5", "svtav1-params": "lp=1:avif=1"}, b"av1C"),
}


def box(kind: bytes, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def coded(picture: np.ndarray, codec: str, *, color_range: int = 1) -> tuple[bytes, bytes]:
    """Encode one picture, uint8 (H, W, 3); return its decoder's configuration, as a box, and its data."""
    encoder, options, config = ENCODERS[codec]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = cast(VideoStream, container.add_stream(encoder, rate=1, options=options))
        stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], "yuv420p"
        stream.codec_context.color_range = color_range
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_color_range=color_range)
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    content = buffer.getvalue()
    place = content.index(config) - 4
    (length,) = struct.unpack(">I", content[place : place + 4])
    with av.open(io.BytesIO(content), "r") as made:
        data = bytes(next(packet for packet in made.demux(video=0) if packet.size))
    return content[place : place + length], data


def heif(
    picture: np.ndarray,
    *,
    codec: str = "hvc1",
    tiles: tuple[int, int] = (1, 1),
    crop: tuple[int, int] | None = None,
    thumbnail: np.ndarray | None = None,
    alpha: np.ndarray | None = None,
    rotated: int = 0,
    mirrored: int | None = None,
    aperture: tuple[int, int] | None = None,
) -> bytes:
    """Return a HEIC or AVIF file.

    Args:
        picture: uint8 (H, W, 3), whose sides the tiles divide.
        codec: a key of ENCODERS.
        tiles: rows and columns; one of both is a picture without tiles.
        crop: height and width of what is shown of a grid.
        thumbnail: another picture that stands for it.
        alpha: uint8 (H, W, 3), grey: how opaque the picture is.
        rotated: quarter turns counterclockwise in which it is shown.
        mirrored: 0 for top and bottom exchanged, 1 for left and right, None for neither.
        aperture: height and width of the middle that is shown.
    """
    rows, columns = tiles
    height, width = picture.shape[0] // rows, picture.shape[1] // columns
    items: list[tuple[int, bytes, bytes, list[bytes]]] = []  # number, kind, data, properties
    references: list[bytes] = []

    def add(part: np.ndarray, *more: bytes, color_range: int = 1) -> int:
        config, data = coded(part, codec, color_range=color_range)
        size = full_box(b"ispe", 0, 0, struct.pack(">II", part.shape[1], part.shape[0]))
        items.append((len(items) + 1, codec.encode(), data, [config, size, _channels(3), *more]))
        return len(items)

    def refer(kind: bytes, source: int, targets: Sequence[int]) -> None:
        references.append(box(kind, struct.pack(f">HH{len(targets)}H", source, len(targets), *targets)))

    turns = [box(b"irot", bytes([rotated]))] if rotated else []
    turns += [] if mirrored is None else [box(b"imir", bytes([mirrored]))]
    if aperture is not None:
        turns.insert(0, box(b"clap", struct.pack(">8I", aperture[1], 1, aperture[0], 1, 0, 1, 0, 1)))
    if tiles == (1, 1):
        primary = add(picture, *turns)
    else:
        parts = [
            add(picture[row * height : (row + 1) * height, column * width : (column + 1) * width])
            for row in range(rows)
            for column in range(columns)
        ]
        shown = crop or picture.shape[:2]
        grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, shown[1], shown[0])
        size = full_box(b"ispe", 0, 0, struct.pack(">II", shown[1], shown[0]))
        items.append((len(items) + 1, b"grid", grid, [size, _channels(3), *turns]))
        primary = len(items)
        refer(b"dimg", primary, parts)
    hidden = {number for number, *_ in items if number != primary}
    if thumbnail is not None:
        refer(b"thmb", add(thumbnail), [primary])
    if alpha is not None:
        urn = b"urn:mpeg:hevc:2015:auxid:1\0" if codec == "hvc1" else b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
        number = add(alpha, full_box(b"auxC", 0, 0, urn), color_range=2)
        refer(b"auxl", number, [primary])
        hidden.add(number)
    return _file(items, references, primary, hidden, codec)


def _channels(number: int) -> bytes:
    return full_box(b"pixi", 0, 0, bytes([number] + [8] * number))


def _file(
    items: list[tuple[int, bytes, bytes, list[bytes]]],
    references: list[bytes],
    primary: int,
    hidden: set[int],
    codec: str,
) -> bytes:
    brand = b"heic" if codec == "hvc1" else b"avif"
    head = box(b"ftyp", brand, bytes(4), b"mif1", brand, b"miaf")
    infos = [
        full_box(b"infe", 2, int(number in hidden), struct.pack(">HH4s", number, 0, kind), b"\0")
        for number, kind, *_ in items
    ]
    properties: list[bytes] = []
    links = []
    for number, _, _, own in items:
        places = []
        for one in own:
            if one not in properties:
                properties.append(one)
            essential = 0x80 if one[4:8] in (b"hvcC", b"av1C", b"irot", b"imir", b"clap") else 0
            places.append(properties.index(one) + 1 | essential)
        links.append(struct.pack(">HB", number, len(places)) + bytes(places))

    def meta(start: int) -> bytes:
        places, at = [], start
        for number, _, data, _ in items:
            places.append(struct.pack(">HHHII", number, 0, 1, at, len(data)))
            at += len(data)
        return full_box(
            b"meta",
            0,
            0,
            full_box(b"hdlr", 0, 0, bytes(4), b"pict", bytes(13)),
            full_box(b"pitm", 0, 0, struct.pack(">H", primary)),
            full_box(b"iloc", 0, 0, b"\x44\x00", struct.pack(">H", len(items)), *places),
            full_box(b"iinf", 0, 0, struct.pack(">H", len(items)), *infos),
            *([full_box(b"iref", 0, 0, *references)] if references else []),
            box(b"iprp", box(b"ipco", *properties), full_box(b"ipma", 0, 0, struct.pack(">I", len(links)), *links)),
        )

    start = len(head) + len(meta(0)) + 8
    return head + meta(start) + box(b"mdat", *(data for _, _, data, _ in items))
