"""Batches: choosing their examples, and joining these to tensors."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from framecue.datasets.examples import Example, ExampleSource, num_real_frames

__all__ = ["SlicedSource", "UniqueVideoBatchSampler", "collate", "plan_batches"]


class UniqueVideoBatchSampler(Sampler[list[int]]):
    """Yields batches of example indices in which a video occurs at most once; every example is used once an epoch.

    An example whose video is already in the batch waits for the next. Only the last batches of an epoch can be short.
    Every epoch has the same number of batches, the smallest possible, so a step number determines the epoch and the
    place in it.

    An example that is alone in a batch has nothing to be contrasted with, and its loss is 0. So a batch of one gets a
    second example from another batch; it stays alone only if no other batch has three.

    Several processes plan the same batches, and each takes its slice of every one. Slices differ by one example at
    most; in a short batch some may be empty. So each process takes as many steps, and the batches are the same with any
    number of processes.

    Args:
        source: the examples; its epoch is set too.
        batch_size: examples a batch, those of all processes together.
        seed: determines the order, together with the epoch.
        shuffle: whether to draw the order anew each epoch; a generated source has its own order.
        rank: which process this is, from 0.
        num_processes: how many share a batch.
    """

    def __init__(
        self,
        source: ExampleSource,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        rank: int = 0,
        num_processes: int = 1,
    ) -> None:
        self.source, self.batch_size, self.seed, self.shuffle = source, batch_size, seed, shuffle
        self.rank, self.num_processes = rank, num_processes
        self.drop_last = False  # accelerate reads it
        self.epoch = 0
        self._planned: tuple[int, list[list[int]]] | None = None

    def set_epoch(self, epoch: int) -> None:
        """Use the order of this epoch next, and the source's frames of this epoch."""
        self.epoch = epoch
        self.source.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self._plan())

    def __iter__(self) -> Iterator[list[int]]:
        return (self._slice(batch) for batch in self._plan())

    def _slice(self, batch: list[int]) -> list[int]:
        shortest, longer = divmod(len(batch), self.num_processes)
        start = self.rank * shortest + min(self.rank, longer)
        return batch[start : start + shortest + (self.rank < longer)]

    def _plan(self) -> list[list[int]]:
        epoch = self.epoch if self.shuffle else 0
        if self._planned is None or self._planned[0] != epoch:
            order: Sequence[int] = range(len(self.source))
            if self.shuffle:
                order = np.random.default_rng([self.seed, epoch]).permutation(len(self.source)).tolist()
            videos = [self.source.video_of(index) for index in order]
            batches = plan_batches(videos, batch_size=self.batch_size)
            self._planned = (epoch, [[order[place] for place in batch] for batch in batches])
        return self._planned[1]


def plan_batches(videos: Sequence[str], *, batch_size: int) -> list[list[int]]:
    """Return batches of the places 0, 1, ... in which no video occurs twice; each place goes to the first that fits.

    Args:
        videos: the video of each place.
        batch_size: the most places in a batch.

    Returns:
        The fewest batches possible: as many as there are full batches, or as the most frequent video has places.
    """
    if not videos:
        return []
    most = max(Counter(videos).values())
    deal = _Deal(max(math.ceil(len(videos) / batch_size), most), batch_size)
    for place, video in enumerate(videos):
        deal.add(video, place)
    deal.pair_up()
    return [list(batch.values()) for batch in deal.batches]


class _Deal:
    """Batches being filled; `batches[i]` has a place for each video in it."""

    def __init__(self, num_batches: int, batch_size: int) -> None:
        self.batches: list[dict[str, int]] = [{} for _ in range(num_batches)]
        self.batch_size = batch_size
        # The batches from i up to _open_from[i] are full, and no open batch before _after[video] lacks the video. With
        # these two no search is repeated, however many captions a video has.
        self._open_from = list(range(num_batches + 1))
        self._after: dict[str, int] = {}

    def add(self, video: str, place: int) -> None:
        """Put a place into the first open batch without its video; if there is none, make room."""
        batch = self._first_open(self._after.get(video, 0))
        if batch == len(self.batches):
            batch = self._make_room(video)
        self._put(video, place, batch)

    def pair_up(self) -> None:
        """Move a second place into each batch of one, from batches of three or more, the last first."""
        donors = [batch for batch in self.batches if len(batch) >= 3]
        for batch in self.batches:
            while donors and len(donors[-1]) < 3:
                donors.pop()
            if len(batch) == 1 and donors:
                video = next(video for video in reversed(donors[-1]) if video not in batch)
                batch[video] = donors[-1].pop(video)

    def _put(self, video: str, place: int, batch: int) -> None:
        self.batches[batch][video] = place
        self._after[video] = max(self._after.get(video, 0), batch + 1)
        if len(self.batches[batch]) == self.batch_size:
            self._open_from[batch] = batch + 1

    def _first_open(self, start: int) -> int:
        found = start
        while self._open_from[found] != found:
            found = self._open_from[found]
        while start < found:
            self._open_from[start], start = found, self._open_from[start]
        return found

    def _make_room(self, video: str) -> int:
        """Return a batch that lacks the video and has room, after moving a place if need be; there are enough."""
        lacking = [i for i, batch in enumerate(self.batches) if video not in batch]
        for i in lacking:
            if len(self.batches[i]) < self.batch_size:
                return i
        # All batches that lack the video are full, and all open ones have it. A full batch has more videos than an open
        # one, so one of them can move over.
        full, target = self.batches[lacking[-1]], self._first_open(0)
        moved = next(other for other in full if other not in self.batches[target])
        self._put(moved, full.pop(moved), target)
        return lacking[-1]


class SlicedSource(Dataset[Example]):
    """A source from which a process may ask for an empty slice of a batch, and then gets no example.

    Args:
        source: asked for all that is not empty.
    """

    def __init__(self, source: ExampleSource) -> None:
        self.source = source

    def __len__(self) -> int:
        return len(self.source)

    def __getitems__(self, indices: list[int]) -> list[Example]:
        """Return the examples at these indices."""
        return self.source.__getitems__(indices) if indices else []


def collate(examples: list[Example]) -> dict[str, Any]:
    """Join examples to a batch; tokenising and normalising are left to the process and device of the model.

    Returns:
        frames: uint8 (B, F, 3, S, S); uint8 (0,) of no example.
        captions: B texts.
        num_real: int64 (B,), how many frames of each video are its own, the first ones.
        caption_keys: int64 (B, 2), hashes: equal for equal captions, also in other processes.
        video_keys: int64 (B, 2), the same of videos.
        originals: uint8 (B, F, 3, S, S), the frames before anything was laid over them; missing where nothing was.
    """
    frames = [example.frames for example in examples]
    batch = {
        "frames": torch.stack(frames) if frames else torch.empty(0, dtype=torch.uint8),
        "captions": [example.caption for example in examples],
        "num_real": num_real_frames(examples),
        "caption_keys": _keys([example.caption for example in examples]),
        "video_keys": _keys([example.video_id for example in examples]),
    }
    if any(example.original is not None for example in examples):
        originals = [one.frames if one.original is None else one.original for one in examples]
        batch["originals"] = torch.stack(originals)
    return batch


def _keys(texts: list[str]) -> Tensor:
    """Return 128 bits of a hash of each text: int64 (B, 2)."""
    digests = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    return torch.from_numpy(np.frombuffer(b"".join(digests), dtype=np.int64).reshape(-1, 2).copy())
