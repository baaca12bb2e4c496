"""Examples, which training reads in batches of indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

__all__ = ["Augment", "Augmentable", "Captioned", "Example", "ExampleSource", "num_real_frames"]

Augment = Callable[[np.ndarray, np.random.Generator], Tensor]
"""Turns the frames of one video, uint8 (F, H, W, 3), into uint8 (F, 3, S, S), otherwise each time."""


@dataclass(frozen=True)
class Example:
    """One video with one of its captions.

    Attributes:
        frames: uint8 (F, 3, S, S), at the backbone's image size, not normalised.
        caption: the text.
        video_id: the same for all examples of a video; a batch has a video at most once.
        num_real: how many of the frames are the video's own, the first ones; None for all. The others are absent.
        original: the frames before the dataset laid a title over them, like `frames`; None where they are the same.
    """

    frames: Tensor
    caption: str
    video_id: str
    num_real: int | None = None
    original: Tensor | None = None


def num_real_frames(examples: Sequence[Example]) -> Tensor:
    """Return how many frames of each example are its video's own: int64 (B,)."""
    return torch.tensor([len(one.frames) if one.num_real is None else one.num_real for one in examples])


class ExampleSource(Protocol):
    """A dataset from which `torch.utils.data` fetches whole batches, so that a source can make them in one go.

    What a source returns depends only on its arguments, the epoch and the indices, never on earlier requests, so a run
    that was killed goes on exactly where it stopped.
    """

    def __len__(self) -> int:
        """Return the number of examples in an epoch."""
        ...

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        """Return the examples at these indices; an index keeps its caption in each epoch, but may get other frames."""
        ...

    def set_epoch(self, epoch: int) -> None:
        """Draw the random frames of this epoch from now on; called before the epoch's first batch is fetched."""
        ...

    def video_of(self, index: int) -> str:
        """Return the `video_id` of an example, without reading it."""
        ...

    def backwards(self, index: int) -> str | None:
        """Return a caption of the example played backwards; None if it is not known or means the same."""
        ...


@runtime_checkable
class Augmentable(Protocol):
    """A source that shows its videos otherwise each time, if asked to; one that draws them itself needs no such thing.

    What it shows depends on its seed, the epoch and the index alone.
    """

    def augment_with(self, augment: Augment) -> None:
        """Change each video by this, in place of the preprocessing, from now on."""
        ...


@runtime_checkable
class Captioned(Protocol):
    """A source that knows its captions without its videos: an adapter's query bank is made of them."""

    def caption_of(self, index: int) -> str:
        """Return the caption of an example, without reading it."""
        ...
