"""Which segments a video is cut into: arithmetic on seconds, with no file and no decoder."""

from __future__ import annotations

from dataclasses import dataclass

from framecue.errors import InputError

__all__ = ["SEGMENTATION_KINDS", "Segmentation"]

# How long videos are cut: at shot boundaries (and long shots into windows), into windows alone, or not at all.
SEGMENTATION_KINDS = ("shots", "windows", "whole")


@dataclass(frozen=True)
class Segmentation:
    """How a video is cut into segments, each of which gets a vector of its own.

    Args:
        kind: one of SEGMENTATION_KINDS.
        segment_seconds: how long a window is, and so the longest segment.
        overlap_seconds: how much of a window the next one shares.

    Raises:
        InputError: an unknown kind, or lengths that make no windows.
    """

    kind: str = "shots"
    segment_seconds: float = 5.0
    overlap_seconds: float = 2.5

    def __post_init__(self) -> None:
        if self.kind not in SEGMENTATION_KINDS:
            raise InputError(f"segmentation {self.kind!r} is unknown; known: {', '.join(SEGMENTATION_KINDS)}")
        if not 1 <= self.segment_seconds < float("inf"):
            raise InputError(f"segment_seconds is {self.segment_seconds}; it must be at least 1")
        if not 0 <= self.overlap_seconds < self.segment_seconds:
            raise InputError(
                f"overlap_seconds is {self.overlap_seconds}; it must be at least 0 and less than "
                f"segment_seconds ({self.segment_seconds})"
            )
