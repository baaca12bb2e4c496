"""The direction in which what a name means differs from what is usual in a library.

The mean of examples points where all moments of the library lie, a little to their side. What a library's moments
differ in anyway (the background, how much moves) tells nothing of a name, however much of it the examples have; divided
by how much the others differ, what is left is what the examples have in common and others do not: Fisher's linear
discriminant, for one set of examples against many others.

Shapes: K examples, M other moments, E the joint embedding's width.
"""

from __future__ import annotations

import numpy as np

__all__ = ["telling_direction"]

# Of the mean variance of a coordinate, what each is taken to vary at least; and what is added to it for each coordinate
# that there is an other moment to tell of: in directions in which few others differ at all, examples differ by chance.
_SHRINKAGE, _UNKNOWN = 0.01, 0.3
# With fewer others, how they differ is not known, and the mean finds more.
_LEAST_OTHERS = 60
# A direction as short as this is what rounding left.
_NOTHING = 1e-6


def telling_direction(examples: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return the direction that tells examples from other moments best, float32 (E,) of unit length.

    Where there are too few others, or the examples do not differ from them, it is the examples' mean, or the first one
    where they cancel out.

    Args:
        examples: float32 (K, E), unit length; K at least 1.
        others: float32 (M, E), unit length.
    """
    mean = examples.mean(axis=0, dtype=np.float64)
    if len(others) >= _LEAST_OTHERS:
        centre = others.mean(axis=0, dtype=np.float64)
        spread = others.astype(np.float64) - centre
        covariance = spread.T @ spread / len(others)
        variance = float(np.trace(covariance)) / len(covariance)
        if variance > _NOTHING:
            least = _SHRINKAGE + _UNKNOWN * len(covariance) / len(others)
            regular = covariance / variance + least * np.eye(len(covariance))
            told = np.linalg.solve(regular, mean - centre)
            length = float(np.linalg.norm(told))
            if length > _NOTHING:
                direction: np.ndarray = (told / length).astype(np.float32)
                return direction
    length = float(np.linalg.norm(mean))
    usual: np.ndarray = (mean / length if length > _NOTHING else examples[0]).astype(np.float32)
    return usual
