"""Shards of WebDataset: samples become clips, videos are read where they lie, damaged shards are named."""

from __future__ import annotations

import io
import json
import logging
import pickle
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from framecue.datasets.clips import Clip
from framecue.datasets.registry import dataset_in
from framecue.datasets.shards import expand_braces, read_shard
from framecue.datasets.webdataset import WebDatasetData
from framecue.errors import DatasetError
from framecue.video import FrameSampling, write_video


def write_shard(file: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    with tarfile.open(file, "w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return file


def sample(key: str, caption: str = "a caption") -> list[tuple[str, bytes]]:
    return [(f"{key}.mp4", b"video"), (f"{key}.txt", caption.encode())]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_shard(tmp_path / "train-001.tar", [*sample("c"), *sample("d")])
    write_shard(tmp_path / "train-000.tar", [*sample("b"), *sample("a")])
    write_shard(tmp_path / "test-000.tar", sample("t"))
    return tmp_path


def ids(clips: list[Clip]) -> list[str]:
    return [clip.metadata["id"] for clip in clips]


def test_a_shard_has_its_samples_in_order(tmp_path: Path) -> None:
    record = {"captions": ["one ", "two"], "start_seconds": 1, "end_seconds": 2.5, "license": "x"}
    shard = write_shard(
        tmp_path / "a.tar",
        [
            *(("./dir/k1.json", json.dumps(record).encode()), ("./dir/k1.txt", b"not this"), ("./dir/k1.webm", b"v")),
            *(("k2.v2.txt", b"another ending"), ("k2.mp4", b"v"), ("k2.json", b'{"caption": "one\\n caption"}')),
            *(("k3.MP4", b"v"), ("k3.txt", "gr\u00fcn\n".encode()), ("k3.pickle", pickle.dumps("harm"))),
            ("README", b"no sample"),
        ],
    )
    assert read_shard(shard, "train") == [
        Clip(shard / "dir/k1.webm", ("one", "two"), "train", None, {"id": "dir/k1"}, 1.0, 2.5),
        Clip(shard / "k2.mp4", ("one caption",), "train", None, {"id": "k2"}),
        Clip(shard / "k3.MP4", ("gr\u00fcn",), "train", None, {"id": "k3"}),
    ]


def test_samples_without_a_video_or_a_caption_are_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    members = [("a.mp4", b"v"), ("b.txt", b"text"), ("c.mp4", b"v"), ("c.txt", b" \n"), *sample("d")]
    shard = write_shard(tmp_path / "a.tar", members)
    with caplog.at_level(logging.WARNING):
        assert ids(read_shard(shard, "train")) == ["d"]
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{shard}: leaves out 3 of its samples")
    assert record.getMessage().endswith("the first is a")


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([("a.mp4", b""), ("a.mp4", b"")], "a.mp4 stands there twice"),
        ([("a.mp4", b""), ("a.json", b"{")], "a.json: is not JSON"),
        ([("a.mp4", b""), ("a.json", b"[1]")], "a.json: is [1]; a sample's JSON is an object"),
        ([("a.mp4", b""), ("a.json", b'{"captions": [1]}')], 'a.json: "captions" is [1]; give a text or a list'),
        ([("a.mp4", b""), ("a.txt", b"\xff")], "a.txt: is not UTF-8 (byte 1)"),
        (
            [("a.mp4", b""), ("a.json", b'{"text": "x", "start_seconds": "1"}')],
            "\"start_seconds\" is '1'; give a number",
        ),
        ([("a.mp4", b""), ("a.json", b'{"text": "x", "end_seconds": -1}')], "the window runs from None to -1.0"),
        ([("a.mp4", b""), ("a.txt", bytes(1_000_001))], "a.txt: has 1000001 bytes"),
    ],
)
def test_what_is_wrong_in_a_sample_is_named(tmp_path: Path, members: list[tuple[str, bytes]], says: str) -> None:
    shard = write_shard(tmp_path / "a.tar", members)
    with pytest.raises(DatasetError) as caught:
        read_shard(shard, "train")
    assert str(caught.value).startswith(str(shard))
    assert says in str(caught.value)


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    whole = write_shard(tmp_path / "a.tar", [("a.mp4", bytes(5000)), *sample("b")]).read_bytes()
    shard = tmp_path / "b.tar"
    for kept in (3000, 5632, 6000, 6656, 7168):
        shard.write_bytes(whole[:kept])
        with pytest.raises(DatasetError, match=r"b\.tar: is (cut off|no sound tar archive)"):
            read_shard(shard, "train")
    shard.write_bytes(b"\x1f\x8b" + bytes(600))
    with pytest.raises(DatasetError, match="is no sound tar archive"):
        read_shard(shard, "train")
    shard.write_bytes(b"")
    with pytest.raises(DatasetError, match=r"b\.tar: is"):
        read_shard(shard, "train")
    with pytest.raises(DatasetError, match=r"none\.tar: cannot be read"):
        read_shard(tmp_path / "none.tar", "train")


def test_braces_are_expanded() -> None:
    assert expand_braces("a.tar") == ["a.tar"]
    assert expand_braces("s-{08..11}.tar") == ["s-08.tar", "s-09.tar", "s-10.tar", "s-11.tar"]
    assert expand_braces("{0..1}/{2..3}.tar") == ["0/2.tar", "0/3.tar", "1/2.tar", "1/3.tar"]
    assert expand_braces("{3..2}.tar") == []
    with pytest.raises(DatasetError, match="stands for more than 100000 shards"):
        expand_braces("{0..999999999}.tar")


