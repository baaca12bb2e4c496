"""Counting, over a run, which files were decoded on a GPU, and which were not although that was wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec

from framecue.errors import InputError
from framecue.library.results import Remark
from framecue.video import GpuDecoding, GpuUse, IsolatedReader, ReadOptions, ReadVideo
from framecue.video.read.moments import Event

__all__ = ["GpuTally", "check_gpu_decoder", "counting_reader"]


@dataclass
class GpuTally:
    """What was decoded where. Several readers may count at once.

    Attributes:
        num_videos: how many files had frames that a GPU decoded.
        fallbacks: the files that PyAV decoded, or went on with, although they were large enough; with the reasons.
    """

    num_videos: int = 0
    fallbacks: list[Remark] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def count(self, path: str, use: GpuUse) -> None:
        """Count one file."""
        with self._lock:
            self.num_videos += use.num_frames > 0
            if use.fallback is not None:
                self.fallbacks.append(Remark(path, use.fallback))


def check_gpu_decoder() -> None:
    """Raise if what decodes on a GPU is not installed.

    Raises:
        InputError: it is not.
    """
    if find_spec("torchcodec") is None:
        raise InputError(
            "videos are decoded on a GPU by torchcodec, which is not installed; install the extra gpu-decode "
            "(pip install 'framecue[gpu-decode]'), or leave out --gpu-decode"
        )


def counting_reader(reader: IsolatedReader, gpu: GpuDecoding, tally: GpuTally) -> ReadVideo:
    """Return how a reader reads with a GPU's decoder, which counts where files were decoded."""

    def read(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
        for event in reader.read(path, options, is_wanted, gpu=gpu):
            if isinstance(event, GpuUse):
                tally.count(path, event)
            else:
                yield event

    return read
