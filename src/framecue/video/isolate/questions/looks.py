"""Single pictures of a file at given moments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.isolate.wire import check_answer
from framecue.video.read.looks import Look, read_looks

__all__ = ["LooksQuestion"]


@dataclass(frozen=True)
class LooksQuestion(Question[Look]):
    """Asks for what :func:`~framecue.video.read.looks.read_looks` yields of a file.

    Attributes:
        moments: seconds.
        long_side: scale larger pictures down so that their long side has this many pixels.
    """

    moments: tuple[float, ...]
    long_side: int

    def answer(self, decide: Decide) -> Iterator[Look]:
        """Yield one picture after the other."""
        for look in read_looks(self.path, self.moments, long_side=self.long_side):
            check_answer(self.path, look.pixels[None])
            yield look

    def unchanging(self, part: object) -> object:
        """Return when a picture is shown and its size, which are others if the file changed."""
        return (part.first_seconds, part.last_seconds, part.pixels.shape) if isinstance(part, Look) else None
