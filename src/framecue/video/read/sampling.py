"""Which frames of a video a model looks at: arithmetic on indices, with no file and no decoder.

Frames are counted on ``length`` places; :mod:`framecue.video.read.packets` finds the frame at each place.

The arithmetic of the test indices is that of the methods' reference code, its rounding included, because released
weights were evaluated on exactly these frames: interval bounds are a truncated ``linspace``, and the step inside an
interval is rounded down before it is multiplied.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from framecue.errors import InputError

__all__ = ["FrameSampling"]


@dataclass(frozen=True)
class FrameSampling:
    """How many frames to take of a video, and in which order.

    Without ``chunk_frames`` the video is cut into ``num_frames`` equal intervals and gives one frame of each, in
    chronological order. With ``chunk_frames = P`` it is cut into ``P`` intervals and passed over ``num_frames / P``
    times, one frame of each interval a pass; all of the first pass comes first, so that every ``P`` consecutive frames
    span the whole video and frame ``f`` is of interval ``f mod P`` (Prompt Switch). That list is not chronological.

    A video with fewer frames than intervals gives each of its frames once a pass; the places that are still empty then
    repeat its last frame, at the end of the list, or are left out.

    With ``frames_per_second`` the frames are taken among those of a fixed grid in time, as a store of frames holds
    them (:mod:`framecue.video.read.grid`).

    Args:
        num_frames: frames to take, F.
        chunk_frames: frames in one pass over the video; ``None`` for a single pass of ``num_frames``.
        repeat_last: whether a video with fewer frames gives as many as others; without, it gives those that it has.
        frames_per_second: of the grid; ``None`` to take any frame of the video.

    Raises:
        InputError: a number below 1, a rate that is not above 0, or ``num_frames`` is not a multiple of
            ``chunk_frames``; or frames are left out of several passes, of which each would lack some.
    """

    num_frames: int
    chunk_frames: int | None = None
    frames_per_second: float | None = None
    repeat_last: bool = True

    def __post_init__(self) -> None:
        for name, value in (("num_frames", self.num_frames), ("chunk_frames", self.chunk_frames)):
            if value is not None and value < 1:
                raise InputError(f"{name} is {value}; it must be at least 1")
        rate = self.frames_per_second
        if rate is not None and not 0 < rate < math.inf:
            raise InputError(f"frames_per_second is {rate}; it must be above 0")
        if self.num_frames % self._intervals_wanted:
            raise InputError(
                f"num_frames ({self.num_frames}) is not a multiple of chunk_frames ({self.chunk_frames}): "
                "give a multiple, so that every chunk spans the whole video"
            )

        if self.chunk_frames is not None and not self.repeat_last:
            raise InputError("chunk_frames goes with videos whose last frame is repeated (repeat_last)")

    def to_dict(self) -> dict[str, float | None]:
        """Return the document that a library stores; what came later than libraries is named where it is chosen."""
        document: dict[str, float | None] = {"num_frames": self.num_frames, "chunk_frames": self.chunk_frames}
        if self.frames_per_second is not None:
            document["frames_per_second"] = self.frames_per_second
        return document if self.repeat_last else {**document, "repeat_last": False}

    @property
    def _intervals_wanted(self) -> int:
        return self.num_frames if self.chunk_frames is None else self.chunk_frames

    @property
    def num_passes(self) -> int:
        """Return how often the video is passed over; 1 without ``chunk_frames``."""
        return self.num_frames // self._intervals_wanted

    def test_indices(self, length: int) -> list[int]:
        """Return the same frames each time, evenly spaced inside each interval.

        Args:
            length: frames that the video has, at least 1.

        Returns:
            ``num_frames`` indices in ``[0, length)``, or as many as the video has.

        Raises:
            InputError: ``length`` is below 1.
        """
        bounds = self._bounds(length)
        starts, last = bounds[:-1], bounds[1:] - 1
        # Divided before it is multiplied, as in the reference: in short intervals all passes take the first frame.
        steps = (last - starts) // (self.num_passes + 1)
        return self._filled([starts + number * steps for number in range(1, self.num_passes + 1)], length)

    def train_indices(self, length: int, rng: np.random.Generator) -> list[int]:
        """Draw a random frame of each interval, anew in each pass.

        Every frame of an interval is equally likely. (The reference code never draws an interval's last frame, and
        therefore fails on videos with fewer than two frames an interval.)

        Args:
            length: frames that the video has, at least 1.
            rng: where the randomness comes from.

        Returns:
            ``num_frames`` indices in ``[0, length)``, or as many as the video has.

        Raises:
            InputError: ``length`` is below 1.
        """
        bounds = self._bounds(length)
        return self._filled([rng.integers(bounds[:-1], bounds[1:]) for _ in range(self.num_passes)], length)

    def _bounds(self, length: int) -> np.ndarray:
        """Return the intervals' bounds: ``i`` is ``[bounds[i], bounds[i + 1])``.

        None is empty, as there are at most ``length`` intervals.
        """
        if length < 1:
            raise InputError(f"cannot sample a video of {length} frames; it needs at least 1")
        num_intervals = min(self._intervals_wanted, length)
        return np.linspace(0, length, num_intervals + 1).astype(np.int64)

    def _filled(self, passes: list[np.ndarray], length: int) -> list[int]:
        indices = [int(index) for one_pass in passes for index in one_pass]
        return indices + [length - 1] * (self.num_frames - len(indices)) if self.repeat_last else indices
