"""How far one list is from another: edit distance, and which of their items belong together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["aligned", "edit_distance"]


def edit_distance(reference: Sequence[str], found: Sequence[str]) -> int:
    """How many items must be changed, left out or put in, at least."""
    return int(_costs(reference, found)[-1, -1])


def aligned(reference: Sequence[str], found: Sequence[str]) -> list[tuple[int, int]]:
    """The places of equal items that belong together where as little as possible is changed, in order."""
    costs = _costs(reference, found)
    row, column, pairs = len(reference), len(found), []
    while row and column:
        is_same = reference[row - 1] == found[column - 1]
        if costs[row, column] == costs[row - 1, column - 1] + (not is_same):
            row, column = row - 1, column - 1
            if is_same:
                pairs.append((row, column))
        elif costs[row, column] == costs[row - 1, column] + 1:
            row -= 1
        else:
            column -= 1
    return pairs[::-1]


def _costs(reference: Sequence[str], found: Sequence[str]) -> np.ndarray:
    """The edit distances of all beginnings, int64 (R + 1, F + 1)."""
    costs = np.zeros((len(reference) + 1, len(found) + 1), dtype=np.int64)
    costs[:, 0], costs[0] = np.arange(len(reference) + 1), np.arange(len(found) + 1)
    for row, item in enumerate(reference, start=1):
        for column, other in enumerate(found, start=1):
            changed = costs[row - 1, column - 1] + (item != other)
            costs[row, column] = min(changed, costs[row - 1, column] + 1, costs[row, column - 1] + 1)
    return costs
