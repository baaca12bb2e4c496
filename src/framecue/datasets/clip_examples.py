"""Training and validation examples from the clips of a split."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from framecue.counts import counted
from framecue.datasets.clips import Clip, shared_pictures
from framecue.datasets.examples import Augment, Example
from framecue.errors import DatasetError, VideoError
from framecue.methods.absent import with_absent
from framecue.video import FrameSampling, FrameSource, PlainFrameSource

__all__ = ["ClipExamples"]

logger = logging.getLogger(__name__)


class ClipExamples:
    """One example for each caption of each clip; a source of examples (see `ExampleSource`).

    A video that cannot be read does not stop a run of hours: it is logged as a warning, once. In training, its place is
    taken by the next readable example of a video that is not in the batch; at test its example is left out, so that no
    video is in the gallery twice.

    A clip is read in its window. In training, clips that share pictures (`shared_pictures`) have one `video_id`, so a
    batch holds one of them at most; at test each has its own.

    Args:
        clips: the clips of a split.
        sampling: which frames to take.
        preprocess: turns frames uint8 (F, H, W, 3) into uint8 (F, 3, S, S).
        at_test: whether to take frames as at test and one caption a video, not random frames and every caption.
        seed: determines the random frames, together with the epoch and the example's index.
        frame_source: reads the files; None decodes them in this process.
        short_side: scale larger frames down to this short side before `preprocess`; None for full size.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        *,
        sampling: FrameSampling,
        preprocess: Callable[[np.ndarray], Tensor],
        at_test: bool = False,
        seed: int = 0,
        frame_source: FrameSource | None = None,
        short_side: int | None = None,
    ) -> None:
        self.clips = list(clips)
        self.frame_source = PlainFrameSource() if frame_source is None else frame_source
        self.sampling, self.preprocess, self.at_test, self.seed = sampling, preprocess, at_test, seed
        self.short_side = short_side
        self.pairs = [
            (number, caption)
            for number, clip in enumerate(self.clips)
            for caption in (clip.captions[:1] if at_test else clip.captions)
        ]
        self.epoch = 0
        self._ids = [clip.key for clip in self.clips] if at_test else shared_pictures(self.clips)
        self._augment: Augment | None = None
        # Shared with the processes that load batches, so that a bad file is tried and logged once, not once in each.
        self._is_bad = torch.zeros(len(self.clips), dtype=torch.bool).share_memory_()

    @property
    def unreadable(self) -> list[Path]:
        """The videos that could not be read so far, in the order of the clips."""
        return [self.clips[number].video for number in self._is_bad.nonzero().flatten().tolist()]

    def __len__(self) -> int:
        return len(self.pairs)

    def video_of(self, index: int) -> str:
        """Return the clip of an example: its file, or its file and window; in training see `shared_pictures`."""
        return self._ids[self.pairs[index][0]]

    def caption_of(self, index: int) -> str:
        """Return the caption of an example, without reading its video."""
        return self.pairs[index][1]

    def backwards(self, index: int) -> None:
        """Return None: it is not known what a video would mean if it were played backwards."""

    def augment_with(self, augment: Augment) -> None:
        """Change each video by this, in place of the preprocessing, from now on; which frames are taken stays."""
        self._augment = augment

    def set_epoch(self, epoch: int) -> None:
        """Draw the random frames of this epoch from now on."""
        self.epoch = epoch

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        """Return the examples at these indices; for those that cannot be read, see the class.

        Raises:
            DatasetError: no video of the split can be read.
        """
        found = [self._example(index) for index in indices]
        if not self.at_test:
            found = self._replaced(indices, found)
        if bool(self._is_bad.all()):
            raise DatasetError(
                f"none of the {counted(len(self.clips), 'video')} of split {self.clips[0].split!r} can be read; "
                f"the first is {self.clips[0].video}"
            )
        return [example for example in found if example is not None]

    def _replaced(self, indices: Sequence[int], found: Iterable[Example | None]) -> list[Example | None]:
        held = {self.video_of(index) for index in indices}
        made = []
        for index, example in zip(indices, found, strict=True):
            following = ((index + step) % len(self) for step in range(1, len(self)))
            while example is None and (other := next(following, None)) is not None:
                if self.video_of(other) not in held:
                    example = self._example(other)
            if example is not None:
                held.add(example.video_id)
            made.append(example)
        return made

    def _example(self, index: int) -> Example | None:
        number, caption = self.pairs[index]
        if self._is_bad[number]:
            return None
        clip = self.clips[number]
        rng = None if self.at_test else np.random.default_rng([self.seed, self.epoch, index])
        try:
            frames = self.frame_source.read_frames(
                clip.video,
                self.sampling,
                rng=rng,
                start_seconds=clip.start_seconds,
                end_seconds=clip.end_seconds,
                short_side=self.short_side,
            )
        except VideoError as error:
            logger.warning("%s; the clip is left out", error)
            self._is_bad[number] = True
            return None
        if self._augment is None:
            shown = self.preprocess(frames.pixels)
        else:
            # A stream of its own, so that the frames are those of a run without augmentation.
            shown = self._augment(frames.pixels, np.random.default_rng([self.seed, self.epoch, index, 1]))
        num_real = len(shown)
        if not self.sampling.repeat_last:
            shown = with_absent(shown, self.sampling.num_frames)
        return Example(shown, caption, self.video_of(index), num_real)
