"""Pieces of sound, each at its time, put together to chunks of one length."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

__all__ = ["SAMPLE_RATE", "SoundChunk", "SoundLine"]

SAMPLE_RATE = 16_000
"""Samples a second of all sound that is read."""

_CHUNK_SAMPLES = 10 * SAMPLE_RATE
# A hole up to this long is filled with silence; after a longer one, another chunk begins.
_MAX_FILLED_SAMPLES = SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class SoundChunk:
    """A piece of sound. It begins where the one before it ended, or later: nothing is heard between the two.

    Attributes:
        start_seconds: when it begins, on the clock of the pictures.
        samples: float32 (N,), in [-1, 1], 16 000 a second; at most 10 seconds.
    """

    start_seconds: float
    samples: np.ndarray


class SoundLine:
    """Sound in the order of time. Places are counted in samples from the beginning of the file.

    What would come before the beginning, or where there is sound already, is left out.
    """

    def __init__(self) -> None:
        self._place = self._end = self._start = 0
        self._waiting: list[np.ndarray] = []

    @property
    def end_seconds(self) -> float:
        """Return when the last of it is heard."""
        return self._end / SAMPLE_RATE

    def go_to(self, place: int) -> None:
        """Have the next samples begin at a place."""
        self._place = place

    def add(self, samples: np.ndarray) -> Iterator[SoundChunk]:
        """Add samples, and yield the chunks that are full.

        Args:
            samples: float32 (N,).
        """
        num_late = min(len(samples), max(0, self._end - self._place))
        start = self._place + num_late
        self._place += len(samples)
        samples = samples[num_late:]
        if not len(samples):
            return
        if self._waiting and start > self._end:
            if start - self._end <= _MAX_FILLED_SAMPLES:
                self._waiting.append(np.zeros(start - self._end, np.float32))
            else:
                yield from self.rest()
        if not self._waiting:
            self._start = start
        self._waiting.append(samples)
        self._end = self._place
        if self._end - self._start >= _CHUNK_SAMPLES:
            yield from self._full()

    def rest(self) -> Iterator[SoundChunk]:
        """Yield what waits for its chunk to be full."""
        yield from self._full()
        if self._waiting:
            yield SoundChunk(self._start / SAMPLE_RATE, np.concatenate(self._waiting))
            self._waiting = []

    def _full(self) -> Iterator[SoundChunk]:
        samples = np.concatenate(self._waiting) if self._waiting else np.zeros(0, np.float32)
        while len(samples) >= _CHUNK_SAMPLES:
            # A copy, so that what is sent is not the whole of what it is a part of.
            yield SoundChunk(self._start / SAMPLE_RATE, samples[:_CHUNK_SAMPLES].copy())
            samples = samples[_CHUNK_SAMPLES:]
            self._start += _CHUNK_SAMPLES
        self._waiting = [samples] if len(samples) else []
