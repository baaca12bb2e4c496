"""Which examples make a batch, and how they become tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from framecue.backbone import Backbone
from framecue.datasets.examples import Example, ExampleSource

__all__ = ["Collate", "UniqueVideoBatchSampler"]


class UniqueVideoBatchSampler(Sampler[list[int]]):
    """Batches of example indices in which a video stands at most once; every example of the source is used once.

    An example whose video is already in the batch waits for the next. Only the last batches of an epoch can be short.

    Args:
        source: the examples.
        batch_size: examples a batch.
        seed: of the order; with the epoch it decides it.
        shuffle: draw the order anew each epoch; a generated source brings its own.
    """

    def __init__(self, source: ExampleSource, *, batch_size: int, seed: int, shuffle: bool = True) -> None:
        self.source, self.batch_size, self.seed, self.shuffle = source, batch_size, seed, shuffle
        self.drop_last = False
        self.epoch = 0
        self._batches: tuple[int, list[list[int]]] | None = None

    def set_epoch(self, epoch: int) -> None:
        """The order of this epoch comes next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self._plan())

    def __iter__(self) -> Iterator[list[int]]:
        return iter(self._plan())

    def _plan(self) -> list[list[int]]:
        if self._batches is not None and self._batches[0] == (self.epoch if self.shuffle else 0):
            return self._batches[1]
        order: Sequence[int] = range(len(self.source))
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.source)).tolist()
        planned: list[list[int]] = []
        videos: list[set[str]] = []
        first_open = 0
        for index in order:
            video = self.source.video_of(index)
            place = next(
                (i for i in range(first_open, len(planned)) if len(planned[i]) < self.batch_size and video not in videos[i]),
                None,
            )
            if place is None:
                planned.append([])
                videos.append(set())
                place = len(planned) - 1
            planned[place].append(index)
            videos[place].add(video)
            while first_open < len(planned) and len(planned[first_open]) == self.batch_size:
                first_open += 1
        self._batches = (self.epoch if self.shuffle else 0, planned)
        return planned


class Collate:
    """Examples to the tensors of a batch; normalising is left to the model's device.

    Args:
        backbone: tokenizes the captions.
    """

    def __init__(self, backbone: Backbone) -> None:
        self.backbone = backbone

    def __call__(self, examples: list[Example]) -> dict[str, Tensor]:
        """The batch.

        Returns:
            frames: uint8 (B, F, 3, S, S).
            input_ids, attention_mask: int64 (B, T).
            same: bool (B, B), which captions are identical.
        """
        captions = [example.caption for example in examples]
        input_ids, attention_mask = self.backbone.tokenize(captions)
        _, ids = np.unique(captions, return_inverse=True)
        numbers = torch.from_numpy(ids)
        return {
            "frames": torch.stack([example.frames for example in examples]),
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "same": numbers[:, None] == numbers[None, :],
        }
