"""A loss that is a weighted mean over parts of a batch, kept as a sum and a weight until the whole batch is known."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

__all__ = ["WeightedLoss"]


@dataclass(frozen=True, eq=False)
class WeightedLoss:
    """The sum of a part's weighted losses, and the sum of their weights.

    A batch may be computed in parts, on several processes or one after the other. The mean of the whole batch is the
    sum of the parts' totals over the sum of their weights; a mean of the parts' means would be another loss.

    Attributes:
        total: scalar, with gradient.
        weight: scalar, without gradient.
    """

    total: Tensor
    weight: Tensor

    @property
    def mean(self) -> Tensor:
        """The weighted mean of this part alone, a scalar."""
        return self.total / self.weight
