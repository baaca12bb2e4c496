"""How an indexing run shares the machine: how many threads encode, how many frames at once, how many readers read."""

from __future__ import annotations

from dataclasses import dataclass

from framecue.cores import num_cores
from framecue.encoder import Encoder, SharesCores, TakesFrames

__all__ = ["FRAMES_PER_ENCODE", "MAX_READERS", "Pace", "usual_pace"]

FRAMES_PER_ENCODE = 64
"""About how many frames an encoder takes at once that says nothing of it."""

MAX_READERS = 4
# A reader's decoder has threads of its own, so several readers help only if there are enough cores for each.
_CORES_PER_READER = 4


@dataclass(frozen=True)
class Pace:
    """How a run shares the machine. What it writes does not depend on it, but for the last digits of vectors.

    Attributes:
        num_workers: how many threads encode at once, each on one core; 0 where the run's own thread encodes.
        frames_per_batch: about how many frames are encoded at once by each.
        num_readers: how many processes read files.
        frames_per_second: how many frames all workers encode in a second; None where it was not measured.
    """

    num_workers: int
    frames_per_batch: int
    num_readers: int = 1
    frames_per_second: float | None = None


def usual_pace(encoder: Encoder) -> Pace:
    """Return the pace that an encoder itself proposes, with readers for the machine's cores."""
    num_readers = max(1, min(MAX_READERS, num_cores() // _CORES_PER_READER))
    if isinstance(encoder, TakesFrames) and encoder.takes_frames:
        return Pace(1, max(1, encoder.frames_at_once), num_readers)
    if isinstance(encoder, SharesCores):
        return Pace(max(1, encoder.max_threads), max(1, encoder.frames_per_batch), num_readers)
    return Pace(0, FRAMES_PER_ENCODE, num_readers)
