"""The base of datasets: their section in a recipe, and their data for training, validation and each split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from framecue.errors import DatasetError
from framecue.validation import Strict

# A recipe is checked before anything heavy is imported, so a config imports its sources of examples when it makes them.
if TYPE_CHECKING:
    from framecue.datasets.captions import Clip
    from framecue.datasets.examples import ExampleSource
    from framecue.model import VideoTextModel
    from framecue.video import FrameSource

__all__ = ["DatasetConfig", "FileDataset"]


class DatasetConfig(Strict, ABC):
    """A dataset as a recipe describes it: its fields are the keys of the recipe's section `dataset`.

    To add a dataset, write one file with a class derived from this one (or from `FileDataset` if it is made of video
    files) and add a line to `framecue.datasets.registry`, or an entry point to a package of your own.

    Attributes:
        name: its name in the registry; a dataset narrows it to `Literal["its-name"]`.
        shuffles: whether training draws the order of examples anew each epoch; a generated dataset has its own order.
    """

    shuffles: ClassVar[bool] = True

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
        data_dir: the folder of its files.
    """

    data_dir: Path

    def train(self, model: VideoTextModel, *, seed: int, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return an example for each caption of the split `train`, with frames drawn at random."""
        from framecue.datasets.clip_examples import ClipExamples

        return ClipExamples(
            self.clips("train"),
            sampling=model.train_sampling,
            preprocess=model.backbone.preprocess.resize_and_crop,
            seed=seed,
            frame_source=frame_source,
            short_side=model.short_side,
        )

    def val(self, model: VideoTextModel, *, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return an example for each video of the split `val`."""
        from framecue.datasets.clip_examples import ClipExamples

        return ClipExamples(
            self.clips("val"),
            sampling=model.sampling,
            preprocess=model.backbone.preprocess.resize_and_crop,
            at_test=True,
            frame_source=frame_source,
            short_side=model.short_side,
        )

    @abstractmethod
    def clips(self, split: str) -> list[Clip]:
        """Return the videos of a split with all their captions; see `DatasetConfig.clips`."""
