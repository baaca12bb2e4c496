"""Where frames come from: one way to ask for those of a file, whatever stands behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np

from framecue.video.read.decode import VideoInfo, probe, read_frames
from framecue.video.read.frames import Frames
from framecue.video.read.in_memory import as_file
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.stored_object import reachable

__all__ = ["FrameSource", "PlainFrameSource", "VideoSource"]


class FrameSource(Protocol):
    """What training, evaluation and ``encode_video`` read frames from."""

    def read_frames(
        self,
        path: str | Path,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Return the frames that a sampling takes of a video, or of a window of it; see :func:`read_frames`.

        Raises:
            InputError: the window or ``short_side`` makes no sense.
            VideoError: the file cannot be used.
        """
        ...


class VideoSource(FrameSource, Protocol):
    """What searches by example read from: a file's frames, and what the file is; also of a file's content."""

    def read_frames(
        self,
        path: str | Path | bytes,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Return frames as :meth:`FrameSource.read_frames` does, of a file or of a file's content."""
        ...

    def probe(self, path: str | Path | bytes) -> VideoInfo:
        """Return what a video is, or a file's content; see :func:`probe`.

        Raises:
            VideoError: the file cannot be used.
        """
        ...


class PlainFrameSource:
    """Decodes in this process, which a damaged file may end: for files that one trusts, and for many at once."""

    def read_frames(
        self,
        path: str | Path | bytes,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Return the frames that a sampling takes of a video; see :meth:`FrameSource.read_frames`."""
        with as_file(path) as named, reachable(named) as file:
            return read_frames(
                file, sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, short_side=short_side
            )

    def probe(self, path: str | Path | bytes) -> VideoInfo:
        """Return what a video is; see :meth:`VideoSource.probe`."""
        with as_file(path) as named, reachable(named) as file:
            return probe(file)
