from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from framecue.errors import DatasetError
from framecue.frame_store.index import read_index, write_index
from framecue.frame_store.stored import StoredVideo
from framecue.video import Extent

VIDEOS = [
    StoredVideo(
        id=1,
        path="b/ö.mp4",
        size_bytes=2**40,
        modified_ns=10**18 + 1,
        start_seconds=1.5,
        extent=Extent(0.0, 1 / 3, 0.5),
        first_moment=4,
        moment_frames=np.array([0, 1, 1], np.int32),
        stand_ins=np.array([5], np.int64),
        times_seconds=np.array([0.1, 1 / 3]),
        checksums=np.array([1, 2**32 - 1], np.int64),
        shard=2,
        offsets=np.array([512, 2**33], np.int64),
        lengths=np.array([100, 200], np.int32),
    ),
    StoredVideo(id=0, path="a.mp4", size_bytes=0, modified_ns=0, reason="no such file", shard=0),
    StoredVideo(id=2, path="c.mp4", size_bytes=1, modified_ns=5, reason="no video", cause="content", shard=2),
]


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_index(tmp_path, VIDEOS, {2: 5000, 0: 7})
    index = read_index(tmp_path)
    assert index.shard_bytes == {0: 7, 2: 5000}
    assert list(index.videos) == ["a.mp4", "b/ö.mp4", "c.mp4"]
    for video in VIDEOS:
        for each in fields(StoredVideo):
            one, other = getattr(video, each.name), getattr(index.videos[video.path], each.name)
            np.testing.assert_array_equal(one, other)
            assert getattr(one, "dtype", None) == getattr(other, "dtype", None), each.name
    assert [path.name for path in tmp_path.iterdir()] == ["index.parquet"]
    before = (tmp_path / "index.parquet").read_bytes()
    write_index(tmp_path, reversed(VIDEOS), {0: 7, 2: 5000})
    assert (tmp_path / "index.parquet").read_bytes() == before  # whichever order they come in
    assert pq.read_table(tmp_path / "index.parquet")["path"].to_pylist() == list(index.videos)  # others read it


def test_one_without_videos(tmp_path: Path) -> None:
    write_index(tmp_path, [], {})
    assert read_index(tmp_path).videos == {}


def test_what_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no index yet"):
        read_index(tmp_path)
    write_index(tmp_path, VIDEOS, {})
    table = pq.read_table(tmp_path / "index.parquet")
    for other in (table.drop_columns("offsets"), table.replace_schema_metadata({})):
        pq.write_table(other, tmp_path / "index.parquet")
        with pytest.raises(DatasetError, match=r"index.parquet: cannot be read .*; remove it, and"):
            read_index(tmp_path)
    pq.write_table(table.replace_schema_metadata({"framecue": '{"version": 2}'}), tmp_path / "index.parquet")
    with pytest.raises(DatasetError, match="is of version 2, this framecue reads 1"):
        read_index(tmp_path)
