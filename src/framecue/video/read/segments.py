"""Which segments a video is cut into: arithmetic on seconds, with no file and no decoder."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any

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
        shares_frames: whether windows are placed, and their lengths rounded, so that overlapping ones look at the same
            frames, for a model that encodes each frame alone. A library has it from its beginning or never, so it is
            no part of what a person asks for, and two segmentations that differ in it alone are equal.

    Raises:
        InputError: an unknown kind, or lengths that make no windows.
    """

    kind: str = "shots"
    segment_seconds: float = 5.0
    overlap_seconds: float = 2.5
    shares_frames: bool = field(default=False, compare=False)

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

    def to_dict(self) -> dict[str, Any]:
        """Return the document that a library stores; what is as in libraries of older versions is left out."""
        document = asdict(self)
        if not self.shares_frames:
            del document["shares_frames"]
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Segmentation:
        """Return the segmentation in a document that a library stores.

        Raises:
            InputError: it makes no windows.
            TypeError: it has what this framecue does not know.
        """
        return cls(**document)

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
        windows: Callable[[float, float], list[tuple[float, float]] | None] | None = None,
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
            windows: cuts a shot that is longer than :attr:`longest_seconds`, given its start and its end, in another
                way; it returns None for a shot that is to be cut as described.

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
            if holds_still or end - start <= self.longest_seconds + _ROUNDING_SECONDS:
                found.append((start, end))
            else:
                found += (windows and windows(start, end)) or self._windows(start, end)
        return found

    def _windows(self, start: float, end: float) -> list[tuple[float, float]]:
        """Cut one long shot into windows."""
        length = end - start
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
