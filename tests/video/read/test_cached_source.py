"""Frames that are kept on disk: read once, and anew as soon as anything about them is another."""

import os
import subprocess
import sys

import numpy as np
import pytest

from framecue.errors import InputError, VideoError
from framecue.video import CachedFrameSource, FrameSampling, PlainFrameSource

SAMPLING = FrameSampling(4)


class CountingSource:
    """Reads as the plain source does, and counts."""

    def __init__(self):
        self.num_read = 0

    def read_frames(self, path, sampling, **options):
        self.num_read += 1
        return PlainFrameSource().read_frames(path, sampling, **options)


@pytest.fixture
def film(videos):
    path = videos.folder / "film.mp4"
    videos.encode(path, [videos.grey_frame(number) for number in range(20)])
    return path


@pytest.fixture
def source():
    return CountingSource()


@pytest.fixture
def cached(source, tmp_path):
    return CachedFrameSource(source, tmp_path / "frames")


def entries(folder):
    return [path for path in (folder / "frames").rglob("*") if path.is_file()]


def test_what_was_read_once_is_given_again(cached, source, film, tmp_path):
    expected = PlainFrameSource().read_frames(film, SAMPLING, short_side=24)
    for source_of_frames in (cached, cached, CachedFrameSource(source, tmp_path / "frames")):
        for path in (film, str(film)):
            found = source_of_frames.read_frames(path, SAMPLING, short_side=24)
            np.testing.assert_array_equal(found.pixels, expected.pixels)
            np.testing.assert_array_equal(found.times_seconds, expected.times_seconds)
            assert (found.pixels.dtype, found.times_seconds.dtype) == (np.uint8, np.float64)
            assert found.pixels.flags.writeable
    assert source.num_read == 1
    assert len(entries(tmp_path)) == 1


def test_whatever_changes_the_frames_has_an_entry_of_its_own(cached, source, film):
    asked = [
        {"sampling": SAMPLING},
        {"sampling": FrameSampling(6)},
        {"sampling": FrameSampling(4, chunk_frames=2)},
        {"sampling": SAMPLING, "start_seconds": 0.5},
        {"sampling": SAMPLING, "end_seconds": 0.5},
        {"sampling": SAMPLING, "short_side": 24},
    ]
    for _ in range(2):
        for options in asked:
            found = cached.read_frames(film, **options)
            expected = PlainFrameSource().read_frames(film, **options)
            np.testing.assert_array_equal(found.pixels, expected.pixels)
            np.testing.assert_array_equal(found.times_seconds, expected.times_seconds)
    assert source.num_read == len(asked)


def test_a_file_that_changed_is_read_anew(cached, source, film, videos):
    before = videos.numbers(cached.read_frames(film, SAMPLING).pixels)
    videos.encode(film, [videos.grey_frame(number) for number in range(30, 50)])
    assert videos.numbers(cached.read_frames(film, SAMPLING).pixels) == [number + 30 for number in before]
    os.utime(film, (1, 1))
    cached.read_frames(film, SAMPLING)
    assert source.num_read == 3


def test_a_file_that_changes_while_it_is_read_is_not_kept(cached, source, film, tmp_path, monkeypatch):
    read = source.read_frames

    def slowly(path, *args, **options):
        frames = read(path, *args, **options)
        os.utime(path, (source.num_read, source.num_read))
        return frames

    monkeypatch.setattr(source, "read_frames", slowly)
    cached.read_frames(film, SAMPLING)
    assert not entries(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "cut short", "empty", "flipped", "flipped in the head", "another file"])
