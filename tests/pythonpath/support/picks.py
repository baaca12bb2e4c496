"""Hits and picks of files that need not be there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from framecue.errors import VideoError
from framecue.library.results import Hit
from framecue.timelines.assembly import Assembly, assemble
from framecue.timelines.pick import Pick
from framecue.video import VideoTimebase

__all__ = ["NTSC", "StandInReader", "assembly_of", "hit", "pick"]

NTSC = Fraction(1000, 1001)
"""By which 24, 30 and 60 frames a second are multiplied to give 23.976, 29.97 and 59.94."""


def hit(path: str | Path, start_seconds: float, end_seconds: float, **named: Any) -> Hit:
    """Return a hit; the first result unless another rank is given."""
    usual: dict[str, Any] = {"rank": 1, "score": 0.3125, "video_id": "ab" * 16, "duration_seconds": 100.0}
    return Hit(**{"path": str(path), "start_seconds": start_seconds, "end_seconds": end_seconds, **usual, **named})


def pick(path: str = "/films/dog.mp4", start_seconds: float = 1.0, end_seconds: float = 3.5, **named: Any) -> Pick:
    """Return a pick of a video of 100 seconds."""
    usual = Pick(path, start_seconds, end_seconds, 100.0, query="a dog", score=0.3125, confidence=0.8)
    return replace(usual, **named)


def assembly_of(
    picks: Sequence[Pick],
    timebase: VideoTimebase | VideoError | Mapping[str, VideoTimebase | VideoError],
    title: str = "a dog",
) -> Assembly:
    """Put picks together; all files are counted alike, or each as a mapping says."""
    files = dict.fromkeys(pick.path for pick in picks if not pick.is_picture)
    timebases = timebase if isinstance(timebase, Mapping) else dict.fromkeys(files, timebase)
    return assemble(picks, timebases, title=title)


class StandInReader:
    """Stands in for an IsolatedReader where only the rates of files are asked for.

    Args:
        timebases: of each file by its path; another one is not there.

    Attributes:
        asked: the paths that were asked for, in order.
    """

    def __init__(self, timebases: Mapping[str, VideoTimebase]) -> None:
        self._timebases = timebases
        self.asked: list[str] = []

    def __enter__(self) -> StandInReader:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave nothing behind."""

    def timebase(self, path: str) -> VideoTimebase:
        self.asked.append(path)
        if path not in self._timebases:
            raise VideoError(path, "no such file")
        return self._timebases[path]
