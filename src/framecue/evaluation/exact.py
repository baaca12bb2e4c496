"""Inner products without rounding, so that equal vectors get equal similarities at any place in a matrix.

A plain matrix product rounds differently from place to place: the similarities of two identical videos can differ in
the last bit, and then a tie counts as a hit, or as a miss, by chance. Here each vector is first rounded to a grid of
about 1e-8 of its length, on which float64 sums exactly. So the result does not depend on blocks, threads or the order
of summation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.arrays import as_numbers, require_finite

if TYPE_CHECKING:
    from framecue.evaluation.arrays import Array

__all__ = ["Grid", "embedding_pair", "grid_products", "inner_products", "on_grid"]

# See `grid_products`: vectors on a grid of 2**-26 have inner products that float64 holds exactly.
GRID_BITS = 26


def inner_products(text_embeddings: Array, video_embeddings: Array) -> np.ndarray:
    """Compute the similarity matrix of embeddings; equal pairs of vectors get equal similarities.

    Args:
        text_embeddings: numbers (N, E).
        video_embeddings: numbers (B, E).

    Returns:
        float64 (N, B), texts x videos.

    Raises:
        InputError: a shape or type is wrong, there is nothing to rank, or a value is not finite.
    """
    texts, videos = embedding_pair(text_embeddings, video_embeddings)
    return grid_products(on_grid(texts), on_grid(videos))


@dataclass(frozen=True)
class Grid:
    """Vectors as ``mantissas * 2**exponents``: (n, E) multiples of 2**-26 no longer than 1.25 + rounding, and (n,)."""

    mantissas: np.ndarray
    exponents: np.ndarray

    def rows(self, chosen: np.ndarray | slice) -> Grid:
        """Return the vectors with these indices."""
        return Grid(self.mantissas[chosen], self.exponents[chosen])


def on_grid(embeddings: np.ndarray) -> Grid:
    """Round each row to a grid on which `grid_products` is exact."""
    rows = embeddings.astype(np.float64, order="C")
    # Scaled by the largest entry first, so that no square overflows.
    _, peaks = np.frexp(np.abs(rows).max(axis=1))
    rows = np.ldexp(rows, -peaks[:, None])
    _, lengths = np.frexp(np.linalg.norm(rows, axis=1) / 1.25)
    mantissas = np.ldexp(np.rint(np.ldexp(rows, GRID_BITS - lengths[:, None])), -GRID_BITS)
    return Grid(mantissas, peaks + lengths)


def grid_products(left: Grid, right: Grid) -> np.ndarray:
    """Return the inner products (n, m) of all pairs of rows.

    Products of two mantissas are multiples of 2**-52, and by Cauchy-Schwarz every partial sum is below 2. That takes 53
    bits, so float64 never rounds and the order of summation does not matter.
    """
    products = left.mantissas @ right.mantissas.T
    # Unit vectors have the exponent 0, so their matrix need not be scaled.
    if left.exponents.any() or right.exponents.any():
        products = np.ldexp(products, left.exponents[:, None] + right.exponents)
    return products


def embedding_pair(text_embeddings: Array, video_embeddings: Array) -> tuple[np.ndarray, np.ndarray]:
    """Return texts (N, E) and videos (B, E) as NumPy arrays.

    Raises:
        InputError: a shape or type is wrong, an array is empty, or a value is not finite.
    """
    texts = as_numbers(text_embeddings, "text_embeddings", "(texts, width)", num_dimensions=2)
    videos = as_numbers(video_embeddings, "video_embeddings", "(videos, width)", num_dimensions=2)
    if texts.shape[1] != videos.shape[1]:
        raise InputError(
            f"text_embeddings are {texts.shape[1]} wide and video_embeddings {videos.shape[1]}; "
            "give both the same width"
        )
    require_finite(texts, "text_embeddings")
    require_finite(videos, "video_embeddings")
    return texts, videos
