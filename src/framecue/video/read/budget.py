"""What reading one file may cost: decoded pixels and processor time, in proportion to the file's size.

Signs of life tell a long step from one that hangs, but not a film from a small file made to be decoded for hours: a few
bytes are enough for a frame of any size that repeats the one before. So each file gets a floor and so much for each of
its bytes, whatever it says of itself; hours of film have the bytes.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from av.video.stream import VideoStream

from framecue.errors import VideoError
from framecue.video.limits import (
    CPU_SECONDS,
    CPU_SECONDS_PER_MEGABYTE,
    MEGAPIXELS,
    MEGAPIXELS_PER_KILOBYTE,
)
from framecue.video.read.access import elsewhere

__all__ = [
    "Limits",
    "begin_pass",
    "begin_pixels",
    "check_time",
    "cpu_reason",
    "max_cpu_seconds_of",
    "spend",
    "spending",
]

_MILLION = 1_000_000
_BLOCK_BYTES = 512


@dataclass(frozen=True)
class Limits:
    """What may be spent on a file.

    Attributes:
        max_cpu_seconds: of the processor's time, over all its cores; None for so much a file and a megabyte
            (``framecue.video.limits``).
        max_megapixels: of the frames that are decoded in one pass over the file; None likewise.
    """

    max_cpu_seconds: float | None = None
    max_megapixels: float | None = None


class _Budget:
    """What is left for one file; any thread may spend of it."""

    def __init__(self, path: str, limits: Limits) -> None:
        self.path = path
        size_bytes = _size_bytes(path)
        self.max_cpu_seconds = max_cpu_seconds_of(path, limits)
        megapixels = limits.max_megapixels
        if megapixels is None:
            megapixels = MEGAPIXELS + MEGAPIXELS_PER_KILOBYTE * size_bytes / 1000
        self.max_pixels = megapixels * _MILLION
        self._num_spent = 0
        self._lock = threading.Lock()
        self._began_seconds = time.process_time()

    def begin_pass(self, num_pixels: int) -> None:
        if num_pixels > self.max_pixels:
            raise VideoError(self.path, self._pixels_reason(num_pixels, "in all"))
        with self._lock:
            self._num_spent = 0

    def spend(self, num_pixels: int) -> None:
        with self._lock:
            self._num_spent += num_pixels
            is_over = self._num_spent > self.max_pixels
        if is_over:
            raise VideoError(self.path, self._pixels_reason(self._num_spent, "so far"))

    def check_time(self) -> None:
        if time.process_time() - self._began_seconds > self.max_cpu_seconds:
            raise VideoError(self.path, cpu_reason(self.max_cpu_seconds))

    def _pixels_reason(self, num_pixels: float, when: str) -> str:
        return (
            f"its frames are {_mega(num_pixels)} megapixels {when}, more than the "
            f"{_mega(self.max_pixels)} that reading a file of its size may take; max_megapixels allows more"
        )


_budget: _Budget | None = None


@contextmanager
def spending(path: str, limits: Limits) -> Iterator[None]:
    """Hold the reading of one file to its limits while the block runs, in all threads of this process."""
    global _budget
    before, _budget = _budget, _Budget(path, limits)
    try:
        yield
    finally:
        _budget = before


def spend(num_pixels: int) -> None:
    """Count pixels that are decoded; does nothing where no file has a budget.

    Raises:
        VideoError: there are more of them in this pass than the file may take.
    """
    if _budget is not None:
        _budget.spend(num_pixels)


def begin_pass(stream: VideoStream, num_frames: int) -> None:
    """Begin a pass over a file, in which so many frames will be decoded; a file is passed over a few times at most.

    Raises:
        VideoError: they have more pixels than a pass may take.
    """
    begin_pixels(num_frames * stream.codec_context.width * stream.codec_context.height)


def begin_pixels(num_pixels: int) -> None:
    """Begin a pass over a file, in which so many pixels will be decoded by whatever reads it.

    Raises:
        VideoError: they are more than a pass may take.
    """
    if _budget is not None:
        _budget.begin_pass(num_pixels)


def check_time() -> None:
    """Look whether there is processor time left.

    Raises:
        VideoError: the file has taken all that it may.
    """
    if _budget is not None:
        _budget.check_time()


def max_cpu_seconds_of(path: str, limits: Limits, size_bytes: int | None = None) -> float:
    """Return how much processor time a file may take; a size is looked for where none is given."""
    if limits.max_cpu_seconds is not None:
        return limits.max_cpu_seconds
    return CPU_SECONDS + CPU_SECONDS_PER_MEGABYTE * (_size_bytes(path) if size_bytes is None else size_bytes) / _MILLION


def cpu_reason(max_cpu_seconds: float) -> str:
    """Return the words for a file that takes more processor time than it may."""
    return (
        f"reading it took more than {max_cpu_seconds:.4g} seconds of processor time, so it was given up: it is made to "
        "be slow, or this machine is; max_cpu_seconds allows more"
    )


def _mega(number: float) -> str:
    return f"{number / _MILLION:.0f}" if number > 10 * _MILLION else f"{number / _MILLION:.3g}"


def _size_bytes(path: str) -> int:
    """Return how many bytes a file has on its disk: a file may claim more than it holds."""
    if (ranges := elsewhere(path)) is not None:
        return ranges.size_bytes
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return 0
    held = getattr(status, "st_blocks", 0) * _BLOCK_BYTES if os.name == "posix" else 0
    # Some file systems do not count blocks, or keep small files elsewhere.
    return min(status.st_size, held) if held else status.st_size
