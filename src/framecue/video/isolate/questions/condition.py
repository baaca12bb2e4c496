"""What a file is, and whether it is whole: what verifying a copy of a data set asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.condition import Condition, read_condition

__all__ = ["ConditionQuestion"]


@dataclass(frozen=True)
class ConditionQuestion(Question[Condition]):
    """Asks for what :func:`~framecue.video.read.condition.read_condition` returns of a file."""

    reads = "all"

    def answer(self, decide: Decide) -> Iterator[Condition]:
        """Yield what the file is and what is wrong with it."""
        yield read_condition(self.path)
