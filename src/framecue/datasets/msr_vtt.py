"""MSR-VTT: 10 000 videos of 10 to 30 seconds with 20 captions each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from framecue.datasets.annotation_files import (
    Caption,
    captions_by_video,
    check_video_id,
    read_json,
    read_names,
    read_table,
    wrong_shape,
)
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.data_folder import DataFolder
from framecue.datasets.published import Listed, PublishedDataset, with_captions
from framecue.errors import DatasetError, ListNotFoundError
from framecue.validation import Integer

__all__ = ["MsrVttData"]

_CAPTIONS = ("MSRVTT_data.json", "MSR_VTT.json", "train_val_videodatainfo.json")
_OFFICIAL = "MSRVTT_data.json, or train_val_videodatainfo.json and test_videodatainfo.json"
# Where a list of videos does not say of which split each is: the numbers at which validation and test begin.
_FIRST_VAL, _FIRST_TEST = 6513, 7010
_SPLITS = {"train": "train", "validate": "val", "val": "val", "test": "test"}


class MsrVttData(PublishedDataset):
    """MSR-VTT (Xu et al., CVPR 2016) with the splits of text-to-video retrieval.

    Training is over each of a video's 20 captions. The test "1k-A" (Yu et al., JSFusion, ECCV 2018) has one caption for
    each of 1 000 videos; "full" is the official test split, with all captions.

    Attributes:
        train_set: "9k" (all but the 1k-A test), "7k" (official training and validation), or "full" (official training,
            with the official validation split).
        test_set: "1k-A" or "full".
        val_holdout: videos of "9k" or "7k" that are held out of training for validation; 0 for none.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "10 000 videos of 10 to 30 s with 20 captions each.",
        splits=(
            SplitCard(
                "train", 9000, 180_000, "MSRVTT_train.9k.csv, MSRVTT_data.json", {"train_set": "9k"}, "with `val`"
            ),
            SplitCard(
                "train", 7010, 140_200, "MSRVTT_train.7k.csv, MSRVTT_data.json", {"train_set": "7k"}, "with `val`"
            ),
            SplitCard("train", 6513, 130_260, _OFFICIAL, {"train_set": "full"}),
            SplitCard("val", source="of `train`", options={"train_set": "9k"}, note="500 by hash (`val_holdout`)"),
            SplitCard("val", source="of `train`", options={"train_set": "7k"}, note="500 by hash (`val_holdout`)"),
            SplitCard("val", 497, 9940, _OFFICIAL, {"train_set": "full"}),
            SplitCard("test", 1000, 1000, "MSRVTT_JSFUSION_test.csv", {"test_set": "1k-A"}),
            SplitCard("test", 2990, 59_800, _OFFICIAL, {"test_set": "full"}),
        ),
        homes=(
            "https://github.com/ArrowLuo/CLIP4Clip/releases/download/v0.0/msrvtt_data.zip (lists)",
            "https://www.robots.ox.ac.uk/~maxbain/frozen-in-time/data/MSRVTT.zip (videos)",
        ),
        paper="Xu et al., CVPR 2016",
    )
    has_val: ClassVar[bool] = False

    name: Literal["msr-vtt"] = "msr-vtt"
    train_set: Literal["9k", "7k", "full"] = "9k"
    test_set: Literal["1k-A", "full"] = "1k-A"
    val_holdout: Integer = Field(default=500, ge=0)

    @property
    def num_held_out(self) -> int:
        """Return `val_holdout`; 0 for "full", which has a validation split."""
        return 0 if self.train_set == "full" else self.val_holdout

    def videos_of(self, files: DataFolder, split: str) -> list[Listed]:
        """Return the videos of a split as it is used; see `PublishedDataset.videos_of`."""
        if split == "val" and self.train_set == "full":
            found = self._official(files, "val")
            self._refuse_test_videos(files, split, found)
            return found
        return super().videos_of(files, split)

    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published; see `PublishedDataset.read_split`."""
        if split == "test" and self.test_set == "1k-A":
            return _read_1k_a(files.require("MSRVTT_JSFUSION_test.csv"))
        if split != "train" or self.train_set == "full":
            return self._official(files, split)
        lists = {"9k": ("MSRVTT_train.9k.csv", "train_list_jsfusion.txt"), "7k": ("MSRVTT_train.7k.csv",)}
        names = files.require(*lists[self.train_set])
        texts, captions, _ = _read_captions(files)
        return with_captions(read_names(names), captions, names=names, texts=texts)

    def _official(self, files: DataFolder, split: str) -> list[Listed]:
        texts, captions, split_of = _read_captions(files, with_test=split == "test")
        chosen = [video_id for video_id, of in split_of.items() if of == split]
        if not chosen:
            raise ListNotFoundError(
                f"{texts}: has no video of the official split {split}; it is in {_OFFICIAL}{files.home}"
            )
        return with_captions(chosen, captions, names=texts, texts=texts)


def _read_1k_a(file: Path) -> list[Listed]:
    found: dict[str, Listed] = {}
    for where, row in read_table(file, columns=("video_id", "sentence"), has_head=True):
        video_id, caption = row["video_id"], " ".join(row["sentence"].split())
        check_video_id(video_id, f"{file}, {where}")
        if not caption:
            raise DatasetError(f"{file}, {where}: the caption of {video_id} is blank; get the file again")
        if video_id in found:
            raise DatasetError(f"{file}, {where}: {video_id} stands there a second time; get the file again")
        found[video_id] = Listed(video_id, (caption,))
    if not found:
        raise DatasetError(f"{file}: names no video; get the file again")
    return list(found.values())


def _read_captions(files: DataFolder, *, with_test: bool = False) -> tuple[Path, dict[str, list[str]], dict[str, str]]:
    """Return the file of the captions, the captions of each video, and the official split of each."""
    file = files.require(*_CAPTIONS)
    captions, split_of = _read_video_info(file)
    if file.name == "train_val_videodatainfo.json" and (with_test or files.find("test_videodatainfo.json")):
        test = files.require("test_videodatainfo.json")
        more, more_splits = _read_video_info(test)
        captions, split_of = captions | more, split_of | more_splits
        file = test if with_test else file
    return file, captions, split_of


def _read_video_info(file: Path) -> tuple[dict[str, list[str]], dict[str, str]]:
    content = read_json(file)
    if not isinstance(content, dict):
        raise wrong_shape(file, "", content, 'an object with "videos" and "sentences"')
    captions = captions_by_video(file, _captions(file, content))
    videos = content.get("videos")
    split_of: dict[str, str] = {}
    for number, video in enumerate(videos if isinstance(videos, list) else [], start=1):
        if not isinstance(video, dict) or not isinstance(video.get("video_id"), str):
            raise wrong_shape(file, f"video {number}", video, 'an object with "video_id"')
        check_video_id(video["video_id"], f"{file}, video {number}")
        split_of[video["video_id"]] = _SPLITS.get(str(video.get("split"))) or _split_by_number(video["video_id"])
    return captions, split_of or {video_id: _split_by_number(video_id) for video_id in captions}


def _captions(file: Path, content: Mapping[str, Any]) -> Iterator[Caption]:
    # "MSR_VTT.json" has the same in COCO's words.
    kind, key = ("sentences", "video_id") if "sentences" in content else ("annotations", "image_id")
    entries = content.get(kind)
    if not isinstance(entries, list) or not entries:
        raise wrong_shape(file, f'"{kind}"', entries, "a list of captions")
    for number, entry in enumerate(entries, start=1):
        where = f"caption {number}"
        if not isinstance(entry, dict) or not isinstance(entry.get(key), str) or "caption" not in entry:
            raise wrong_shape(file, where, entry, f'an object with "{key}" and "caption"')
        yield Caption(entry[key], entry["caption"], where)


def _split_by_number(video_id: str) -> str:
    digits = video_id.removeprefix("video")
    # Python refuses to read a number of thousands of digits.
    number = int(digits) if digits.isdecimal() and len(digits) < 10 else 0
    return "train" if number < _FIRST_VAL else "val" if number < _FIRST_TEST else "test"
