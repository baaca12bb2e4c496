"""Training and validation examples from a folder of videos and its `captions.jsonl`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import Tensor

from framecue.datasets.captions import read_captions
from framecue.datasets.examples import Example
from framecue.video import FrameSampling, read_frames

__all__ = ["VideoFolder"]


class VideoFolder:
    """One example for each caption of each video of a split; a source of examples (see `ExampleSource`).

    Args:
        data_dir: the folder.
        split: which clips.
        sampling: which frames.
        preprocess: frames uint8 (F, H, W, 3) to uint8 (F, 3, S, S).
        at_test: frames as at test and one caption a video, rather than random frames and every caption.
        seed: of the random frames.

    Raises:
        DatasetError: see `read_captions`.
    """

    def __init__(
        self,
        data_dir: str | Path,
        *,
        split: str,
        sampling: FrameSampling,
        preprocess: Callable[[np.ndarray], Tensor],
        at_test: bool = False,
        seed: int = 0,
    ) -> None:
        self.clips = read_captions(data_dir, split)
        self.sampling, self.preprocess, self.at_test = sampling, preprocess, at_test
        self.pairs = [
            (clip, caption)
            for clip in self.clips
            for caption in (clip.captions[:1] if at_test else clip.captions)
        ]
        self._rng = np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self.pairs)

    def video_of(self, index: int) -> str:
        """The file of an example."""
        return str(self.pairs[index][0].video)

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        return [self._example(index) for index in indices]

    def _example(self, index: int) -> Example:
        clip, caption = self.pairs[index]
        frames = read_frames(clip.video, self.sampling, rng=None if self.at_test else self._rng)
        return Example(self.preprocess(frames.pixels), caption, self.video_of(index))
