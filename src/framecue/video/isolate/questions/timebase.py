"""At which rate a file's frames are counted, and from which timecode on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.timebase import VideoTimebase, read_timebase

__all__ = ["TimebaseQuestion"]


@dataclass(frozen=True)
class TimebaseQuestion(Question[VideoTimebase]):
    """Asks for what :func:`~framecue.video.read.timebase.read_timebase` returns of a file."""

    reads = "little"

    def answer(self, decide: Decide) -> Iterator[VideoTimebase]:
        """Yield how its frames are counted."""
        yield read_timebase(self.path)
