"""Verifying a copy: what is missing, cut off, undecodable or renamed is found, and everything else is left in peace."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from framecue.datasets.captions import write_captions
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.check import check_copy
from framecue.datasets.clips import Clip
from framecue.datasets.folder import FolderData
from framecue.datasets.msvd import MsvdData
from framecue.datasets.registry import dataset_in
from framecue.errors import VideoError
from framecue.video import write_video
from framecue.video.read.condition import Condition, read_condition

IDS = {"train": ["a_0_1", "b_0_1", "c_0_1"], "val": ["d_0_1"], "test": ["e_0_1", "f_0_1"]}

NAMES = [name for names in IDS.values() for name in names]


class Plain:
    """Reads in this process, and notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def condition(self, path: str | Path) -> Condition:
        self.asked.append(Path(path).name)
        return read_condition(path)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MsvdData:
    captions = {name: [f"{name} {n}" for n in range(1 + index)] for index, name in enumerate(NAMES)}
    (tmp_path / "captions_msvd.json").write_text(json.dumps(captions))
    rng = np.random.default_rng(0)
    frames = [rng.integers(0, 256, (32, 32, 3), dtype=np.uint8) for _ in range(20)]
    write_video(tmp_path / "one.mp4", frames, frames_per_second=10)
    content = (tmp_path / "one.mp4").read_bytes()
    (tmp_path / "one.mp4").unlink()
    for split, names in IDS.items():
        (tmp_path / f"{split}_list.txt").write_text("\n".join(names))
        for name in names:
            (tmp_path / f"{name}.mp4").write_bytes(content)
    # Its card names the published counts, which these few videos do not have.
    monkeypatch.setattr(MsvdData, "card", None)
    return MsvdData(data_dir=tmp_path)


def test_a_whole_copy_is_complete(data: MsvdData) -> None:
    source = Plain()
    done: list[tuple[int, int]] = []
    report = check_copy(data, source=source, num_readers=2, progress=lambda *at: done.append(at))
    assert report.complete
    assert [split.split for split in report.splits] == ["train", "val", "test"]
    assert [split.captions_a_video for split in report.splits] == [(1, 2.0, 3), (4, 4.0, 4), (5, 5.5, 6)]
    assert [(split.listed, split.captions) for split in report.splits] == [(3, 6), (1, 4), (2, 11)]
    assert sorted(source.asked) == sorted(f"{name}.mp4" for name in NAMES)
    assert done == [(number, 6) for number in range(1, 7)]


def test_what_is_missing_renamed_cut_off_and_undecodable_is_found(data: MsvdData) -> None:
    folder = data.data_dir
    (folder / "a_0_1.mp4").unlink()
    (folder / "b_0_1.mp4").rename(folder / "B_0_1.mp4")
    cut = folder / "e_0_1.mp4"
    cut.write_bytes(cut.read_bytes()[:-100])
    (folder / "f_0_1.mp4").write_text("no video")
    report = check_copy(data, source=Plain())
    train, val, test = report.splits
    assert (report.complete, train.complete, val.complete, test.complete) == (False, False, True, False)
    assert (train.missing, train.meant) == (("a_0_1", "b_0_1"), (("b_0_1", folder / "B_0_1.mp4"),))
    assert train.captions == 6
    assert [path.name for path, _ in test.unreadable] == ["e_0_1.mp4", "f_0_1.mp4"]
    assert all(reason and "\n" not in reason for _, reason in test.unreadable)
    document = report.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["splits"][0]["renamed"] == [{"video": "b_0_1", "file": str(folder / "B_0_1.mp4")}]


def test_only_some_splits_and_nothing_decoded(data: MsvdData) -> None:
    (data.data_dir / "e_0_1.mp4").write_text("no video")
    (data.data_dir / "train_list.txt").unlink()
    source = Plain()
    report = check_copy(data, splits=["val", "test"], decode=False, source=source)
    assert report.complete
    assert source.asked == []
    whole = check_copy(data, decode=False)
    assert not whole.complete
    assert whole.splits[0].problem is not None
    assert "there is no train_list.txt" in whole.splits[0].problem


