"""How an indexing run shares the machine: how many threads encode, how many frames each takes at once, and so on."""

from __future__ import annotations

from dataclasses import dataclass

from framecue.encoder import Encoder, SharesCores

__all__ = ["FRAMES_PER_ENCODE", "Pace", "usual_pace"]

FRAMES_PER_ENCODE = 64
"""About how many frames an encoder takes at once that says nothing of it."""


@dataclass(frozen=True)
class Pace:
    """How a run shares the machine. What it writes does not depend on it, but for the last digits of vectors.

    Attributes:
        num_workers: how many threads encode at once, each on one core; 0 where the run's own thread encodes.
        frames_per_batch: about how many frames are encoded at once by each.
        frames_per_second: how many all of them encode in a second; None where it was not measured.
    """

    num_workers: int
    frames_per_batch: int
    frames_per_second: float | None = None


def usual_pace(encoder: Encoder) -> Pace:
    """Return the pace that an encoder itself proposes."""
    if isinstance(encoder, SharesCores):
        return Pace(max(1, encoder.max_threads), max(1, encoder.frames_per_batch))
    return Pace(0, FRAMES_PER_ENCODE)
