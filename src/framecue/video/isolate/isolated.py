"""Reading videos in another process: what is asked most, with types of its own."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from framecue.errors import VideoError
from framecue.video.isolate.asking import Asker
from framecue.video.isolate.questions.condition import ConditionQuestion
from framecue.video.isolate.questions.frames import FramesQuestion
from framecue.video.isolate.questions.grid import GridQuestion
from framecue.video.isolate.questions.moments import MomentsQuestion
from framecue.video.isolate.questions.older import OlderQuestion
from framecue.video.isolate.questions.probe import ProbeQuestion
from framecue.video.isolate.questions.sound import SoundQuestion
from framecue.video.isolate.questions.timebase import TimebaseQuestion
from framecue.video.read.condition import Condition
from framecue.video.read.decode import VideoInfo
from framecue.video.read.frames import Frames
from framecue.video.read.gpu import GpuDecoding, GpuUse
from framecue.video.read.grid_frames import GridFrames, GridOptions, put_together
from framecue.video.read.heartbeat import Progress
from framecue.video.read.in_memory import NAME_OF_BYTES, as_file
from framecue.video.read.moments import Content, Event, Moment, ReadOptions
from framecue.video.read.older import OlderReading, SecondLook
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.sound import SoundOptions
from framecue.video.read.sound_line import SoundChunk
from framecue.video.read.sound_tracks import SoundTrack
from framecue.video.read.timebase import VideoTimebase

__all__ = ["IsolatedReader"]

Part = TypeVar("Part")


class IsolatedReader(Asker):
    """Reads videos in a process of its own; see :class:`~framecue.video.isolate.asking.Asker`.

    A question that has no method here can be asked with ``ask``.
    """

    def read(
        self,
        path: str,
        options: ReadOptions,
        is_wanted: Callable[[str], bool],
        *,
        gpu: GpuDecoding | None = None,
    ) -> Iterator[Event]:
        """Read a video's moments, as ``read_moments`` does; closing the iterator early is fine.

        Args:
            path: the file.
            options: what to read.
            is_wanted: is given the content's hash, returns whether to read on; called in this process.
            gpu: decode large pictures on a GPU. A file that ends the process then is read again without it, as what
                crashes there is far more than ffmpeg.

        Yields:
            ``Content`` once, then a ``Moment`` for each segment, with ``Progress`` anywhere between; with ``gpu``, how
            the file was decoded, a ``GpuUse``.

        Raises:
            The same as ``ask``.
        """
        content: Content | None = None
        num_given = 0
        if gpu is not None:
            try:
                for event in self.ask(MomentsQuestion(path, options, gpu), is_wanted):
                    content = event if isinstance(event, Content) else content
                    num_given += isinstance(event, Moment)
                    yield event
                return
            except VideoError as error:
                # What is known to be in the file is in it for PyAV, too.
                if error.cause is not None:
                    raise
                yield GpuUse(fallback=error.reason)
        for event in self.ask(MomentsQuestion(path, options), is_wanted):
            if isinstance(event, Content) and content is not None:
                if event != content:
                    raise VideoError(path, "it changed while it was being read")
            elif isinstance(event, Moment) and num_given:
                num_given -= 1
            else:
                yield event

    def read_frames(
        self,
        video: str | Path | bytes,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Read chosen frames of a video, as :func:`~framecue.video.read.decode.read_frames` does.

        Args:
            video: the file, or its content.
            sampling: how many frames, and which.
            rng: draw frames at random; afterwards it is where it would be had it drawn in this process.
            start_seconds: where the window starts; ``None`` for the beginning.
            end_seconds: where it ends; ``None`` for the end.
            short_side: scale larger frames down to this short side; ``None`` for full size.

        Raises:
            InputError: the window or ``short_side`` makes no sense.
            The same as ``ask`` besides.
        """
        with as_file(video) as path:
            question = FramesQuestion(path, sampling, start_seconds, end_seconds, short_side, rng)
            frames, drawn = _only_part(self.ask(question))
        if rng is not None and drawn is not None:
            rng.bit_generator.state = drawn.bit_generator.state
        return frames

    def read_grid(self, path: str | Path, options: GridOptions) -> GridFrames:
        """Read the frames of a video on a fixed grid, as :func:`~framecue.video.read.grid_frames.read_grid` does.

        Args:
            path: the file.
            options: the grid, and what to keep.

        Raises:
            The same as ``ask``.
        """
        with as_file(path) as file:
            parts = self.ask(GridQuestion(file, options))
            return put_together(file, (part for part in parts if not isinstance(part, Progress)))

    def probe(self, video: str | Path | bytes) -> VideoInfo:
        """Return what a video is, as :func:`~framecue.video.read.decode.probe` does.

        Args:
            video: the file, or its content.

        Raises:
            The same as ``ask``.
        """
        with as_file(video) as path:
            info = _only_part(self.ask(ProbeQuestion(path)))
        return replace(info, path=Path(NAME_OF_BYTES if isinstance(video, bytes) else video))

    def condition(self, video: str | Path | bytes) -> Condition:
        """Return what a file is and whether it is whole, as ``read_condition`` of ``video/read`` does.

        Args:
            video: the file, or its content.

        Raises:
            The same as ``ask``.
        """
        with as_file(video) as path:
            found = _only_part(self.ask(ConditionQuestion(path)))
        return replace(found, info=replace(found.info, path=Path(NAME_OF_BYTES if isinstance(video, bytes) else video)))

    def timebase(self, path: str | Path) -> VideoTimebase:
        """Return how a file's frames are counted, as ``read_timebase`` of ``video/read`` does.

        Args:
            path: the file.

        Raises:
            The same as ``ask``.
        """
        with as_file(path) as file:
            return _only_part(self.ask(TimebaseQuestion(file)))

    def look_again(self, path: str, older: OlderReading) -> SecondLook:
        """Look at a file that an older framecue indexed, as ``look_again`` of ``video/read`` does.

        Args:
            path: the file.
            older: what an older framecue found in it.

        Raises:
            The same as ``ask``.
        """
        return _only_part(self.ask(OlderQuestion(path, older)))

    def read_sound(
        self, path: str | Path, options: SoundOptions | None = None
    ) -> Generator[SoundTrack | SoundChunk, None, None]:
        """Decode one sound track of a file, as ``read_sound`` of ``video/read`` does; closing it early is fine.

        Args:
            path: the file.
            options: which track; None for the usual one.

        Yields:
            The track that was chosen, then its sound in the order of time; nothing of a file without sound.

        Raises:
            The same as ``ask``; what was yielded before stands.
        """
        with as_file(path) as file:
            for part in self.ask(SoundQuestion(file, options or SoundOptions())):
                if not isinstance(part, Progress):
                    yield part


def _only_part(parts: Generator[Part | Progress, None, None]) -> Part:
    """Return the one part of an answer; reads on to the end, so that the process can be asked again."""
    (part,) = (part for part in parts if not isinstance(part, Progress))
    return part
