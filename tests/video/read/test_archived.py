"""Videos in tar archives are read where they lie, by every source of frames."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import VideoError
from framecue.video import CachedFrameSource, Frames, FrameSampling, IsolatedFrameSource, PlainFrameSource, write_video
from framecue.video.read.archived import archived, copy_member, size_and_time

SAMPLING = FrameSampling(3)


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for number in range(3):
            frames = [np.full((16, 16, 3), 60 * number + place, dtype=np.uint8) for place in range(6)]
            write_video(tmp_path / f"{number}.mp4", frames, frames_per_second=6)
            tar.add(tmp_path / f"{number}.mp4", f"folder/{number}.mp4")
        broken = tarfile.TarInfo("broken.mp4")
        broken.size = 8
        tar.addfile(broken, io.BytesIO(b"no video"))
    return tmp_path / "a.tar"


def test_which_paths_lead_through_an_archive(shard: Path, tmp_path: Path) -> None:
    assert archived(shard / "folder" / "1.mp4") == (shard, "folder/1.mp4")
    assert archived(str(shard / "x")) == (shard, "x")
    for other in (shard, tmp_path / "1.mp4", tmp_path / "b.tar" / "1.mp4", tmp_path / "none"):
        assert archived(other) is None
    (tmp_path / "c.tar").mkdir()
    (tmp_path / "c.tar" / "1.mp4").touch()
    assert archived(tmp_path / "c.tar" / "1.mp4") is None


def test_frames_of_a_member_are_those_of_the_file(shard: Path, tmp_path: Path) -> None:
    plain = PlainFrameSource()
    for number in (2, 0):
        wanted = plain.read_frames(tmp_path / f"{number}.mp4", SAMPLING)
        found = plain.read_frames(shard / "folder" / f"{number}.mp4", SAMPLING)
        np.testing.assert_array_equal(found.pixels, wanted.pixels)
        np.testing.assert_array_equal(found.times_seconds, wanted.times_seconds)


def test_size_and_time_of_a_file_and_of_a_member(shard: Path, tmp_path: Path) -> None:
    file = tmp_path / "1.mp4"
    assert size_and_time(file) == (file.stat().st_size, file.stat().st_mtime_ns)
    assert size_and_time(shard / "folder" / "1.mp4") == (file.stat().st_size, shard.stat().st_mtime_ns)
    assert size_and_time(str(shard / "broken.mp4"))[0] == 8
    with pytest.raises(VideoError, match=r"a\.tar has no member of this name"):
        size_and_time(shard / "none.mp4")
    with pytest.raises(FileNotFoundError):
        size_and_time(tmp_path / "none.mp4")
    (tmp_path / "bad.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(VideoError, match=r"bad\.tar is no sound tar archive"):
        size_and_time(tmp_path / "bad.tar" / "1.mp4")


@pytest.mark.isolated
def test_it_is_decoded_in_another_process(shard: Path, tmp_path: Path) -> None:
    with IsolatedFrameSource() as source:
        wanted = source.read_frames(tmp_path / "1.mp4", SAMPLING)
        np.testing.assert_array_equal(source.read_frames(shard / "folder/1.mp4", SAMPLING).pixels, wanted.pixels)
        assert source.probe(shard / "folder/1.mp4").path == shard / "folder/1.mp4"
        with pytest.raises(VideoError) as caught:
            source.read_frames(shard / "broken.mp4", SAMPLING)
        assert caught.value.path == shard / "broken.mp4"
        assert "framecue-" not in str(caught.value)


def test_what_cannot_be_read_of_an_archive(shard: Path, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"none\.mp4: a\.tar has no member of this name"):
        copy_member(shard, "none.mp4", tmp_path / "target")
    content = shard.read_bytes()
    # Cut off within the second member, whose header is still there.
    with tarfile.open(shard) as tar:
        second = tar.getmember("folder/1.mp4")
    (tmp_path / "cut.tar").write_bytes(content[: second.offset_data + 100])
    for name in ("folder/1.mp4", "folder/2.mp4"):
        with pytest.raises(VideoError, match=r"cut\.tar (ends within it|is no sound tar archive|has no member)"):
            copy_member(tmp_path / "cut.tar", name, tmp_path / "target")
    (tmp_path / "no.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(VideoError, match=r"no\.tar is no sound tar archive"):
        copy_member(tmp_path / "no.tar", "a.mp4", tmp_path / "target")


def test_an_archive_that_was_changed_is_read_anew(shard: Path, tmp_path: Path) -> None:
    copy_member(shard, "folder/0.mp4", tmp_path / "target")
    with tarfile.open(shard, "w") as tar:
        tar.add(tmp_path / "2.mp4", "other.mp4")
    copy_member(shard, "other.mp4", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == (tmp_path / "2.mp4").read_bytes()
    with pytest.raises(VideoError, match="has no member"):
        copy_member(shard, "folder/0.mp4", tmp_path / "target")


def test_frames_of_a_member_are_kept_as_long_as_the_archive_is_the_same(shard: Path, tmp_path: Path) -> None:
    asked: list[str | Path] = []

    class Noted(PlainFrameSource):
        def read_frames(self, path: str | Path | bytes, *args: object, **options: object) -> Frames:
            assert not isinstance(path, bytes)
            asked.append(path)
            return super().read_frames(path, *args, **options)  # type: ignore[arg-type]

    source = CachedFrameSource(Noted(), tmp_path / "frames")
    first = [source.read_frames(shard / f"folder/{number}.mp4", SAMPLING).pixels for number in (0, 1, 0)]
    assert len(asked) == 2
    np.testing.assert_array_equal(first[0], first[2])
    assert not np.array_equal(first[0], first[1])
    with tarfile.open(shard, "a") as tar:
        tar.add(tmp_path / "0.mp4", "more.mp4")
    source.read_frames(shard / "folder/0.mp4", SAMPLING)
    assert len(asked) == 3
