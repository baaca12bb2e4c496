"""Whose fault it is when an actor is lost: its node's, nobody's, or that of the unit that it was busy with.

Ray says the same of an actor that was killed, of one whose process ended by itself and of one whose node is gone. A
node that is gone is known as such some seconds later, so a unit is not counted against before these have passed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["MOST_LOSSES", "VERDICT_SECONDS", "Losses"]

MOST_LOSSES = 3
"""After so many lost actors a unit is skipped."""
VERDICT_SECONDS = 5.0
"""So long after the loss of an actor its node is taken to live if nobody has said otherwise."""


@dataclass(frozen=True)
class _Loss:
    number: int
    node: str
    at_seconds: float


class Losses:
    """Which units have lost how many actors.

    Args:
        is_alive: returns whether a node lives, as far as is known, by its id.
        verdict_seconds: how long after a loss its node may still be found to be gone.
    """

    def __init__(self, is_alive: Callable[[str], bool], *, verdict_seconds: float = VERDICT_SECONDS) -> None:
        self._is_alive, self._seconds = is_alive, verdict_seconds
        self._open: list[_Loss] = []
        self._counted: dict[int, list[str]] = {}

    def note(self, number: int, node: str, now: float) -> None:
        """Note that an actor on a node was lost while it was busy with a unit."""
        self._open.append(_Loss(number, node, now))

    def judge(self, now: float) -> None:
        """Count the losses of which enough time has passed, but for those of nodes that are gone."""
        still_open: list[_Loss] = []
        for loss in self._open:
            if not self._is_alive(loss.node):
                continue
            if now - loss.at_seconds >= self._seconds:
                self._counted.setdefault(loss.number, []).append(loss.node)
            else:
                still_open.append(loss)
        self._open = still_open

    def is_suspect(self, number: int) -> bool:
        """Whether a unit has lost an actor, perhaps by its own fault: it is encoded apart from others then."""
        return number in self._counted or any(loss.number == number for loss in self._open)

    def has_to_wait(self, number: int) -> bool:
        """Whether a unit would be skipped, if what is not decided yet is its fault."""
        num_open = sum(loss.number == number for loss in self._open)
        return num_open > 0 and num_open + len(self._counted.get(number, ())) >= MOST_LOSSES

    def is_to_blame(self, number: int) -> bool:
        """Whether a unit is to be skipped."""
        return len(self._counted.get(number, ())) >= MOST_LOSSES

    def nodes(self, number: int) -> list[str]:
        """Return the nodes on which a unit has lost actors by its own fault."""
        return self._counted.get(number, [])
