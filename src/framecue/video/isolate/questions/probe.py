"""What a file is: its duration, its number of frames, its size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.decode import VideoInfo, probe

__all__ = ["ProbeQuestion"]


@dataclass(frozen=True)
class ProbeQuestion(Question[VideoInfo]):
    """Asks for what :func:`~framecue.video.read.decode.probe` returns of a file."""

    def answer(self, decide: Decide) -> Iterator[VideoInfo]:
        """Yield what the file is."""
        yield probe(self.path)
