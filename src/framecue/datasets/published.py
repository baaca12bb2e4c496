"""What the field's data sets have in common: published lists, videos found by their ids, a validation split by hash."""

from __future__ import annotations

import hashlib
import logging
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

from framecue.datasets.base import FileDataset, SplitCopy
from framecue.datasets.clips import Clip
from framecue.datasets.data_folder import DataFolder
from framecue.errors import DatasetError, ListNotFoundError

__all__ = ["Listed", "PublishedDataset", "held_out", "with_captions"]

logger = logging.getLogger(__name__)

NAMED = 3
SPLITS = ("train", "val", "test")


class Listed(NamedTuple):
    """One video as the annotation files have it.

    Attributes:
        video_id: its id.
        captions: at least one.
        start_seconds: where the described part begins; None for the beginning.
        end_seconds: where it ends; None for the end.
    """

    video_id: str
    captions: tuple[str, ...]
    start_seconds: float | None = None
    end_seconds: float | None = None


def held_out(video_ids: Collection[str], number: int) -> frozenset[str]:
    """Return the videos that are held out of training for validation: those whose ids have the smallest hashes.

    They are the same on every machine and in every order, and a larger number takes the smaller one's and more.

    Args:
        video_ids: the training videos.
        number: how many to take.
    """
    return frozenset(sorted(video_ids, key=lambda name: hashlib.blake2b(name.encode()).digest())[:number])


def with_captions(
    video_ids: Sequence[str], captions: Mapping[str, Sequence[str]], *, names: Path, texts: Path
) -> list[Listed]:
    """Return listed videos with their captions.

    Args:
        video_ids: which videos, in order.
        captions: the captions of each.
        names: the file that has the ids, for messages.
        texts: the file that has the captions.

    Raises:
        DatasetError: a video has no caption, or only blank ones.
    """
    without = [video_id for video_id in video_ids if not captions.get(video_id)]
    if without:
        if names == texts:
            raise DatasetError(f"{names}: has no caption of {_few(without)} that is not blank; get the file again")
        raise DatasetError(
            f"{names}: names {_few(without)}, of which {texts} has no caption; the two files do not belong together, "
            "or one of them is damaged"
        )
    return [Listed(video_id, tuple(captions[video_id])) for video_id in video_ids]


