"""Long steps as generators: they yield a sign of life now and then, and return their result.

What supervises a reader can so tell a big file from a decoder that hangs.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

__all__ = ["Progress", "Pulse", "Steps", "finish"]

_Result = TypeVar("_Result")

_PULSE_SECONDS = 0.5


@dataclass(frozen=True)
class Progress:
    """A sign that a long step goes on, of no other meaning."""


# A step that yields Progress and returns a result: `result = yield from step`.
Steps = Generator[Progress, None, _Result]


class Pulse:
    """Says when the next sign of life is due, so that a loop's every turn may ask."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _PULSE_SECONDS

    def is_due(self) -> bool:
        """Whether so long has passed since it was last due."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + _PULSE_SECONDS
        return True


def finish(steps: Steps[_Result]) -> _Result:
    """Take a step's signs of life, and give its result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value
