"""A file's bytes, on a disk or elsewhere: the same to whoever reads them."""

from __future__ import annotations

import io
import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.video.read.access import elsewhere, open_bytes, open_hollow, reading_elsewhere, size_bytes_of

CONTENT = bytes(range(256)) * 4


class Ranges:
    """Bytes in memory, with what was asked for."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.asked: list[tuple[int, int]] = []

    @property
    def size_bytes(self) -> int:
        return len(self.content)

    def read(self, start: int, length: int) -> bytes:
        assert length > 0
        assert 0 <= start <= len(self.content) - length
        self.asked.append((start, length))
        return self.content[start : start + length]


def test_a_path_is_a_file_unless_somebody_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"on the disk")
    url = "s3://bucket/a.mp4"
    with reading_elsewhere(url, Ranges(b"far")), reading_elsewhere(url, Ranges(b"away")):
        # A Path has one slash fewer.
        for name in (url, Path(url)):
            with open_bytes(name) as file:
                assert (file.read(), size_bytes_of(name)) == (b"away", 4)
        with open_bytes(path) as file:
            assert (file.read(), size_bytes_of(path), elsewhere(path)) == (b"on the disk", 11, None)
    assert elsewhere(url) is None
    with pytest.raises(OSError, match="No such file"):
        open_bytes(url)


def test_blocks_of_several_threads_may_overlap() -> None:
    url, first, second = "s3://bucket/a.mp4", Ranges(b"a"), Ranges(b"a")
    is_reading, may_end = threading.Event(), threading.Event()

    def read() -> None:
        with reading_elsewhere(url, first):
            is_reading.set()
            may_end.wait(60)

    thread = threading.Thread(target=read)
    thread.start()
    assert is_reading.wait(60)
    with reading_elsewhere(url, second):
        may_end.set()
        thread.join()
        assert elsewhere(url) is second
    assert elsewhere(url) is None


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 1100), st.integers(0, 1100)), max_size=20))
def test_it_reads_and_jumps_as_a_file_does(steps: list[tuple[int, int]]) -> None:
    with reading_elsewhere("s3://b/a", Ranges(CONTENT)), open_bytes("s3://b/a") as far:
        near = io.BytesIO(CONTENT)
        for place, length in steps:
            assert far.seek(place) == near.seek(place)
            assert far.read(length) == near.read(length)
            assert far.tell() == near.tell()
        assert far.seek(-5, os.SEEK_END) == len(CONTENT) - 5
        assert far.read() == CONTENT[-5:]
        with pytest.raises(OSError, match="before"):
            far.seek(-5000, os.SEEK_CUR)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 1024), st.integers(0, 200)), max_size=8),
    st.lists(st.tuples(st.integers(0, 1024), st.integers(1, 400)), max_size=8),
)
def test_what_is_left_out_is_zeros_and_is_not_read(spans: list[tuple[int, int]], steps: list[tuple[int, int]]) -> None:
    left_out: list[tuple[int, int]] = []
    for start, length in sorted(spans):
        if start >= (left_out[-1][1] if left_out else 0):
            left_out.append((start, start + length))
    expected = bytearray(CONTENT)
    for start, end in left_out:
        expected[start:end] = bytes(len(expected[start:end]))
    ranges = Ranges(CONTENT)
    with reading_elsewhere("s3://b/a", ranges), open_hollow("s3://b/a") as file:
        file.left_out = left_out
        for place, length in steps:
            file.seek(place)
            assert file.read(length) == bytes(expected[place : place + length])
    for start, length in ranges.asked:
        assert not any(first < start + length and last > start for first, last in left_out)


@pytest.mark.parametrize(("name", "shown"), [("a b.mp4", True), ("a.png", False), ("%03d.mp4", False)])
def test_ffmpeg_hears_a_name_that_it_takes_for_no_other_file(name: str, shown: bool) -> None:
    with reading_elsewhere(f"s3://b/{name}", Ranges(CONTENT)), open_bytes(f"s3://b/{name}") as file:
        assert getattr(file, "name", None) == (name if shown else None)