def test_the_order_is_that_of_the_names(folder: Path) -> None:
    data = WebDatasetData(data_dir=folder)
    assert ids(data.clips("train")) == ["b", "a", "c", "d"]
    assert ids(data.clips("test")) == ["t"]
    assert ids(WebDatasetData(data_dir=folder, train_shards="train-{001..009}.tar").clips("train")) == ["c", "d"]
    assert [clip.key for clip in data.clips("test")] == [f"{folder}/test-000.tar/t.mp4"]


def test_samples_are_held_out_by_hash(folder: Path) -> None:
    data = WebDatasetData(data_dir=folder, val_holdout=1)
    train, val = ids(data.clips("train")), ids(data.clips("val"))
    assert (len(train), len(val)) == (3, 1)
    assert {*train, *val} == {"a", "b", "c", "d"}
    # Wherever the folder lies.
    moved = folder.rename(folder.with_name("moved"))
    assert ids(WebDatasetData(data_dir=moved, val_holdout=1).clips("val")) == val
    write_shard(moved / "val-0.tar", sample("v"))
    assert ids(WebDatasetData(data_dir=moved, val_holdout=1).clips("val")) == ["v"]


def test_a_shard_that_is_tested_on_neither_trains_nor_chooses(folder: Path) -> None:
    for split in ("train", "val"):
        data = WebDatasetData(data_dir=folder, **{f"{split}_shards": "t*.tar"})
        with pytest.raises(DatasetError, match=rf"test-000\.tar: is a shard of {split} and of test"):
            data.clips(split)
        assert ids(data.clips("test")) == ["t"]


@pytest.mark.parametrize("split", ["train", "val"])
def test_a_shard_that_was_copied_or_made_anew_neither_trains_nor_chooses(tmp_path: Path, split: str) -> None:
    write_shard(tmp_path / "test-0.tar", [("a.mp4", b"one"), ("a.txt", b"x"), ("b.mp4", b"two"), ("b.txt", b"x")])
    shard = tmp_path / f"{split}-0.tar"
    shutil.copy(tmp_path / "test-0.tar", shard)
    data = WebDatasetData(data_dir=tmp_path)
    load = data.train if split == "train" else data.val
    given = {"seed": 0} if split == "train" else {}
    with pytest.raises(DatasetError, match=rf"2 clips of split '{split}' are in .*first .*a\.mp4 \(the same bytes as"):
        load(SimpleNamespace(), **given)  # type: ignore[arg-type]
    # Under other keys, in other places of the shard.
    write_shard(shard, [("c.mp4", b"new"), ("c.txt", b"x"), ("d.mp4", b"two"), ("d.txt", b"x")])
    with pytest.raises(DatasetError, match=r"1 clips .*d\.mp4 \(the same bytes as .*test-0\.tar/b\.mp4\); what trains"):
        load(SimpleNamespace(), **given)  # type: ignore[arg-type]
    (tmp_path / "test-0.tar").unlink()
    assert data.listed("test") == []


def test_shards_that_are_not_there(folder: Path) -> None:
    with pytest.raises(DatasetError, match=r"no shard matches 'val\*\.tar' \(val_shards\); name the shards"):
        WebDatasetData(data_dir=folder).clips("val")
    with pytest.raises(DatasetError, match="no such folder"):
        WebDatasetData(data_dir=folder / "none").clips("train")
    with pytest.raises(DatasetError, match="has no split 'dev'; it has train, val, test"):
        WebDatasetData(data_dir=folder).clips("dev")
    for pattern in ("/x/*.tar", "../*.tar", ""):
        with pytest.raises(DatasetError, match="give a pattern below data_dir"):
            WebDatasetData(data_dir=folder, train_shards=pattern).clips("train")
    write_shard(folder / "val.tar", [("a.txt", b"x")])
    with pytest.raises(DatasetError, match="no sample of the 1 shards has a video and a caption"):
        WebDatasetData(data_dir=folder).clips("val")


def test_examples_have_the_frames_of_the_videos_in_the_shards(tmp_path: Path) -> None:
    contents = []
    for number in range(3):
        frames = [np.full((16, 16, 3), 70 * number + place, dtype=np.uint8) for place in range(8)]
        write_video(tmp_path / f"{number}.mp4", frames, frames_per_second=8)
        contents.append((tmp_path / f"{number}.mp4").read_bytes())
    members = [
        (f"k{number}.{ending}", content)
        for number, video in enumerate(contents)
        for ending, content in (("mp4", video), ("txt", f"clip {number}".encode()))
    ]
    write_shard(tmp_path / "train.tar", members)

    def crop(frames: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(frames[:, :8, :8])).permute(0, 3, 1, 2)

    backbone = SimpleNamespace(preprocess=SimpleNamespace(resize_and_crop=crop))
    model: Any = SimpleNamespace(
        backbone=backbone, train_sampling=FrameSampling(2), sampling=FrameSampling(2), short_side=16
    )
    source = dataset_in("webdataset", tmp_path).train(model, seed=1)
    examples = source.__getitems__([2, 0])
    assert [example.caption for example in examples] == ["clip 2", "clip 0"]
    assert [round(float(example.frames.float().mean()) / 70) for example in examples] == [2, 0]
    again = dataset_in("webdataset", tmp_path).train(model, seed=1).__getitems__([0, 2])
    assert torch.equal(again[1].frames, examples[0].frames)
