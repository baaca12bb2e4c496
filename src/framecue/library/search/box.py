"""The terms of a query: texts, each with the legs of a search that look for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from framecue.errors import InputError

__all__ = ["LEG_NAMES", "Term", "check_leg_names"]

LEG_NAMES = ("seen", "said", "written", "named", "captions", "meaning")
"""The names of the legs of a search, in the order in which results name them."""


@dataclass(frozen=True)
class Term:
    """A text to search for, and who looks for it.

    Attributes:
        text: a phrase or a sentence, without the quotes around parts of it.
        leg: the name of the one leg of a search that looks for it; None for every leg.
        exact: those parts of the text that have to be found as they stand, word for word, where words are looked for.
    """

    text: str
    leg: str | None = None
    exact: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text if self.leg is None else f"{self.leg}:{self.text}"


def check_leg_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of legs in their order, each once.

    Raises:
        InputError: there is no such leg.
    """
    for name in names:
        if name not in LEG_NAMES:
            raise InputError(f"there is no leg {name!r} of a search; known: {', '.join(LEG_NAMES)}")
    return tuple(name for name in LEG_NAMES if name in names)
