from __future__ import annotations

import pytest
import torch

from framecue.methods.weighted_loss import WeightedLoss


def test_the_mean_is_the_total_over_the_weight() -> None:
    total = torch.tensor(3.0, requires_grad=True)
    mean = WeightedLoss(total, torch.tensor(4.0)).mean
    mean.backward()
    assert (mean.item(), total.grad.item()) == (0.75, 0.25)


def test_parts_of_a_batch_have_the_mean_of_the_whole() -> None:
    parts = [WeightedLoss(torch.tensor(3.0), torch.tensor(4.0)), WeightedLoss(torch.tensor(5.0), torch.tensor(1.0))]
    whole = WeightedLoss(sum(part.total for part in parts), sum(part.weight for part in parts))
    assert whole.mean.item() == pytest.approx(8 / 5)
