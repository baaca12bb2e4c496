"""When a text comes and goes: between two pictures that were read, by what stands in its place meanwhile.

Nothing is read for that: what stands there looks like the text, or it does not.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

__all__ = ["Change", "grey_copy", "likeness"]

# Pictures between two that were read are compared so far from each other, and at most so many.
_SECONDS_BETWEEN = 0.4
_MOST_BETWEEN = 16
# How much what stands there has to be like the text, at least; and no less than half way up from what it is like where
# the text is not.
_MIN_LIKENESS = 0.5
# If it is more than so like it there, then the text was not read although it is there, or likeness tells nothing.
_MAX_LIKENESS_WITHOUT = 0.85
_HEIGHT, _MOST_WIDTH = 12, 200
_LEAST_CONTRAST = 2.0


@dataclass(frozen=True)
class Change:
    """A text is in one picture, and not in its neighbour.

    Attributes:
        absent_seconds: when the neighbour was looked at; or where the video begins or ends.
        present_seconds: when the text is there.
    """

    absent_seconds: float
    present_seconds: float

    @property
    def moments(self) -> tuple[float, ...]:
        """When to look at what stands there, from where it is absent on; the first is the neighbour itself."""
        gap = self.present_seconds - self.absent_seconds
        number = min(_MOST_BETWEEN, math.ceil(abs(gap) / _SECONDS_BETWEEN))
        return tuple(self.absent_seconds + gap * place / number for place in range(number))

    def seconds(self, likenesses: Mapping[float, float], edges: Sequence[float]) -> float:
        """Return when the text comes or goes.

        Args:
            likenesses: how like the text it is what stands there, by moment; some may be missing.
            edges: where a segment ends and another begins, ascending.

        Returns:
            Half way between the moments where it is there and where it is not; if likeness does not tell, where there
            is an edge, as most texts come and go with a cut, or half way.
        """
        moments = self.moments
        without = likenesses.get(moments[0], 1.0) if moments else 1.0
        if without > _MAX_LIKENESS_WITHOUT:
            return self._by_edges(edges)
        least = max(_MIN_LIKENESS, (1 + without) / 2)
        present = self.present_seconds
        for moment in reversed(moments):
            if moment in likenesses and likenesses[moment] < least:
                return (moment + present) / 2
            present = moment
        return self._by_edges(edges)

    def _by_edges(self, edges: Sequence[float]) -> float:
        low, high = sorted((self.absent_seconds, self.present_seconds))
        middle = (low + high) / 2
        between = edges[bisect_left(edges, low) : bisect_right(edges, high)]
        return min(between, key=lambda edge: abs(edge - middle), default=middle)


def grey_copy(pixels: np.ndarray, *, num_columns: int | None = None) -> np.ndarray:
    """Return a small grey copy of a piece of a picture.

    Args:
        pixels: uint8 (H, W, 3).
        num_columns: W'; None for a number in proportion to the piece, a multiple of 8 and at most 200.

    Returns:
        uint8 (12, W').
    """
    height, width = pixels.shape[:2]
    # Rounded, so that a piece that is a pixel wider gives the same size.
    columns = num_columns or min(_MOST_WIDTH, 8 * max(1, round(width / height * _HEIGHT / 8)))
    picture = Image.fromarray(np.ascontiguousarray(pixels)).convert("L")
    return np.asarray(picture.resize((columns, _HEIGHT), Image.Resampling.BOX))


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Return how alike two grey pictures of one size are, whatever their brightness and contrast.

    Args:
        one: uint8 (H, W).
        other: the same.

    Returns:
        Their correlation, in [-1, 1]; 0 if one of them is blank.
    """
    a, b = (grey.astype(np.float64) - grey.mean() for grey in (one, other))
    deviations = a.std(), b.std()
    if min(deviations) < _LEAST_CONTRAST:
        return 0.0
    return float((a * b).mean() / (deviations[0] * deviations[1]))
