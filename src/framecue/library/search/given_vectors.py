"""Vectors that a caller searches with: of a model of their own, or computed before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np

from framecue.arrays import as_array, is_array
from framecue.errors import InputError

__all__ = ["QueryVector", "as_weighted_vectors"]

# A float32 vector whose length is this near to 1 is of unit length already, and is kept bit by bit.
_UNIT = 1e-6


@dataclass(frozen=True)
class QueryVector:
    """A vector of unit length; it never changes, and can be compared and hashed.

    Attributes:
        data: its float32 numbers.
        name: what it is of, for people; None if nobody has said it.
    """

    data: bytes = field(repr=False)
    name: str | None = field(default=None, compare=False)

    @property
    def values(self) -> np.ndarray:
        """The numbers, float32 (E,), read-only."""
        return np.frombuffer(self.data, dtype=np.float32)

    @property
    def width(self) -> int:
        """E."""
        return len(self.data) // 4

    def __str__(self) -> str:
        return self.name or f"of {self.width} numbers"


def as_weighted_vectors(given: Any) -> list[tuple[QueryVector, Any]]:
    """Return the vectors that were given, of unit length, with their weights; the weights are not checked.

    Args:
        given: a vector (E,); several as an array (N, E) or in a list; pairs of a vector and its weight.

    Raises:
        InputError: something is no vector, is not finite, or is 0 throughout.
    """
    if is_array(given):
        return [(vector, 1.0) for vector in _vectors(given)]
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
        raise InputError(f"vectors is {given!r}; give an array (E,) or (N, E), or pairs (vector, weight)")
    items = list(given)
    if items and all(isinstance(item, Real) for item in items):
        return [(vector, 1.0) for vector in _vectors(items)]
    weighted: list[tuple[QueryVector, Any]] = []
    for item in items:
        is_pair = isinstance(item, tuple) and len(item) == 2 and not isinstance(item[0], Real)
        vector, weight = item if is_pair else (item, 1.0)
        weighted += [(one, weight) for one in _vectors(vector)]
    return weighted


def _vectors(given: Any) -> list[QueryVector]:
    """Return the vectors in an array (E,) or (N, E), or in numbers that make one; one of a query as it is."""
    if isinstance(given, QueryVector):
        return [given]
    array = as_array(given, "a query vector")
    if array.dtype.kind not in "fiu" or array.ndim not in (1, 2) or not array.size:
        raise InputError(
            f"a query vector is {_described(array)}; give real numbers, an array (E,), or several as (N, E)"
        )
    return [_unit(row) for row in (array[None] if array.ndim == 1 else array)]


def _unit(row: np.ndarray) -> QueryVector:
    wide = row.astype(np.float64)
    if not np.isfinite(wide).all():
        raise InputError("a query vector holds NaN or infinity; give finite numbers")
    largest = np.abs(wide).max()
    if largest == 0:
        raise InputError("a query vector is 0 throughout, which has no direction; give another")
    if row.dtype == np.float32 and abs(np.linalg.norm(wide) - 1) < _UNIT:
        return QueryVector(row.tobytes())
    wide = wide / largest  # so that the squares of very large or small numbers neither overflow nor vanish
    return QueryVector((wide / np.linalg.norm(wide)).astype(np.float32).tobytes())


def _described(array: np.ndarray) -> str:
    if array.dtype.kind not in "fiu":
        return f"an array of {array.dtype}"
    return f"an array of shape {array.shape}"
