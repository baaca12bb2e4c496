from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.errors import DatasetError, InputError
from framecue.frame_store.layout import (
    StoreOptions,
    finished_shards,
    other_data_dir,
    partial_shards,
    read_options,
    shard_name,
    write_options,
)


def test_options_are_read_as_they_were_written(tmp_path: Path) -> None:
    for number, options in enumerate(
        (StoreOptions(), StoreOptions(frames_per_second=0.5, short_side=336, quality=95)), start=1
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_options(folder, options, data_dir=tmp_path)
        assert read_options(folder) == options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("frames_per_second", value) for value in (0, -1, float("nan"), float("inf"), 61)],
        *[("short_side", value) for value in (0, 15, 5000)],
        *[("quality", value) for value in (0, 101)],
    ],
)
def test_numbers_out_of_range(name: str, value: float) -> None:
    with pytest.raises(InputError, match=f"{name} is .*; it must be at least .* and at most"):
        StoreOptions(**{name: value})


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read as a frame store's options"),
        ("[]", "cannot be read as a frame store's options"),
        ('{"version": 1}', "'frames_per_second'"),
        ('{"version": 1, "frames_per_second": "3", "short_side": 256, "quality": 90}', "a value is no number"),
        ('{"version": 1, "frames_per_second": 3, "short_side": 2, "quality": 90}', "short_side is 2"),
        ('{"version": 2}', "is of version 2, this framecue reads 1; use a later framecue"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "store.json").write_text(content)
    with pytest.raises(DatasetError, match=says):
        read_options(tmp_path)


def test_the_file_is_plain(tmp_path: Path) -> None:
    write_options(tmp_path, StoreOptions(), data_dir=tmp_path / "here" / ".." / "data")
    document = json.loads((tmp_path / "store.json").read_text())
    assert document == {
        **{"version": 1, "frames_per_second": 3.0, "short_side": 256, "quality": 90},
        "data_dir": str(tmp_path / "data"),
    }


def test_another_data_sets_folder_is_told_from_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("data", "store", "other"):
        (tmp_path / name).mkdir()
    store, data = tmp_path / "store", tmp_path / "data"
    (tmp_path / "link").symlink_to(data)
    write_options(store, StoreOptions(), data_dir=data)
    monkeypatch.chdir(tmp_path)
    assert [other_data_dir(store, place) for place in (data, "data", tmp_path / "link", "other/../data")] == [None] * 4
    assert other_data_dir(store, "other") == str(data)
    data.rename(tmp_path / "moved")
    assert other_data_dir(store, "moved") == str(data)
    # A store of an earlier version does not say, and a damaged one has its own error.
    for content in ('{"version": 1}', '{"data_dir": 3}', "[]", "{"):
        (store / "store.json").write_text(content)
        assert other_data_dir(store, "other") is None
    (store / "store.json").unlink()
    assert other_data_dir(store, "other") is None


def test_shards_are_told_from_other_files(tmp_path: Path) -> None:
    for name in ("shard-00002.tar", "shard-00010.tar", "shard-123456.tar", "shard-00011.tar.partial", "shard-1.tar"):
        (tmp_path / name).touch()
    (tmp_path / "index.parquet").touch()
    assert finished_shards(tmp_path) == [2, 10, 123456]
    assert partial_shards(tmp_path) == [11]
    assert [shard_name(number) for number in (2, 123456)] == ["shard-00002.tar", "shard-123456.tar"]
