"""The base of datasets: their section in a recipe, and their data for training, validation and each split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from framecue.datasets.card import DatasetCard
from framecue.errors import DatasetError
from framecue.validation import Strict

# A recipe is checked before anything heavy is imported, so a config imports its sources of examples when it makes them.
if TYPE_CHECKING:
    from framecue.datasets.clips import Clip
    from framecue.datasets.examples import ExampleSource
    from framecue.model import VideoTextModel
    from framecue.video import FrameSource

__all__ = ["DatasetConfig", "FileDataset", "SplitCopy"]


@dataclass(frozen=True)
class SplitCopy:
    """What a folder has of a split; what `framecue datasets check` goes by.

    Attributes:
        split: the split's name.
        clips: those whose videos are there.
        caption_counts: how many captions each listed clip has, with those whose videos are not there.
        missing: the names of those whose videos are not there.
        meant: for some of the missing ones, the file that is probably meant (renamed).
        known_broken: videos that everybody's copy lacks or cannot read; they are left out, and do not count as missing.
    """

    split: str
    clips: tuple[Clip, ...]
    caption_counts: tuple[int, ...]
    missing: tuple[str, ...] = ()
    meant: Mapping[str, Path] = field(default_factory=dict)
    known_broken: tuple[str, ...] = ()

    @property
    def listed(self) -> int:
        """Return how many clips the annotation files name."""
        return len(self.caption_counts)


class DatasetConfig(Strict, ABC):
    """A dataset as a recipe describes it: its fields are the keys of the recipe's section `dataset`.

    To add a dataset, write one file with a class derived from this one (or from `FileDataset` if it is made of video
    files) and add a line to `framecue.datasets.registry`, or an entry point to a package of your own.

    Attributes:
        name: its name in the registry; a dataset narrows it to `Literal["its-name"]`.
        shuffles: whether training draws the order of examples anew each epoch; a generated dataset has its own order.
        card: what it is and what its splits hold, for `framecue datasets`.
    """

    shuffles: ClassVar[bool] = True
    card: ClassVar[DatasetCard | None] = None

    name: str

    @abstractmethod
    def train(self, model: VideoTextModel, *, seed: int, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return the examples to train on.

        Args:
            model: determines which frames of a video are taken in training, and their size.
            seed: for everything that is drawn at random and is not a property of the dataset.
            frame_source: reads the video files; None decodes them in this process.

        Raises:
            DatasetError: files are missing or malformed, or there is no split to train on.
        """

    @abstractmethod
    def val(self, model: VideoTextModel, *, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return the examples that choose the checkpoint: one caption a video, frames as at test.

        Args:
            model: determines which frames of a video are taken at test, and their size.
            frame_source: reads the video files; None decodes them in this process.

        Raises:
            DatasetError: files are missing or malformed, or there is no split for validation.
        """

    def look_at_files(self) -> None:
        """Look whether there is something to train on, before a model is downloaded and loaded for it.

        Raises:
            DatasetError: files are missing or malformed, or there is no split to train on.
        """

    def clips(self, split: str) -> list[Clip]:
        """Return the videos of a split with all their captions, which an evaluation ranks.

        A video of many captions is one clip; a paragraph that describes a video is one caption.

        Raises:
            DatasetError: the dataset has no files, some are missing or malformed, or there is no such split.
        """
        raise DatasetError(f"dataset {self.name} is drawn as it is needed: it has no files, and no splits to evaluate")


class FileDataset(DatasetConfig):
    """A dataset of video files in a folder; it has to define `clips`, from which training and validation follow.

    Attributes:
        has_own_splits: whether whoever made the folder divided it into splits, so that copies of a video in two of them
            are a mistake to be found; published splits are what they are.
        data_dir: the folder of its files.
    """

    has_own_splits: ClassVar[bool] = False

    data_dir: Path

    def train(self, model: VideoTextModel, *, seed: int, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return an example for each caption of the split `train`, with frames drawn at random.

        Raises:
            DatasetError: as `DatasetConfig.train`; or a clip of `train` shows pictures that are in `test`, too.
        """
        from framecue.datasets.clip_examples import ClipExamples

        return ClipExamples(
            self._apart_from_test(self.clips("train"), "train"),
            sampling=model.train_sampling,
            preprocess=model.backbone.preprocess.resize_and_crop,
            seed=seed,
            frame_source=frame_source,
            short_side=model.short_side,
        )

    def val(self, model: VideoTextModel, *, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return an example for each video of the split `val`.

        Raises:
            DatasetError: as `DatasetConfig.val`; or a clip of `val` shows pictures that are in `test`, too.
        """
        from framecue.datasets.clip_examples import ClipExamples

        return ClipExamples(
            self._apart_from_test(self.clips("val"), "val"),
            sampling=model.sampling,
            preprocess=model.backbone.preprocess.resize_and_crop,
            at_test=True,
            frame_source=frame_source,
            short_side=model.short_side,
        )

    def look_at_files(self) -> None:
        """See `DatasetConfig.look_at_files`; videos are found, but not opened."""
        self.clips("train")

    @abstractmethod
    def clips(self, split: str) -> list[Clip]:
        """Return the videos of a split with all their captions; see `DatasetConfig.clips`."""

    def splits(self) -> list[str]:
        """Return the names of the splits."""
        return ["train", "val", "test"]

    def listed(self, split: str) -> list[Clip]:
        """Return the clips that the annotation files name for a split, whether or not their videos are there.

        What a dataset does not say is an empty list: it is only used to see that splits have nothing in common.
        """
        return []

    def copy_of(self, split: str) -> SplitCopy:
        """Return what the folder has of a split.

        Raises:
            DatasetError: an annotation file is missing or malformed, or there is no such split.
        """
        found = tuple(self.clips(split))
        return SplitCopy(split, found, tuple(len(clip.captions) for clip in found))

    @property
    def num_held_out(self) -> int:
        """Return how many training videos are held out for validation; 0 where validation has a list of its own."""
        return 0

    def options(self) -> dict[str, Any]:
        """Return the options by name, apart from the dataset's name and folder."""
        return {key: value for key, value in self if key not in ("name", "data_dir")}

    def _apart_from_test(self, clips: list[Clip], split: str) -> list[Clip]:
        """Return the clips of a split; refuse those that show pictures of the test split."""
        from framecue.datasets.clips import overlapping
        from framecue.datasets.overlap import shared_with

        test = self.listed("test")
        both = shared_with(clips, test) if self.has_own_splits else [clip.key for clip in overlapping(clips, test)]
        if both:
            way_out = ", or train with validation: none or last" if split == "val" else ""
            raise DatasetError(
                f"{self.data_dir}: {len(both)} clips of split {split!r} are in split 'test', too, first {both[0]}; "
                f"what trains or chooses the checkpoint must not be tested on: take others{way_out}"
            )
        return clips
