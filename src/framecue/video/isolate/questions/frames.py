"""The frames that a sampling takes of a file, or of a window of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from framecue.video.isolate.question import Decide, Question
from framecue.video.isolate.wire import check_answer
from framecue.video.read.decode import read_frames
from framecue.video.read.frames import Frames
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.window import check_short_side, check_window

__all__ = ["FramesQuestion"]


@dataclass(frozen=True)
class FramesQuestion(Question[tuple[Frames, np.random.Generator | None]]):
    """Asks for what :func:`~framecue.video.read.decode.read_frames` returns of a file.

    Attributes:
        sampling: how many frames, and which.
        start_seconds: where the window starts; ``None`` for the beginning.
        end_seconds: where it ends; ``None`` for the end.
        short_side: scale larger frames down to this short side; ``None`` for full size.
        rng: draw frames at random; ``None`` for the fixed ones.

    Raises:
        InputError: the window or ``short_side`` makes no sense.
    """

    sampling: FrameSampling
    start_seconds: float | None = None
    end_seconds: float | None = None
    short_side: int | None = None
    rng: np.random.Generator | None = None

    def __post_init__(self) -> None:
        # Here, as in the decoding process it would be taken for a defect.
        check_window(self.start_seconds, self.end_seconds)
        check_short_side(self.short_side)

    def answer(self, decide: Decide) -> Iterator[tuple[Frames, np.random.Generator | None]]:
        """Yield the frames and, as this is another process, the generator that has drawn them."""
        frames = read_frames(
            self.path,
            self.sampling,
            rng=self.rng,
            start_seconds=self.start_seconds,
            end_seconds=self.end_seconds,
            short_side=self.short_side,
        )
        check_answer(self.path, frames.pixels)
        # Only contiguous arrays are sent without being copied once more.
        yield replace(frames, pixels=np.ascontiguousarray(frames.pixels)), self.rng
