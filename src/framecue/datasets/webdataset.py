"""The dataset `webdataset`: tar shards, read where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from framecue.datasets.base import FileDataset
from framecue.datasets.card import DatasetCard, SplitCard
from framecue.datasets.clips import Clip
from framecue.datasets.published import held_out
from framecue.datasets.shards import expand_braces, read_shard
from framecue.errors import DatasetError
from framecue.paths import is_dir
from framecue.validation import Integer

__all__ = ["WebDatasetData"]


class WebDatasetData(FileDataset):
    """Shards of WebDataset; see `read_shard` for what a sample is.

    Nothing is unpacked: the captions are read once, and a video is copied out of its shard when its frames are asked
    for, and removed at once. The order of the clips is that of the shards' names and of the samples in them, so a run
    that was stopped goes on with the same examples.

    Attributes:
        train_shards: a pattern below `data_dir` of the shards to train on (`*`, `**`, `{000..123}`).
        val_shards: likewise, those that validate.
        test_shards: likewise, those that are tested on.
        val_holdout: where no shards match `val_shards`, as many training samples are held out, by the hash of their
            keys.
    """

    card: ClassVar[DatasetCard] = DatasetCard(
        "Tar shards of videos and captions (KEY.mp4 with KEY.txt or KEY.json), read without unpacking.",
        splits=(
            SplitCard("train", source="train*.tar (`train_shards`)"),
            SplitCard("val", source="val*.tar (`val_shards`)", note="or `val_holdout` samples of `train`, by hash"),
            SplitCard("test", source="test*.tar (`test_shards`)"),
        ),
    )

    has_own_splits: ClassVar[bool] = True

    name: Literal["webdataset"] = "webdataset"
    train_shards: str = "train*.tar"
    val_shards: str = "val*.tar"
    test_shards: str = "test*.tar"
    val_holdout: Integer = Field(default=0, ge=0)

    def clips(self, split: str) -> list[Clip]:
        """Return the clips of a split in the order of the shards.

        Raises:
            DatasetError: there is no such split or no shard of it, a shard is damaged, or one that trains or chooses
                the checkpoint is tested on, too.
        """
        if split not in self.splits():
            raise DatasetError(f"dataset {self.name} has no split {split!r}; it has {', '.join(self.splits())}")
        holds_out = bool(self.val_holdout) and not self._shards("val")
        if not holds_out or split == "test":
            return self._read(split, split)
        pool = self._read("train", split)
        held = held_out([clip.key.removeprefix(str(self.data_dir)) for clip in pool], self.val_holdout)
        return [clip for clip in pool if (clip.key.removeprefix(str(self.data_dir)) in held) == (split == "val")]

    def listed(self, split: str) -> list[Clip]:
        """Return the clips of a split; none where no shards match."""
        return self._read(split, split) if split in self.splits() and self._shards(split) else []

    def _read(self, shards_of: str, split: str) -> list[Clip]:
        shards = self._shards(shards_of)
        if not shards:
            raise DatasetError(
                f"{self.data_dir}: no shard matches {self._pattern(shards_of)!r} ({shards_of}_shards); name the shards "
                f"of split {shards_of}"
            )
        both = sorted(set(shards) & set(self._shards("test"))) if shards_of != "test" else []
        if both:
            raise DatasetError(
                f"{both[0]}: is a shard of {shards_of} and of test; what trains or chooses the checkpoint must not be "
                f"tested on: change {shards_of}_shards or test_shards"
            )
        clips = [clip for shard in shards for clip in read_shard(shard, split)]
        if not clips:
            raise DatasetError(f"{shards[0]}: no sample of the {len(shards)} shards has a video and a caption")
        return clips

    def _pattern(self, split: str) -> str:
        return {"train": self.train_shards, "val": self.val_shards, "test": self.test_shards}[split]

    def _shards(self, split: str) -> list[Path]:
        if not is_dir(self.data_dir):
            raise DatasetError(f"{self.data_dir}: no such folder; give the folder of the shards")
        pattern = self._pattern(split)
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts or not pattern:
            raise DatasetError(f"{split}_shards is {pattern!r}; give a pattern below data_dir, such as 'train-*.tar'")
        return sorted({shard for one in expand_braces(pattern) for shard in self.data_dir.glob(one)})
