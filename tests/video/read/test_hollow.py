"""The packets of a file without its pictures: the same index, from a part of the bytes."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from framecue.video.read.access import reading_elsewhere
from framecue.video.read.decode import read_frames
from framecue.video.read.packets import PacketIndex, read_packet_index
from framecue.video.read.sampling import FrameSampling
from support.far_films import make_long_film
from support.playing import make_film


class Blocks:
    """A file's bytes, with the blocks of 4 kB of which some were asked for."""

    def __init__(self, path: Path) -> None:
        self.content = path.read_bytes()
        self.size_bytes = len(self.content)
        self.read_blocks: set[int] = set()

    def read(self, start: int, length: int) -> bytes:
        self.read_blocks |= set(range(start >> 12, (start + length - 1 >> 12) + 1))
        return self.content[start : start + length]

    @property
    def share(self) -> float:
        return len(self.read_blocks) * 4096 / self.size_bytes


def assert_same(one: PacketIndex, other: PacketIndex) -> None:
    for field in fields(PacketIndex):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


@pytest.mark.parametrize(
    ("name", "flags", "most"),
    [
        ("plain.mp4", "", 0.25),
        ("first.mp4", "faststart", 0.25),
        ("parts.mp4", "frag_keyframe+empty_moov+default_base_moof", 0.95),
        ("tool.mov", "", 0.25),
    ],
)
def test_the_index_takes_a_part_of_a_file(films: Path, name: str, flags: str, most: float) -> None:
    """Of one in fragments ffmpeg reads the first seconds to find out what is in it."""
    path = make_long_film(films / name, seconds=12, options={"movflags": flags} if flags else {})
    url, blocks = f"s3://bucket/{name}", Blocks(path)
    with reading_elsewhere(url, blocks):
        assert_same(read_packet_index(url), read_packet_index(path))
        assert blocks.share < most
        far = read_frames(url, FrameSampling(3), start_seconds=5, end_seconds=7)
    near = read_frames(path, FrameSampling(3), start_seconds=5, end_seconds=7)
    np.testing.assert_array_equal(far.pixels, near.pixels)
    assert blocks.share < 1


@pytest.mark.parametrize(
    ("picture", "sound", "pixel_format"),
    [
        ("mpeg4", "aac", "yuv420p"),
        ("mjpeg", "pcm_s16le", "yuvj420p"),
        ("libx264", "libmp3lame", "yuv420p"),
        ("libx265", "aac", "yuv420p"),
        ("libvpx-vp9", "libopus", "yuv420p"),
    ],
)
def test_the_index_is_the_same_whatever_is_in_the_file(
    films: Path, picture: str, sound: str, pixel_format: str
) -> None:
    """Where packets are taken apart by what is in them, as MP3's are, all of the file is read."""
    suffix = ".mov" if sound.startswith("pcm") else ".mp4"
    options = {"x265-params": "log-level=none"} if picture == "libx265" else {}
    path = make_film(films / f"{picture}{suffix}", picture, sound, pixel_format=pixel_format, options=options)
    with reading_elsewhere("s3://bucket/a.mp4", Blocks(path)):
        assert_same(read_packet_index("s3://bucket/a.mp4"), read_packet_index(path))


@pytest.mark.parametrize("suffix", [".mkv", ".avi", ".ts"])
def test_other_formats_are_read_through(films: Path, suffix: str) -> None:
    path = make_film(films / f"film{suffix}", "libx264" if suffix != ".avi" else "mpeg4")
    url = f"s3://bucket/film{suffix}"
    with reading_elsewhere(url, Blocks(path)):
        assert_same(read_packet_index(url), read_packet_index(path))


def test_a_file_without_a_table_of_keyframes_is_read_through(films: Path) -> None:
    """Every packet would count as a keyframe there, from which nothing can be decoded."""
    path = make_film(films / "tableless.mp4", gop=10, num_frames=30)
    content = path.read_bytes()
    assert content.count(b"stss") == 1
    path.write_bytes(content.replace(b"stss", b"free"))
    with reading_elsewhere("s3://bucket/a.mp4", Blocks(path)):
        found = read_packet_index("s3://bucket/a.mp4")
    assert_same(found, read_packet_index(path))
    assert 1 < len(found.key_times) < 30
