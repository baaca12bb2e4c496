"""What a file is made of, as players see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.streams import FileStreams, read_streams

__all__ = ["StreamsQuestion"]


@dataclass(frozen=True)
class StreamsQuestion(Question[FileStreams]):
    """Asks for what :func:`~framecue.video.read.streams.read_streams` returns of a file."""

    reads = "little"

    def answer(self, decide: Decide) -> Iterator[FileStreams]:
        """Yield what the file is made of."""
        yield read_streams(self.path)
