"""A shard is a tar archive that others read, and of one that is cut off all is found that is whole."""

from __future__ import annotations

import json
import tarfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import OutputError
from framecue.frame_store.shard import ShardWriter, scan_shard, size_of
from framecue.frame_store.stored import StoredVideo

PICTURES = {number: [bytes([number, place]) * (200 + 77 * place) for place in range(number)] for number in (1, 3, 0, 4)}


def video(number: int) -> StoredVideo:
    pictures = PICTURES[number]
    return StoredVideo(
        id=number,
        path=f"{number}.mp4",
        size_bytes=1,
        modified_ns=2,
        moment_frames=np.arange(number, dtype=np.int32),
        times_seconds=np.arange(number) / 3,
        checksums=np.array([zlib.crc32(picture) for picture in pictures], dtype=np.int64),
        reason=None if pictures else "no video",
    )


@pytest.fixture
def written(tmp_path: Path) -> tuple[Path, list[StoredVideo]]:
    with ShardWriter(tmp_path, 3) as shard:
        videos = [shard.append(video(number), PICTURES[number]) for number in PICTURES]
        assert not (tmp_path / "shard-00003.tar").exists()
        assert shard.finish() == (tmp_path / "shard-00003.tar").stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == ["shard-00003.tar"]
    return tmp_path / "shard-00003.tar", videos


def test_any_program_reads_it(written: tuple[Path, list[StoredVideo]]) -> None:
    path, videos = written
    data = path.read_bytes()
    for stored in videos:
        assert stored.shard == 3
        for offset, length, picture in zip(stored.offsets, stored.lengths, PICTURES[stored.id], strict=True):
            assert data[offset : offset + length] == picture
    with tarfile.open(path) as archive:
        names = archive.getnames()
        assert names[:4] == ["00000001/00000.jpg", "00000001/video.json", "00000003/00000.jpg", "00000003/00001.jpg"]
        document = json.load(archive.extractfile("00000003/video.json"))
        assert document["path"] == "3.mp4"
        assert archive.extractfile("00000004/00002.jpg").read() == PICTURES[4][2]
    assert sum(size_of(PICTURES[stored.id]) for stored in videos) < len(data)
    assert size_of(PICTURES[3]) == 3 * 512 + sum(-(-len(picture) // 512) * 512 for picture in PICTURES[3])


def test_what_is_found_in_a_shard_that_is_cut_off(written: tuple[Path, list[StoredVideo]]) -> None:
    path, videos = written
    data = path.read_bytes()
    found, end = scan_shard(path, 3)
    assert [each.to_dict() for each in found] == [each.to_dict() for each in videos]
    assert [each.offsets.tolist() for each in found] == [each.offsets.tolist() for each in videos]
    assert data[end:] == b"\0" * 1024
    ends = []
    for length in range(0, end + 1, 256):
        path.write_bytes(data[:length])
        found, so_far = scan_shard(path, 3)
        assert so_far <= length
        assert [each.id for each in found] == list(PICTURES)[: len(found)]
        ends.append((len(found), so_far))
    assert ends == sorted(ends)
    assert {number for number, _ in ends} == {0, 1, 2, 3, 4}


def test_a_damaged_video_is_left_out(written: tuple[Path, list[StoredVideo]]) -> None:
    path, videos = written
    data = bytearray(path.read_bytes())
    data[int(videos[1].offsets[1]) + 5] ^= 1
    path.write_bytes(data)
    assert [each.id for each in scan_shard(path, 3)[0]] == [1, 0, 4]
    path.write_bytes(b"no archive at all" * 99)
    assert scan_shard(path, 3) == ([], 0)


def test_an_unfinished_shard_goes_on(written: tuple[Path, list[StoredVideo]], tmp_path: Path) -> None:
    path, _ = written
    whole = path.read_bytes()
    with ShardWriter(tmp_path, 5) as shard:
        for number in list(PICTURES)[:2]:
            shard.append(video(number), PICTURES[number])
        size_bytes = shard.size_bytes
    partial = tmp_path / "shard-00005.tar.partial"
    partial.write_bytes(partial.read_bytes() + b"half a pic")
    with ShardWriter(tmp_path, 5, size_bytes=size_bytes) as shard:
        for number in list(PICTURES)[2:]:
            shard.append(video(number), PICTURES[number])
        shard.finish()
    assert (tmp_path / "shard-00005.tar").read_bytes() == whole


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"shard-00000.tar.partial: cannot be written .*the same command goes on"):
        ShardWriter(tmp_path / "no", 0)
