from __future__ import annotations

import gzip
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from framecue.library.files.local import LOCAL_FILES
from framecue.library.files.look import look_inside

TEXTS = {
    "typescript": b"export const x: number = 1;\n" * 99,
    "short": b"a",
    "empty": b"",
    "utf-8": "// Größe, 日本\n".encode() * 99,
    "windows": "// Größe\r\n".encode("cp1252") * 99,
    "utf-16": "Größe\n".encode("utf-16") * 99,
    "qt linguist": b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n<TS version="2.1">\n',
    "go.mod": b"module example.org/x\n\ngo 1.22\n",
    "fortran.mod": gzip.compress(b"GFORTRAN module version '15'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_and_the_like_are_something_else(name: str, tmp_path: Path) -> None:
    (tmp_path / "a.ts").write_bytes(TEXTS[name])
    assert look_inside(LOCAL_FILES, str(tmp_path / "a.ts")) == "other"


@pytest.mark.parametrize("mark", [b"M.K.", b"FLT4", b"6CHN", b"16CH"])
def test_tracker_music_is_sound(mark: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mod").write_bytes(b"a song".ljust(20, b"\0") + bytes(1060) + mark + bytes(999))
    assert look_inside(LOCAL_FILES, str(tmp_path / "a.mod")) == "sound"


@pytest.mark.parametrize("kind", ["mpegts", "mpeg", "dv", "nut", "ogg"])
def test_videos_may_be_videos(kind: str, tmp_path: Path) -> None:
    codecs = {"dv": ("dvvideo", 720, 576, "yuv420p"), "ogg": ("libvpx", 64, 48, "yuv420p")}
    codec, width, height, pixels = codecs.get(kind, ("mpeg2video", 64, 48, "yuv420p"))
    path = tmp_path / "a.bin"
    try:
        with av.open(str(path), "w", format=kind) as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, pixels
            for number in range(25):
                frame = av.VideoFrame.from_ndarray(np.full((height, width, 3), 9 * number, np.uint8)).reformat(
                    format=pixels
                )
                frame.pts, frame.time_base = number, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (ValueError, av.FFmpegError) as error:
        pytest.skip(f"this ffmpeg writes no {kind} ({error})")
    assert look_inside(LOCAL_FILES, str(path)) is None


def test_what_cannot_be_read_may_be_a_video(tmp_path: Path) -> None:
    assert look_inside(LOCAL_FILES, str(tmp_path)) is None
    assert look_inside(LOCAL_FILES, str(tmp_path / "none.ts")) is None
