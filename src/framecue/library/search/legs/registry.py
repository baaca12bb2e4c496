"""Which legs look for words, in the order in which results name them."""

from __future__ import annotations

from framecue.library.search.legs.leg import Leg
from framecue.library.search.legs.meaning import MeaningLeg

__all__ = ["LEGS"]

_LEGS: tuple[Leg, ...] = (MeaningLeg(),)

LEGS: dict[str, Leg] = {leg.name: leg for leg in _LEGS}
"""The legs that look for words, by name; what is seen is the stream that they are merged with."""
