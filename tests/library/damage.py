"""Damaged video files: a few good ones, and what storage, transfers, tools and people do to such files.

All is made from a seed, so that a file that once broke something can be made again.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

# Ending -> encoder, pixel format, what the muxer is told.
FORMATS: dict[str, tuple[str, str, dict[str, str]]] = {
    "mp4": ("libx264", "yuv420p", {}),
    "fast.mp4": ("libx264", "yuv420p", {"movflags": "faststart"}),
    "parts.mp4": ("libx264", "yuv420p", {"movflags": "frag_keyframe+empty_moov"}),
    "hevc.mp4": ("libx265", "yuv420p", {}),
    "mov": ("mjpeg", "yuvj420p", {}),
    "mkv": ("libx264", "yuv420p", {}),
    "webm": ("libvpx-vp9", "yuv420p", {}),
    "vp8.webm": ("libvpx", "yuv420p", {}),
    "avi": ("mpeg4", "yuv420p", {}),
    "ts": ("mpeg2video", "yuv420p", {}),
    "mpg": ("mpeg1video", "yuv420p", {}),
    "flv": ("flv", "yuv420p", {}),
    "wmv": ("wmv2", "yuv420p", {}),
    "gif": ("gif", "rgb8", {}),
}
PICTURES = ("png", "jpg", "webp", "bmp", "tiff")


def make_good(folder: Path, *, seed: int = 0, num_frames: int = 12) -> dict[str, Path]:
    """Write one small file of each kind, each with pictures of its own; gives them by ending."""
    rng = np.random.default_rng(seed)
    files: dict[str, Path] = {}
    for number, (ending, (codec, pix_fmt, options)) in enumerate(FORMATS.items()):
        files[ending] = folder / f"good {number}.{ending}"
        write_video_as(files[ending], pictures(rng, num_frames), codec=codec, pix_fmt=pix_fmt, options=options)
    for ending in PICTURES:
        files[ending] = folder / f"picture.{ending}"
        Image.fromarray(next(pictures(rng, 1))).save(files[ending])
    return files


def pictures(rng: np.random.Generator, number: int) -> Iterator[np.ndarray]:
    """Yield a coloured pattern that moves."""
    pattern = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)
    for step in range(number):
        yield np.ascontiguousarray(np.roll(pattern, 2 * step, axis=1))


def write_video_as(
    path: Path, frames: Iterator[np.ndarray], *, codec: str, pix_fmt: str, options: dict[str, str]
) -> None:
    """Write frames at 25 a second, with a keyframe every sixth."""
    encoder = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream(codec, rate=25, options=encoder)
        stream.height, stream.width, stream.pix_fmt = 48, 64, pix_fmt
        stream.codec_context.gop_size = 6
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def mutate(data: bytes, rng: np.random.Generator) -> tuple[str, bytes]:
    """Do one random kind of damage to a file's bytes; gives its name as well."""
    name = str(rng.choice(sorted(_MUTATIONS)))
    return name, _MUTATIONS[name](bytearray(data), rng)


def _place(data: bytearray, rng: np.random.Generator) -> int:
    """Choose where: the header, the body, or the end (where some formats have their index)."""
    region = rng.integers(3)
    low, high = ((0, 400), (0, len(data)), (len(data) - 800, len(data)))[region]
    return int(rng.integers(max(0, low), max(1, min(high, len(data)))))


def _flip(data: bytearray, rng: np.random.Generator, number: int) -> bytes:
    for _ in range(number):
        data[_place(data, rng)] ^= 1 << int(rng.integers(8))
    return bytes(data)


