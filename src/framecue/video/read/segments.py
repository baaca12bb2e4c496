"""Which segments a video is cut into: arithmetic on seconds, with no file and no decoder."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from framecue.errors import InputError

__all__ = ["SEGMENTATION_KINDS", "Segmentation"]

# How long videos are cut: at shot boundaries (and long shots into windows), into windows alone, or not at all.
SEGMENTATION_KINDS = ("shots", "windows", "whole")

# A video of at most so many segments' length stays whole: clips of this length are what the methods learn from.
_WHOLE_SEGMENTS = 3
_MIN_SECONDS = 1.0
# Windows nearer to each other would hardly differ, and there would be any number of them.
_MIN_STEP_SECONDS = 0.1
_ROUNDING_SECONDS = 1e-9


@dataclass(frozen=True)
class Segmentation:
    """How a video is cut into segments, each of which gets a vector of its own.

    Args:
        kind: one of SEGMENTATION_KINDS.
        segment_seconds: how long a window is; a segment is at most half a step (of one window to the next) longer.
        overlap_seconds: how much of a window the next one shares, at least.

    Raises:
        InputError: an unknown kind, or lengths that make no windows.
    """

    kind: str = "shots"
    segment_seconds: float = 5.0
    overlap_seconds: float = 2.5

    def __post_init__(self) -> None:
        if self.kind not in SEGMENTATION_KINDS:
            raise InputError(f"segmentation {self.kind!r} is unknown; known: {', '.join(SEGMENTATION_KINDS)}")
        if not _MIN_SECONDS <= self.segment_seconds < float("inf"):
            raise InputError(f"segment_seconds is {self.segment_seconds}; it must be at least {_MIN_SECONDS:g}")
        longest = self.segment_seconds - _MIN_STEP_SECONDS
        if not 0 <= self.overlap_seconds <= longest + _ROUNDING_SECONDS:
            raise InputError(
                f"overlap_seconds is {self.overlap_seconds}; it must be at least 0 and at most {longest:g}, "
                f"{_MIN_STEP_SECONDS} less than segment_seconds"
            )

    @property
    def longest_seconds(self) -> float:
        """Return how long a shot may be that is not cut into windows.

        It is longer than a window by as much as the nearest window may miss an event of a window's length.
        """
        return self.segment_seconds + self._step_seconds / 2

    @property
    def _step_seconds(self) -> float:
        return self.segment_seconds - self.overlap_seconds

    def is_whole(self, duration_seconds: float) -> bool:
        """Whether a video whose pictures last so long is one segment, wherever its shots begin."""
        return self.kind == "whole" or duration_seconds <= _WHOLE_SEGMENTS * self.segment_seconds

    def segments(
        self,
        duration_seconds: float,
        cuts_seconds: Iterable[float] = (),
        *,
        stills: Sequence[tuple[float, float]] = (),
        first_seconds: float = 0.0,
    ) -> list[tuple[float, float]]:
        """Cut a video.

        Shots shorter than a second are joined with a neighbour. Shots longer than :attr:`longest_seconds` become
        windows of ``segment_seconds``, evenly spaced from the shot's beginning to its end: an event of that length
        within a shot has a segment that misses its start and its end by at most half a step.

        Args:
            duration_seconds: of the video, 0 for a still image.
            cuts_seconds: where shots begin, in any order; what lies outside of the video is left out. Only the kind
                "shots" uses them.
            stills: (start, end) of stretches longer than :attr:`longest_seconds` that show one picture; each is a
                shot and does not become windows, of whatever kind the segmentation is.
            first_seconds: when the first picture is shown; no segment begins before it.

        Returns:
            (start, end) of each segment in seconds, by start, which strictly rises; together they cover the video
            from its first picture on.
        """
        if self.is_whole(duration_seconds - first_seconds):
            return [(first_seconds, duration_seconds)]
        cuts = [edge for still in stills for edge in still]
        if self.kind == "shots":
            cuts += cuts_seconds
        edges = _without_short_shots(cuts, first_seconds, duration_seconds)
        still_ends = dict(stills)
        found: list[tuple[float, float]] = []
        starts = sorted(still_ends)
        number = 0
        for start, end in pairwise(edges):
            while number < len(starts) and starts[number] < start:
                number += 1
            holds_still = number < len(starts) and still_ends[starts[number]] <= end
            found += [(start, end)] if holds_still else self._windows(start, end)
        return found

    def _windows(self, start: float, end: float) -> list[tuple[float, float]]:
        """Cut one shot into segments."""
        length = end - start
        if length <= self.longest_seconds + _ROUNDING_SECONDS:
            return [(start, end)]
        room = length - self.segment_seconds
        num_steps = math.ceil(room / self._step_seconds - _ROUNDING_SECONDS)
        starts = [start + room * number / num_steps for number in range(num_steps + 1)]
        return [*((at, at + self.segment_seconds) for at in starts[:-1]), (starts[-1], end)]


def _without_short_shots(cuts: Iterable[float], first_seconds: float, duration_seconds: float) -> list[float]:
    """Return the edges of shots: the first picture, the cuts that leave no shot shorter than a second, the end."""
    edges = [first_seconds]
    for cut in sorted(cuts):
        if edges[-1] + _MIN_SECONDS <= cut <= duration_seconds - _MIN_SECONDS:
            edges.append(cut)
    return [*edges, duration_seconds]
