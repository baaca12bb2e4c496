"""A logistic curve through what was right and what was wrong: how `absent.py` and `answers.py` fit their constants."""

from __future__ import annotations

import numpy as np


def fit_logistic(heights: np.ndarray, is_right: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Fit 1 / (1 + exp(-slope * (height - middle))) by Newton's method; the slope and the middle.

    Args:
        heights: float64 (N,).
        is_right: bool (N,).
        weights: float64 (N,), how much each counts; 1 in all.
    """
    features = np.stack([heights, np.ones_like(heights)], axis=1)
    found = np.zeros(2)
    for _ in range(50):
        likely = 1 / (1 + np.exp(-features @ found))
        gradient = features.T @ (weights * (is_right - likely))
        curvature = features.T @ (features * (weights * likely * (1 - likely))[:, None])
        found = found + np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
    return float(found[0]), float(-found[1] / found[0])