def _overwrite(data: bytearray, rng: np.random.Generator, what: Callable[[int], bytes]) -> bytes:
    start, length = _place(data, rng), int(rng.integers(1, max(2, len(data) // 8)))
    length = min(length, len(data) - start)
    data[start : start + length] = what(length)
    return bytes(data)


def _number(data: bytearray, rng: np.random.Generator) -> bytes:
    """Put an extreme number where one may stand."""
    start = _place(data, rng) & ~1
    value = struct.pack(*_NUMBERS[int(rng.integers(len(_NUMBERS)))])
    data[start : start + len(value)] = value
    return bytes(data)


def _remove(data: bytearray, rng: np.random.Generator) -> bytes:
    start = _place(data, rng)
    del data[start : start + int(rng.integers(1, 2000))]
    return bytes(data)


def _repeat(data: bytearray, rng: np.random.Generator) -> bytes:
    start, length = _place(data, rng), int(rng.integers(1, 2000))
    data[start:start] = data[start : start + length] * int(rng.integers(1, 50))
    return bytes(data)


# fmt: off
_NUMBERS = (
    (">I", 0), (">I", 1), (">I", 0x7FFFFFFF), (">I", 0x80000000), (">I", 0xFFFFFFFF), (">Q", 0xFFFFFFFFFFFFFFFF),
    ("<I", 0x7FFFFFFF), ("<I", 0xFFFFFFFF), (">H", 0xFFFF), (">H", 0x7FFF), (">I", 30_000), ("<I", 30_000),
)
# fmt: on
_MUTATIONS: dict[str, Callable[[bytearray, np.random.Generator], bytes]] = {
    "cut": lambda data, rng: bytes(data[: rng.integers(len(data))]),
    "flip1": lambda data, rng: _flip(data, rng, 1),
    "flip8": lambda data, rng: _flip(data, rng, 8),
    "flip100": lambda data, rng: _flip(data, rng, 100),
    "zeros": lambda data, rng: _overwrite(data, rng, bytes),
    "ones": lambda data, rng: _overwrite(data, rng, lambda length: b"\xff" * length),
    "noise": lambda data, rng: _overwrite(data, rng, rng.bytes),
    "number": _number,
    "removed": _remove,
    "repeated": _repeat,
}


def absurd_headers(good: dict[str, Path]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of files that say impossible things of themselves."""
    mp4 = good["fast.mp4"].read_bytes()
    fields = {
        # box, bytes after its name, format, values
        "timescale": ("mdhd", 12, ">I", (0, 1, 0xFFFFFFFF)),
        "duration": ("mdhd", 16, ">I", (0, 0x7FFFFFFF, 0xFFFFFFFF)),
        "movie timescale": ("mvhd", 12, ">I", (0, 0xFFFFFFFF)),
        "width": ("avc1", 24, ">H", (0, 1, 0x7FFF, 0xFFFF)),
        "shown width": ("tkhd", 76, ">I", (0, 0x7FFFFFFF, 0xFFFFFFFF)),
        "number of samples": ("stsz", 8, ">I", (0, 0x00FFFFFF, 0xFFFFFFFF)),
        "size of samples": ("stsz", 4, ">I", (1, 0x7FFFFFFF)),
        "number of times": ("stts", 4, ">I", (0, 0xFFFFFFFF)),
        "frames at a time": ("stts", 8, ">I", (0, 0x7FFFFFFF)),
        "length of a frame": ("stts", 12, ">I", (0, 0x7FFFFFFF, 0xFFFFFFFF)),
        "place of a chunk": ("stco", 8, ">I", (0, 0xFFFFFFFF)),
        "number of keys": ("stss", 4, ">I", (0, 0xFFFFFFFF)),
        "profile": ("avcC", 1, ">B", (0, 255)),
    }
    for name, (box, offset, layout, values) in fields.items():
        for value in values:
            yield f"{name} {value}.mp4", _patched(mp4, mp4.index(box.encode()) + 4 + offset, layout, value)
    for box in ("ftyp", "moov", "trak", "stbl", "mdat"):
        for size in (0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF):
            yield f"size of {box} {size}.mp4", _patched(mp4, mp4.index(box.encode()) - 4, ">I", size)
    for width, height in ((30_000, 30_000), (0x7FFFFFFF, 1), (0, 0), (65_000, 16)):
        yield f"{width} x {height}.png", _png(good["png"].read_bytes(), width, height)
        yield f"{width} x {height}.bmp", _sized(good["bmp"].read_bytes(), 18, "<ii", width, height)
    yield "upside down.bmp", _sized(good["bmp"].read_bytes(), 18, "<ii", 64, -48)
    yield "negative.bmp", _sized(good["bmp"].read_bytes(), 18, "<ii", -64, -2_000_000_000)
    jpeg = good["jpg"].read_bytes()
    yield "65500.jpg", _sized(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH", 65_500, 65_500)
    yield "0.jpg", _sized(jpeg, jpeg.index(b"\xff\xc0") + 5, ">HH", 0, 0)
    yield "65535.gif", _sized(good["gif"].read_bytes(), 6, "<HH", 65_535, 65_535)
    yield "0.gif", _sized(good["gif"].read_bytes(), 6, "<HH", 0, 0)
    avi = good["avi"].read_bytes()
    stream = avi.index(b"strh") + 8
    for scale, rate in ((0, 0), (0, 25), (1, 0), (0xFFFFFFFF, 1), (1, 0xFFFFFFFF)):
        yield f"{scale} by {rate} frames a second.avi", _sized(avi, stream + 20, "<II", scale, rate)
    yield "number of frames.avi", _patched(avi, stream + 32, "<I", 0xFFFFFFFF)
    yield "frames size.avi", _sized(avi, avi.index(b"strf") + 12, "<ii", 30_000, -30_000)
    flv = good["flv"].read_bytes()
    yield "sizes.flv", _patched(flv, 14, ">I", 0x12FFFFFF)
    ts = good["ts"].read_bytes()
    yield "shifted.ts", b"x" * 77 + ts
    yield "twice.ts", ts + ts


# fmt: off
ODD_NAMES = (
    " first a blank.mp4", "it's.mp4", '"quoted".mp4', "two\nlines.mp4", "a\ttab.mp4", "a bell\a.mp4", "\U0001f3ac.mp4",
    "-dash.mp4", "--help.mp4", "100%.mp4", "%03d.mp4", "*?[a].mp4", "a;b&c|d.mp4", "$(echo).mp4", "back\\slash.mp4",
    "12:30.mp4", "concat:a|b.mp4", "http:.mp4", "u\u0308.mp4", "\u202eleft.mp4", "LOUD.MP4", "several.dots..mp4",
    "a" * 251 + ".mp4", "'; DROP TABLE segments; --.mp4",
)
# fmt: on


def make_oddities(folder: Path, good: dict[str, Path]) -> tuple[list[Path], list[Path]]:
    """Put odd things into a folder: names, links, depths, things that are no files.

    Returns:
        (what has to be indexed, what cannot be).
    """
    fine: list[Path] = []
    for name in ODD_NAMES:
        fine.append(folder / "names" / name)
    deep = folder.joinpath(*(f"the deep {level}" for level in range(30)))
    fine += [deep / "deep.mp4", folder / "a folder.mp4" / "inside.mp4", folder / "link is good.mp4"]
    fine += [folder / "wrong" / f"{ending}.{other}" for ending, other in _WRONG_ENDINGS.items()]
    for number, path in enumerate(fine):
        path.parent.mkdir(parents=True, exist_ok=True)
        ending = path.stem if path.parent.name == "wrong" else "mp4"
        path.write_bytes(unlike_others(good[ending].read_bytes(), number))
    target = folder / "link is good.mp4"
    target.rename(folder / "not looked for.bin")
    target.symlink_to(folder / "not looked for.bin")

    bad = {
        "empty.mp4": b"",
        "one byte.mp4": b"\0",
        "text.mp4": b"It was a dark and stormy night.\n" * 100,
        "page.webm": b"<!doctype html><title>404</title>" * 20,
        "playlist.ts": b"#EXTM3U\n#EXTINF:2,\n/dev/zero\n#EXTINF:2,\nother.ts\n",
        "list.mkv": b"ffconcat version 1.0\nfile /dev/zero\n",
        "program.avi": b"\x7fELF" + bytes(range(256)) * 40,
        "zip.mov": b"PK\3\4" + bytes(500),
        "zeros.mp4": bytes(100_000),
        "ones.mpg": b"\xff" * 100_000,
        "half a download.mp4.part.mp4": good["mp4"].read_bytes()[:600] + bytes(5000),
    }
    for name, data in bad.items():
        (folder / name).write_bytes(data)
    unusable = [folder / name for name in bad]
    sparse = folder / "sparse.mkv"
    with sparse.open("wb") as file:
        file.truncate(64 << 20)
    links = {"itself.mp4": "itself.mp4", "there.mp4": "back.mp4", "back.mp4": "there.mp4", "nothing.mp4": "gone.mp4"}
    links |= {"zero.mp4": "/dev/zero"}
    for name, to in links.items():
        (folder / name).symlink_to(to)
    (folder / "names" / "up again").symlink_to(folder)
    (deep / "down again").symlink_to(folder / "names", target_is_directory=True)
    (folder / "an empty folder.mp4").mkdir()
    os.mkfifo(folder / "pipe.mp4")
    unusable += [sparse, *(folder / name for name in links), folder / "pipe.mp4"]
    unusable.append(Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe not utf-8.mp4")))
    unusable[-1].write_bytes(good["mp4"].read_bytes())
    if os.geteuid() != 0:
        locked = folder / "locked.mp4"
        locked.write_bytes(good["mp4"].read_bytes() + b"locked")
        locked.chmod(0)
        unusable.append(locked)
    return fine, unusable


_WRONG_ENDINGS = {"mp4": "avi", "mkv": "mp4", "webm": "mov", "avi": "ts", "gif": "mp4", "png": "mp4", "jpg": "png"}


def unlike_others(data: bytes, number: int) -> bytes:
    """Another content that shows the same: bytes that a reader passes over."""
    return data + b"\0\0\0\x0cfree" + number.to_bytes(4, "big")


def _patched(data: bytes, place: int, layout: str, value: int) -> bytes:
    return _sized(data, place, layout, value)


def _sized(data: bytes, place: int, layout: str, *values: int) -> bytes:
    new = struct.pack(layout, *values)
    return data[:place] + new + data[place + len(new) :]


def _png(data: bytes, width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
