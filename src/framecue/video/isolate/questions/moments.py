"""The moments of a file: its content's hash, then the frames of its segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from framecue.video.isolate.question import Decide, Question
from framecue.video.isolate.wire import check_answer
from framecue.video.read.gpu import GpuDecoding, decoding_on_gpu
from framecue.video.read.moments import Content, Event, Moment, ReadOptions, read_moments

__all__ = ["MomentsQuestion"]


@dataclass(frozen=True)
class MomentsQuestion(Question[Event]):
    """Asks for what :func:`~framecue.video.read.moments.read_moments` yields of a file.

    Attributes:
        options: what to read.
        gpu: how large pictures are decoded on a GPU; None for PyAV alone.
    """

    options: ReadOptions
    gpu: GpuDecoding | None = None

    reads = "all"

    def answer(self, decide: Decide) -> Iterator[Event]:
        """Yield ``Content`` once, then a ``Moment`` for each segment; ``decide`` is given the content's hash.

        With ``gpu``, a ``GpuUse`` comes last.
        """
        with decoding_on_gpu(self.gpu) as session:
            for event in read_moments(self.path, self.options, decide):
                if isinstance(event, Moment):
                    check_answer(self.path, event.pixels)
                if isinstance(event, Moment) and not event.pixels.flags.c_contiguous:
                    # Only contiguous arrays are sent without being copied once more.
                    event = replace(event, pixels=np.ascontiguousarray(event.pixels))
                yield event
            if session is not None:
                yield session.use()

    def unchanging(self, part: object) -> object:
        """Return the content, which is another one if the file changed."""
        return part if isinstance(part, Content) else None
