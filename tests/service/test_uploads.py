from __future__ import annotations

import asyncio
import io
import os
import struct
import sys
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image

from framecue.errors import InputError, UnsupportedError
from framecue.library import Library, Query, VideoMoment
from framecue.service import uploads
from framecue.service.desk import Desk
from framecue.service.uploads import Uploads
from framecue.video import IsolatedFrameSource
from support.served import Served


@dataclass
class Sent:
    file: BinaryIO
    size: int | None
    filename: str | None = "sent"


def sent(content: bytes) -> Sent:
    file = tempfile.SpooledTemporaryFile(max_size=1000)  # as a form keeps one  # noqa: SIM115
    file.write(content)
    return Sent(file, len(content))  # type: ignore[arg-type]


def encode(desk: Desk, upload: Sent, *, is_picture: bool = False, at_seconds: float | None = None) -> np.ndarray:
    async def main() -> np.ndarray:
        with upload.file:
            return await Uploads(desk).encode(None, upload, is_picture=is_picture, at_seconds=at_seconds)

    return asyncio.run(main())


def picture(width: int = 64, height: int = 48) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (220, 30, 30)).save(file, "PNG")
    return file.getvalue()


def nearest(served: Served, vector: np.ndarray) -> str:
    return Library(served.library).search(Query(vectors=vector), k=1, only="seen")[0].path


def test_a_video_that_is_uploaded_finds_itself_or_its_moment(desk: Desk, served: Served) -> None:
    path, _ = served.clips[2]
    assert nearest(served, encode(desk, sent(Path(path).read_bytes()))) == path
    start, end, _ = served.scenes[1]
    at_seconds = (start + end) / 2
    found = encode(desk, sent(Path(served.film).read_bytes()), at_seconds=at_seconds)
    model = desk.shelf().model
    library = Library(served.library, model=model)
    with IsolatedFrameSource() as source:
        expected = library.encode_file(served.film, at_seconds=at_seconds, source=source)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    (hit,) = library.search(Query(vectors=found), k=1, only="seen")
    again = library.search(Query(videos=VideoMoment(served.film, at_seconds)), k=1, only="seen")[0]
    assert (hit.path, hit.start_seconds) == (again.path, again.start_seconds)
    with pytest.raises(InputError, match=r"^the video that was uploaded: there is no moment at 99 s"):
        encode(desk, sent(Path(path).read_bytes()), at_seconds=99)


def test_a_picture_is_encoded_whatever_it_was_said_to_be(desk: Desk) -> None:
    as_picture, as_video = (encode(desk, sent(picture()), is_picture=said) for said in (True, False))
    np.testing.assert_array_equal(as_picture, as_video)
    assert np.linalg.norm(as_picture) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the picture that was uploaded is empty"),
        (b"#!/bin/sh\necho no picture\n" * 99, "the picture that was uploaded cannot be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>", "cannot be read"),
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "cannot be read"),
        (b"ffconcat version 1.0\nfile /etc/passwd\n", "cannot be read"),
        (picture()[:60], "cannot be read"),
    ],
)
def test_what_is_no_picture_is_told(desk: Desk, content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says) as told:
        encode(desk, sent(content), is_picture=True)
    assert "/proc/" not in str(told.value)
    assert str(told.value).endswith("or describe in words what it shows")


def one_colour(side: int) -> bytes:
    """A PNG of as many pixels as one likes, one bit each and all the same."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(bytes(side * (1 + -(-side // 8))), 9)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_picture_of_more_pixels_than_cameras_have_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = one_colour(17_000)
    assert len(bomb) < 50_000
    with pytest.raises(UnsupportedError, match="cannot be read"):
        encode(desk, sent(bomb), is_picture=True)
    assert encode(desk, sent(one_colour(500)), is_picture=True).any()
    monkeypatch.setattr(uploads, "PICTURE_MEGAPIXELS", 0.2)
    with pytest.raises(UnsupportedError, match=r"0\.25 megapixels in all, more than the 0\.2") as told:
        encode(desk, sent(one_colour(500)), is_picture=True)
    assert "allows more" not in str(told.value)


def test_nothing_stays_on_the_disk(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    encode(desk, sent(picture()))
    with pytest.raises(UnsupportedError):
        encode(desk, sent(b"none" * 999))
    assert list(tmp_path.iterdir()) == []


def test_where_open_files_have_no_paths_a_copy_is_read_and_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if sys.platform == "linux":
        with sent(b"content").file as file, uploads._as_path(file) as path:
            assert path.startswith(f"/proc/{os.getpid()}/fd/")
            assert Path(path).read_bytes() == b"content"
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(ZeroDivisionError), sent(b"content").file as file, uploads._as_path(file) as path:  # noqa: PT012
        assert Path(path).read_bytes() == b"content"
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_only_so_many_are_read_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: list[int] = []
    running = 0

    async def ask(name: str | None, question: object) -> np.ndarray:
        nonlocal running
        running += 1
        at_once.append(running)
        await asyncio.sleep(0.01)
        running -= 1
        return np.zeros(1)

    monkeypatch.setattr(desk, "ask", ask)

    async def main() -> None:
        several = Uploads(desk, read_at_once=2)
        await asyncio.gather(*(several.encode(None, Sent(io.BytesIO(), 1), is_picture=True) for _ in range(5)))

    asyncio.run(main())
    assert max(at_once) == 2