def test_a_file_is_read_once_however_many_clips_it_has(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", [np.zeros((16, 16, 3), dtype=np.uint8)] * 8, frames_per_second=2)
    lines = [
        {"video": "a.mp4", "captions": ["x"], "split": split, "start_seconds": start, "end_seconds": start + 1}
        for split, starts in (("test", (0, 1)), ("train", (2, 3)))
        for start in starts
    ]
    (tmp_path / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    source = Plain()
    report = check_copy(dataset_in("folder", tmp_path), source=source)
    assert report.complete
    assert source.asked == ["a.mp4"]
    assert [split.split for split in report.splits] == ["test", "train"]


def test_the_published_counts_are_compared(data: MsvdData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    report = check_copy(data, decode=False)
    assert [split.published for split in report.splits] == [1200, 100, 670]
    assert [split.published_captions for split in report.splits] == [48_774, 4290, 27_763]
    assert not report.complete


def test_captions_that_the_lists_lack_are_found(data: MsvdData, monkeypatch: pytest.MonkeyPatch) -> None:
    for captions, complete in ((4, True), (5, False)):
        monkeypatch.setattr(MsvdData, "card", DatasetCard("x", splits=(SplitCard("val", 1, captions),)))
        (val,) = check_copy(data, splits=["val"], decode=False).splits
        assert (val.published, val.published_captions, val.complete) == (1, captions, complete)


def test_held_out_videos_are_no_fault_of_the_training_list(tmp_path: Path) -> None:
    entry = {"sentences": ["x"]}
    (tmp_path / "train.json").write_text(json.dumps({f"v_{number}": entry for number in range(10_009)}))
    report = check_copy(dataset_in("activitynet", tmp_path), splits=["train", "val"], decode=False)
    assert [(split.listed, split.published) for split in report.splits] == [(9509, 9509), (500, None)]
    (alone,) = check_copy(dataset_in("activitynet", tmp_path), splits=["train"], decode=False).splits
    assert (alone.listed, alone.published) == (9509, 9509)


@pytest.mark.isolated
def test_a_file_that_ends_the_reader_costs_itself_alone(data: MsvdData) -> None:
    (data.data_dir / "f_0_1.mp4").write_text("no video")
    report = check_copy(data, splits=["test"], num_readers=2)
    (test,) = report.splits
    assert [path.name for path, _ in test.unreadable] == ["f_0_1.mp4"]
    with pytest.raises(VideoError):
        read_condition(data.data_dir / "f_0_1.mp4")


def test_what_the_test_shows_too_is_found(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / f"{name}.mp4").write_bytes(name.encode())
    shutil.copy(tmp_path / "d.mp4", tmp_path / "copy.mp4")
    splits = {"a": "train", "b": "train", "copy": "train", "c": "val", "d": "test"}
    clips = [Clip(tmp_path / f"{name}.mp4", ("x",), split) for name, split in splits.items()]
    write_captions(tmp_path, [*clips, Clip(tmp_path / "b.mp4", ("y",), "test")])
    report = check_copy(FolderData(data_dir=tmp_path), decode=False)
    found = {split.split: [str(one) for one in split.also_in_test] for split in report.splits}
    copied = f"{tmp_path / 'copy.mp4'} (the same bytes as {tmp_path / 'd.mp4'})"
    assert found == {"test": [], "train": [str(tmp_path / "b.mp4"), copied], "val": []}
    assert {split.split: split.complete for split in report.splits} == {"test": True, "train": False, "val": True}
    assert not report.complete
    assert report.to_dict()["splits"][1]["also_in_test"][1] == {
        "clip": str(tmp_path / "copy.mp4"),
        "test_video": str(tmp_path / "d.mp4"),
    }
    # One split alone is compared with the test, too.
    assert len(check_copy(FolderData(data_dir=tmp_path), splits=["train"], decode=False).splits[0].also_in_test) == 2
    write_captions(tmp_path, [clips[0], *clips[3:]], overwrite=True)
    assert check_copy(FolderData(data_dir=tmp_path), decode=False).complete
