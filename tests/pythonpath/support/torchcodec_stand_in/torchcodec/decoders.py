"""`torchcodec.decoders` as its documentation has it, decoding on the processor.

There is no GPU where the tests run, and torchcodec's wheels may bring another PyTorch. What it is asked is checked
here; what may go wrong with it is chosen by the environment variable `TORCHCODEC_DOES`, after how many calls of a
decoder by `TORCHCODEC_CALLS`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream


@dataclass(frozen=True)
class Tensor:
    """As much of a tensor on a GPU as is wanted: it has to come to the processor first."""

    array: np.ndarray

    def cpu(self) -> Array:
        """Return it, in place of a tensor on the processor."""
        return Array(self.array)


class Array(np.ndarray):
    """What stands for a tensor on the processor."""

    def __new__(cls, array: np.ndarray) -> Array:
        """Return a view."""
        return np.asarray(array).view(cls)

    def numpy(self) -> np.ndarray:
        """Return the array."""
        return np.asarray(self)


@dataclass(frozen=True)
class FrameBatch:
    """Frames with their times."""

    data: Tensor
    pts_seconds: Tensor
    duration_seconds: Tensor


class CpuFallbackStatus:
    """Whether it had to decode on the processor."""

    def __init__(self, does: bool) -> None:
        self.status_known, self._does = True, does

    def __bool__(self) -> bool:
        return self._does

    def __str__(self) -> str:
        return "[FFmpeg CUDA] Fallback status: Falling back due to:\n  - Video not supported"


class VideoDecoder:
    """A decoder of one stream.

    Args:
        source: the file.
        stream_index: the stream, counted over all kinds.
        dimension_order: "NCHW" or "NHWC".
        device: where to.
    """

    num_opened = 0

    def __init__(self, source: str, *, stream_index: int, dimension_order: str, device: str) -> None:
        assert Path(source).is_absolute()
        assert (dimension_order, device) == ("NHWC", "cuda")
        self._does = os.environ.get("TORCHCODEC_DOES", "")
        if self._does == "no driver":
            raise RuntimeError("CUDA driver version is insufficient for CUDA runtime version\nmore")
        VideoDecoder.num_opened += 1
        with av.open(source) as container:
            stream = container.streams[stream_index]
            assert isinstance(stream, VideoStream)
            frames = list(container.decode(stream))
        self._seconds = [frame.time for frame in frames if frame.time is not None]
        self._pictures = [frame.to_ndarray(format="rgb24") for frame in frames]
        self._end = self._seconds[-1] + 1.0
        self._num_asked = 0
        self.cpu_fallback = CpuFallbackStatus(self._does == "fallback")

    def get_frames_played_at(self, seconds: Sequence[float]) -> FrameBatch:
        """Return the frames that are shown at some times."""
        self._num_asked += 1
        if not all(self._seconds[0] <= each < self._end for each in seconds):
            raise IndexError("Invalid pts in seconds")
        if self._num_asked > int(os.environ.get("TORCHCODEC_CALLS", "2")):
            if self._does == "fail later":
                raise RuntimeError("CUDA error: out of memory")
            if self._does == "crash later":
                os.abort()
        places = [sum(start <= each for start in self._seconds) - 1 for each in seconds]
        pictures = np.stack([self._pictures[place] for place in places])
        if self._does == "other pictures":
            pictures = 255 - pictures
        if self._does == "turn":
            pictures = pictures.transpose(0, 2, 1, 3)
        shift = 0.5 if self._does == "other times" else 0.0
        times = np.array([self._seconds[place] + shift for place in places])
        return FrameBatch(Tensor(pictures), Tensor(times), Tensor(np.zeros(len(places))))
