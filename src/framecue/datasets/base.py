"""What a dataset is: what a recipe says of it, and what it gives for training, validation and each split."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from framecue.errors import DatasetError
from framecue.validation import Strict

# A recipe is checked before anything heavy is imported, so configs import sources of examples when they make them.
if TYPE_CHECKING:
    from framecue.datasets.captions import Clip
    from framecue.datasets.examples import ExampleSource
    from framecue.model import VideoTextModel
    from framecue.video import FrameSource

__all__ = ["DatasetConfig", "FileDataset"]


class DatasetConfig(Strict, ABC):
    """A dataset as a recipe names it: its fields are the keys of the recipe's section `dataset`.

    A dataset is one file with a class derived from this one, or from `FileDataset` where it is made of video files, and
    one line in `framecue.datasets.registry`; or an entry point of another package.

    Attributes:
        name: its name in the registry; a dataset narrows it to `Literal["its-name"]`.
        shuffles: whether training draws the order of examples anew each epoch; a generated dataset brings its own.
    """

    shuffles: ClassVar[bool] = True

    name: str

    @abstractmethod
    def train(self, model: VideoTextModel, *, seed: int, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return the examples to train on.

        Args:
            model: says which frames of a video it takes in training, and of what size.
            seed: of whatever is drawn at random and is not a property of the dataset.
            frame_source: reads the video files; None decodes them in this process.

        Raises:
            DatasetError: files are missing or malformed, or there is no split to train on.
        """

    @abstractmethod
    def val(self, model: VideoTextModel, *, frame_source: FrameSource | None = None) -> ExampleSource:
        """Return the examples that choose the checkpoint: one caption a video, frames as at test.

        Args:
            model: says which frames of a video it takes at test, and of what size.
            frame_source: reads the video files; None decodes them in this process.

        Raises:
            DatasetError: files are missing or malformed, or there is no split for validation.
        """

    def clips(self, split: str) -> list[Clip]:
        """Return the videos of a split with all their captions: what is ranked in an evaluation.

        A video of many captions is one clip; a paragraph that describes a video is one caption.

        Raises:
            DatasetError: the dataset has no files, some are missing or malformed, or there is no such split.
        """
        raise DatasetError(f"dataset {self.name} is drawn as it is needed: it has no files, and no splits to evaluate")


class FileDataset(DatasetConfig):
    """A dataset of video files in a folder; it has to say `clips`, from which training and validation follow.

    Attributes:
        data_dir: where its files are.
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
        )

    @abstractmethod
    def clips(self, split: str) -> list[Clip]:
        """Return the videos of a split with all their captions; see `DatasetConfig.clips`."""
