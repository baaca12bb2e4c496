"""What training reads: examples, a batch of indices at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

__all__ = ["Example", "ExampleSource"]


@dataclass(frozen=True)
class Example:
    """One video with one of its captions.

    Attributes:
        frames: uint8 (F, 3, S, S), at the backbone's image size, not normalised.
        caption: the text.
        video_id: equal for examples of the same video; a batch holds a video at most once.
    """

    frames: Tensor
    caption: str
    video_id: str


class ExampleSource(Protocol):
    """A dataset as `torch.utils.data` fetches it: whole batches, so that a source can work on them at once.

    What a source returns depends on its arguments, the epoch and the indices alone, never on what was asked before, so
    that a run that was killed goes on exactly where it stopped.
    """

    def __len__(self) -> int:
        """Return how many examples an epoch has."""
        ...

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        """Return the examples at these indices; an index has the same caption in each epoch, perhaps other frames."""
        ...

    def set_epoch(self, epoch: int) -> None:
        """Draw random frames as of this epoch from now on; called before the epoch's first batch is asked for."""
        ...

    def video_of(self, index: int) -> str:
        """Return the `video_id` of an example, without reading it."""
        ...

    def backwards(self, index: int) -> str | None:
        """Return a caption of the example played backwards; None if that is not known, or means the same."""
        ...
