"""What kind of file something is, by its first bytes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from framecue.service.media.kinds import ANY_TYPE, media_type_of
from support.playing import make_film


@pytest.mark.parametrize(
    ("name", "picture", "expected"),
    [
        ("film.mp4", "libx264", "video/mp4"),
        ("film.mov", "libx264", "video/quicktime"),
        ("film.mkv", "libx264", "video/x-matroska"),
        ("film.webm", "libvpx", "video/webm"),
        ("film.avi", "mpeg4", "video/x-msvideo"),
        ("film.ts", "mpeg2video", "video/mp2t"),
        ("film.mpg", "mpeg2video", "video/mpeg"),
        ("film.wmv", "wmv2", "video/x-ms-wmv"),
        ("film.flv", "flv", "video/x-flv"),
    ],
)
def test_films(tmp_path: Path, name: str, picture: str, expected: str) -> None:
    with make_film(tmp_path / name, picture, None, num_frames=2).open("rb") as file:
        assert media_type_of(file) == expected
        assert file.tell() == 0


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "bmp", "tiff", "avif"])
def test_pictures(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind)
    assert media_type_of(buffer) == f"image/{kind}"


@pytest.mark.parametrize(
    "content", [b"", b"<html><script>", b"<svg onload=alert(1)>", b"%PDF-1.7", b"GARBAGE" * 99, b"RIFF1234WAVE"]
)
def test_what_a_browser_might_run_is_nothing(content: bytes) -> None:
    assert media_type_of(io.BytesIO(content)) == ANY_TYPE


def test_a_phones_picture() -> None:
    assert media_type_of(io.BytesIO(b"\0\0\0\x18ftypheic\0\0\0\0mif1")) == "image/heic"
