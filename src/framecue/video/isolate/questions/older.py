"""Whether a file that an older framecue indexed is read otherwise today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.older import OlderReading, reading_difference

__all__ = ["OlderQuestion"]


@dataclass(frozen=True)
class OlderQuestion(Question["str | None"]):
    """Asks for what :func:`~framecue.video.read.older.reading_difference` returns of a file.

    Attributes:
        older: what was found then.
    """

    older: OlderReading

    def answer(self, decide: Decide) -> Iterator[str | None]:
        """Yield what is otherwise, or None."""
        yield reading_difference(self.path, self.older)
