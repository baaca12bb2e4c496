"""Which legs look for words, in the order in which results name them."""

from __future__ import annotations

from framecue.library.search.legs.captions import Captions
from framecue.library.search.legs.leg import Leg
from framecue.library.search.legs.meaning import Meaning
from framecue.library.search.legs.named import Named
from framecue.library.search.legs.said import Said
from framecue.library.search.legs.written import Written

__all__ = ["LEGS"]

_LEGS: tuple[Leg, ...] = (Said(), Written(), Named(), Captions(), Meaning())

LEGS: dict[str, Leg] = {leg.name: leg for leg in _LEGS}
"""The legs that look for words, by name; what is seen is the stream that they are merged with."""