class PublishedDataset(FileDataset):
    """A data set of the field, read from the files that people pass around; a subclass reads its lists.

    The folder may be laid out in any manner: annotation files are found by their names, videos by their ids, whatever
    their ending. Where a data set has no validation split, `val_holdout` videos are held out of training.

    Attributes:
        video_dir: where the videos are, if not below `data_dir`, or only in one folder of it.
        missing_videos: what becomes of listed videos that are not there: "refuse" them all, or "leave-out": training
            and validation go without them, and a test counts each as a miss.
        known_broken: whether videos that everybody's copy lacks or cannot read are left out of all splits.
    """

    has_val: ClassVar[bool] = True

    video_dir: Path | None = None
    missing_videos: Literal["refuse", "leave-out"] = "refuse"
    known_broken: Literal["leave-out", "keep"] = "leave-out"

    @abstractmethod
    def read_split(self, files: DataFolder, split: str) -> list[Listed]:
        """Return a split as it is published, before any video is held out.

        Args:
            files: the dataset's folder.
            split: "train" or "test"; "val" where the published files have one.

        Raises:
            DatasetError: a file is missing or malformed.
        """

    def broken_videos(self, files: DataFolder) -> frozenset[str]:
        """Return the ids of the videos that everybody's copy lacks or cannot read."""
        return frozenset()

    def file_names(self, video_id: str) -> tuple[str, ...]:
        """Return the names, without ending, that the file of a video may have; the first is the usual one."""
        return (video_id,)

    def open_folder(self) -> DataFolder:
        """Return the dataset's folder, looked through.

        Raises:
            DatasetError: it is not there.
        """
        home = self.card.where_from if self.card else ""
        return DataFolder(self.data_dir, video_dir=self.video_dir, home=home)

    def videos_of(self, files: DataFolder, split: str) -> list[Listed]:
        """Return the videos of a split as it is used: the held-out ones are in `val`, not in `train`.

        Raises:
            DatasetError: a file is missing or malformed, that of the test included if it is there; there is no such
                split; or a video that trains or chooses the checkpoint is in the test split.
        """
        if split not in SPLITS:
            raise DatasetError(f"dataset {self.name} has no split {split!r}; it has {', '.join(SPLITS)}")
        if split == "test":
            return self.read_split(files, split)
        if split == "val" and not self.num_held_out:
            if not self.has_val:
                raise DatasetError(
                    f"dataset {self.name} has no validation split, and none is held out (val_holdout=0); give a "
                    "number, or train with validation: none or last"
                )
            found = self.read_split(files, split)
        else:
            pool = self.read_split(files, "train")
            held = held_out([each.video_id for each in pool], self.num_held_out)
            found = [each for each in pool if (each.video_id in held) == (split == "val")]
        self._refuse_test_videos(files, split, found)
        return found

    def clips(self, split: str) -> list[Clip]:
        """Return the clips of a split whose videos are there.

        Raises:
            DatasetError: as `videos_of`; or videos are missing, and `missing_videos` is "refuse".
        """
        files = self.open_folder()
        copy = self._copy(files, split)
        if not copy.missing:
            return list(copy.clips)
        if self.missing_videos == "refuse":
            meant = "".join(f"; {name} may be {path}" for name, path in list(copy.meant.items())[:1])
            raise DatasetError(
                f"{files.video_dir}: {len(copy.missing)} of the {copy.listed} videos of split {split} are missing: "
                f"{_few(copy.missing)} (looked for by name, with any ending, in all folders){meant}; missing_videos="
                f"leave-out goes on without them{files.home}"
            )
        logger.warning(
            "%s: goes on without %d of the %d videos of split %s", self.name, len(copy.missing), copy.listed, split
        )
        if split != "test":
            return list(copy.clips)
        # A test over the others would flatter the model: these are listed, cannot be read, and so count as misses.
        listed = {each.video_id: each for each in self.videos_of(files, split)}
        lacking = [self._clip(files.video_dir / f"{name}.mp4", listed[name], split) for name in copy.missing]
        return [*copy.clips, *lacking]

    def copy_of(self, split: str) -> SplitCopy:
        """Return what the folder has of a split; see `FileDataset.copy_of`."""
        return self._copy(self.open_folder(), split)

    def _copy(self, files: DataFolder, split: str) -> SplitCopy:
        listed = self.videos_of(files, split)
        broken = self.broken_videos(files) if self.known_broken == "leave-out" else frozenset()
        clips: list[Clip] = []
        missing: list[str] = []
        left_out: list[str] = []
        for each in listed:
            if each.video_id in broken:
                left_out.append(each.video_id)
                continue
            video = files.video(*self.file_names(each.video_id))
            if video is None:
                missing.append(each.video_id)
            else:
                clips.append(self._clip(video, each, split))
        meant = files.suggestions(missing, (clip.video for clip in clips)) if missing else {}
        counts = tuple(len(each.captions) for each in listed)
        return SplitCopy(split, tuple(clips), counts, tuple(missing), meant, tuple(left_out))

    @staticmethod
    def _clip(video: Path, listed: Listed, split: str) -> Clip:
        return Clip(
            video, listed.captions, split, None, {"id": listed.video_id}, listed.start_seconds, listed.end_seconds
        )

    def _refuse_test_videos(self, files: DataFolder, split: str, found: Sequence[Listed]) -> None:
        try:
            test = {each.video_id for each in self.read_split(files, "test")}
        except ListNotFoundError:  # whoever only trains need not have the test's files
            return
        both = [each.video_id for each in found if each.video_id in test]
        if both:
            raise DatasetError(
                f"dataset {self.name}: {len(both)} videos of split {split} are in the test split, too: {_few(both)}; "
                "what trains or chooses the checkpoint must not be tested on: choose lists that belong together"
            )


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