def test_a_damaged_entry_is_read_anew(cached, source, film, tmp_path, damage):
    expected = cached.read_frames(film, SAMPLING)
    (entry,) = entries(tmp_path)
    data = bytearray(entry.read_bytes())
    if damage.startswith("flipped"):
        data[3 if "head" in damage else -1000] ^= 1
    data = {"cut": data[: len(data) // 2], "cut short": data[:5], "empty": b"", "another file": film.read_bytes()}.get(
        damage, data
    )
    entry.write_bytes(data)
    for num_read in (2, 2):  # mended as well
        np.testing.assert_array_equal(cached.read_frames(film, SAMPLING).pixels, expected.pixels)
        assert source.num_read == num_read


def test_what_is_drawn_at_random_is_not_kept(cached, source, film, tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(2):
        cached.read_frames(film, SAMPLING, rng=rng)
    assert source.num_read == 2
    assert not entries(tmp_path)


def test_what_cannot_be_read_says_so_each_time(cached, film, tmp_path):
    (tmp_path / "text.mp4").write_text("no video " * 99)
    for name, reason in (("gone.mp4", "no such file"), ("text.mp4", "not a video file"), ("nul\0.mp4", "cannot be")):
        for _ in range(2):
            with pytest.raises(VideoError, match=reason):
                cached.read_frames(tmp_path / name, SAMPLING)
    assert not entries(tmp_path)


def test_a_folder_that_cannot_be_written_costs_time_alone(cached, source, film, tmp_path):
    (tmp_path / "frames").rmdir()
    (tmp_path / "frames").write_text("a file in its place")
    for _ in range(2):
        assert len(cached.read_frames(film, SAMPLING).pixels) == 4
    assert source.num_read == 2
    with pytest.raises(InputError, match=r"frames: no folder for frames can be made here \(File exists\)"):
        CachedFrameSource(source, tmp_path / "frames")


SCRIPT = """
import sys
import time
from pathlib import Path
from framecue.video import CachedFrameSource, FrameSampling, PlainFrameSource

path, folder, go = sys.argv[1:]
while not Path(go).exists():
    time.sleep(0.001)
for _ in range(30):
    source = CachedFrameSource(PlainFrameSource(), folder)
    for num_frames in range(1, 6):
        frames = source.read_frames(path, FrameSampling(num_frames))
        assert frames.pixels.shape == (num_frames, 48, 64, 3), frames.pixels.shape
        assert len(frames.times_seconds) == num_frames
"""


def test_two_processes_share_a_folder(film, tmp_path, cached, source):
    folder, go = tmp_path / "frames", tmp_path / "go"
    both = [subprocess.Popen([sys.executable, "-c", SCRIPT, film, folder, go]) for _ in range(2)]
    go.touch()
    assert [process.wait(60) for process in both] == [0, 0]
    assert len(entries(tmp_path)) == 5
    assert not list(folder.rglob("*.tmp"))
    for num_frames in range(1, 6):
        found = cached.read_frames(film, FrameSampling(num_frames))
        expected = PlainFrameSource().read_frames(film, FrameSampling(num_frames))
        np.testing.assert_array_equal(found.pixels, expected.pixels)
    assert source.num_read == 0


def test_no_more_is_kept_than_allowed(source, videos, tmp_path):
    films = [videos.folder / f"{number}.mp4" for number in range(12)]
    for number, path in enumerate(films):
        videos.encode(path, [videos.grey_frame(number)] * 2)
    one = PlainFrameSource().read_frames(films[0], SAMPLING).pixels.nbytes + 500
    cached = CachedFrameSource(source, tmp_path / "frames", max_bytes=6 * one)
    for round_number in range(2):
        for number, path in enumerate(films):
            cached.read_frames(path, SAMPLING)
            cached.read_frames(films[0], SAMPLING)  # in use all the time
            kept = entries(tmp_path)
            assert sum(entry.stat().st_size for entry in kept) <= 6 * one
            for entry in kept:  # a file system may note times in seconds
                os.utime(entry, (entry.stat().st_atime, entry.stat().st_mtime - 10))
            assert round_number or number < 3 or len(kept) >= 4
    assert source.num_read == 1 + 2 * 11  # what was always in use was read once
    # A second cache of the same folder makes room in it as well.
    CachedFrameSource(source, tmp_path / "frames", max_bytes=3 * one).read_frames(films[5], SAMPLING)
    assert sum(entry.stat().st_size for entry in entries(tmp_path)) <= 3 * one


def test_what_is_too_large_is_not_kept(source, film, tmp_path):
    cached = CachedFrameSource(source, tmp_path / "frames", max_bytes=10_000)
    cached.read_frames(film, SAMPLING)
    assert entries(tmp_path) == []
    with pytest.raises(InputError, match="max_bytes is 0; it must be at least 1"):
        CachedFrameSource(source, tmp_path, max_bytes=0)


def test_an_object_is_read_anew_when_it_has_another_content(cached, source, videos, film, bucket):
    url = bucket.put("film.mp4", film)
    for _ in range(2):
        found = cached.read_frames(url, SAMPLING)
    assert (videos.numbers(found.pixels), source.num_read) == ([2, 7, 12, 17], 1)
    videos.encode(film, [videos.grey_frame(number + 20) for number in range(20)])
    bucket.put("film.mp4", film)
    assert videos.numbers(cached.read_frames(url, SAMPLING).pixels) == [22, 27, 32, 37]
    bucket.delete("film.mp4")
    with pytest.raises(VideoError, match="no such object"):
        cached.read_frames(url, SAMPLING)
