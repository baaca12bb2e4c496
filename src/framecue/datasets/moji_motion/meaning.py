"""Meanings of clips: who does what, at the same time or one after the other; and the split of each meaning."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["MOTIONS", "RELATIONS", "SPLITS", "Act", "Meaning", "split_of"]

MOTIONS: dict[str, str] = {
    "right": "left",
    "left": "right",
    "rise": "fall",
    "fall": "rise",
    "grow": "shrink",
    "shrink": "grow",
    "appear": "vanish",
    "vanish": "appear",
    "spin": "spin",
    "circle": "circle",
    "still": "still",
}
"""Each motion, and what it becomes if the clip is played backwards."""

RELATIONS = ("while", "then")
SPLITS = ("train", "val", "test")


@dataclass(frozen=True, order=True)
class Act:
    """One actor doing one thing."""

    actor: str
    motion: str

    def reversed(self) -> Act:
        """Return the act of the clip played backwards."""
        return Act(self.actor, MOTIONS[self.motion])


@dataclass(frozen=True)
class Meaning:
    """One act, or two acts joined by a relation.

    Two clips mean the same if and only if their meanings are equal. So the acts of a *while* are kept sorted: "the cat
    rises while the dog spins" means the same as "the dog spins while the cat rises".

    Attributes:
        first: the act, or the one that comes first.
        relation: "while", "then", or None for a single act.
        second: the other act, of another actor; None for a single act.
    """

    first: Act
    relation: str | None = None
    second: Act | None = None

    def __post_init__(self) -> None:
        if self.relation == "while" and self.second is not None and self.second < self.first:
            first, second = self.second, self.first
            object.__setattr__(self, "first", first)
            object.__setattr__(self, "second", second)

    @property
    def acts(self) -> tuple[Act, ...]:
        """The one or two acts."""
        return (self.first,) if self.second is None else (self.first, self.second)

    def reversed(self) -> Meaning:
        """Return the meaning of the clip played backwards."""
        if self.second is None:
            return Meaning(self.first.reversed())
        if self.relation == "then":
            return Meaning(self.second.reversed(), "then", self.first.reversed())
        return Meaning(self.first.reversed(), self.relation, self.second.reversed())

    def swapped(self) -> Meaning:
        """Return the same acts in the other order; unless it is a *then*, that is the meaning itself."""
        if self.second is None or self.relation != "then":
            return self
        return Meaning(self.second, "then", self.first)

    @property
    def is_possible(self) -> bool:
        """Whether captions can describe what is seen: standing still has no before and after, so no *then*."""
        return self.relation != "then" or all(act.motion != "still" for act in self.acts)

    def key(self) -> str:
        """Return the meaning as a string that no other meaning has."""
        parts = [f"{act.actor}:{act.motion}" for act in self.acts]
        return parts[0] if self.relation is None else f"{parts[0]} {self.relation} {parts[1]}"


def split_of(meaning: Meaning) -> str:
    """Return the split of a meaning's combination, for every seed: 80 % train, 10 % val, 10 % test.

    A combination is the actors with their motions, whatever the relation, the order and the direction of time. So
    neither the twin of a test clip nor the same acts in the other order are ever trained on.
    """
    combination = sorted((act.actor, min(act.motion, MOTIONS[act.motion])) for act in meaning.acts)
    bucket = int.from_bytes(hashlib.sha256(repr(combination).encode()).digest()[:8], "big") % 10
    return {0: "test", 1: "val"}.get(bucket, "train")
