"""How a query's scores lie over a library: by this, vectors of different kinds are brought to one scale.

The cosines of a text with videos differ by a few hundredths, those of a video with videos by many times as much. What
is to be weighed against each other is therefore divided by its spread over a sample of the library. A constant that is
added to all scores changes no order, so the sum of two standardised scores is a score by one vector.

Shapes: M segments of the sample, E the embedding's width.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from framecue.encoder import Encoder
from framecue.library.background import background_for
from framecue.library.store import Store

__all__ = ["Usual", "unit"]

_SAMPLED_SEGMENTS = 256
# Vectors are kept in float16, so scores that differ by less are the same.
_LEAST_SPREAD = 1e-3
# A sum of vectors as short as this beside them is what rounding left of some that cancel out.
_NOTHING = 1e-4


@dataclass(frozen=True, eq=False)
class Usual:
    """A sample of a library.

    Attributes:
        sample: float32 (M, E), unit vectors of segments, spread over the library; M may be 0.
    """

    sample: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, store: Store, model: Encoder) -> Usual:
        """Return the sample that the library's background has, and of a library without one as many segments.

        Args:
            store: the library.
            model: fits it.

        Raises:
            LibraryError: the library cannot be read.
        """
        background = background_for(store, model)
        if background is None:
            return cls(store.sample(_SAMPLED_SEGMENTS).vectors)
        return cls(background.sample)

    def spread(self, vector: np.ndarray) -> float:
        """Return by how much scores differ over the library: the standard deviation of a vector's cosines.

        Args:
            vector: float32 (E,), unit length.
        """
        if not len(self.sample):
            return _LEAST_SPREAD
        return max(float((self.sample @ vector).std(dtype=np.float64)), _LEAST_SPREAD)

    def standardised(self, vector: np.ndarray) -> np.ndarray:
        """Return a vector, float64 (E,), whose scores have a spread of 1 over the library.

        Args:
            vector: float32 (E,), unit length.
        """
        return np.asarray(vector, dtype=np.float64) / self.spread(vector)


def unit(vector: np.ndarray, *, beside: float = 1.0) -> np.ndarray | None:
    """Return a vector with unit length, float32 (E,); None if next to nothing is left of what was added up.

    Args:
        vector: float (E,), a sum of vectors.
        beside: how long these were.
    """
    length = float(np.linalg.norm(np.asarray(vector, dtype=np.float64)))
    if length < _NOTHING * beside:
        return None
    return (np.asarray(vector, dtype=np.float64) / length).astype(np.float32)
