"""Whether a file that an older framecue indexed is read otherwise today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.older import OlderReading, SecondLook, look_again

__all__ = ["OlderQuestion"]


@dataclass(frozen=True)
class OlderQuestion(Question[SecondLook]):
    """Asks for what :func:`~framecue.video.read.older.look_again` returns of a file.

    Attributes:
        older: what was found then.
    """

    older: OlderReading

    def answer(self, decide: Decide) -> Iterator[SecondLook]:
        """Yield what it is found to be."""
        yield look_again(self.path, self.older)
