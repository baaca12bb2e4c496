from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from framecue.errors import TrainingError
from framecue.training.ema import WeightAverage


class Small(nn.Module):
    """A trained weight, a frozen one, and a table of integers."""

    def __init__(self, start: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((3,), start, dtype=torch.float64))
        self.frozen = nn.Parameter(torch.ones(2), requires_grad=False)
        self.register_buffer("position_ids", torch.arange(50)[None])


def moved(model: Small, value: float) -> None:
    with torch.no_grad():
        model.weight.fill_(value)


def test_the_average_is_the_sum_of_what_was_weighted_by_powers_of_the_decay() -> None:
    model = Small(4.0)
    average = WeightAverage(model, decay=0.9)
    values = [1.0, -2.0, 3.0, 5.0]
    for value in values:
        moved(model, value)
        average.update(model)
    expected = 0.9**4 * 4.0 + sum(0.1 * 0.9 ** (3 - place) * value for place, value in enumerate(values))
    torch.testing.assert_close(average.averages["weight"], torch.full((3,), expected, dtype=torch.float64))


def test_only_what_is_trained_is_averaged() -> None:
    """Averages of 0..49 in float32, cut to integers, would name other positions."""
    model = Small()
    average = WeightAverage(model, decay=0.9999)
    for _ in range(3):
        average.update(model)
    assert list(average.averages) == ["weight"]
    average.copy_to(model)
    assert torch.equal(model.position_ids, torch.arange(50)[None])
    assert torch.equal(model.frozen, torch.ones(2))


def test_it_is_applied_for_a_while() -> None:
    model = Small(1.0)
    average = WeightAverage(model, decay=0.5)
    moved(model, 2.0)
    average.update(model)
    with average.applied(model):
        assert torch.equal(model.weight, torch.full((3,), 1.5, dtype=torch.float64))
    assert torch.equal(model.weight, torch.full((3,), 2.0, dtype=torch.float64))
    with pytest.raises(KeyboardInterrupt), average.applied(model):
        raise KeyboardInterrupt
    assert torch.equal(model.weight, torch.full((3,), 2.0, dtype=torch.float64))
    average.copy_to(model)
    assert model.weight[0].item() == 1.5
    moved(model, 9.0)
    assert average.averages["weight"][0].item() == 1.5  # they are copies


def test_a_trip_to_the_disk(tmp_path: Path) -> None:
    model = Small(1.0)
    average = WeightAverage(model, decay=0.5)
    moved(model, 0.1)
    average.update(model)
    average.save(tmp_path / "averages")
    assert list(load_file(tmp_path / "averages")) == ["weight"]
    other = WeightAverage(Small(), decay=0.5)
    other.load(tmp_path / "averages")
    assert torch.equal(other.averages["weight"], average.averages["weight"])


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    average, file = WeightAverage(Small(), decay=0.5), tmp_path / "averages"
    with pytest.raises(TrainingError, match=r"averages: the averaged weights cannot be read .*remove this checkpoint"):
        average.load(file)
    WeightAverage(nn.Linear(2, 2), decay=0.5).save(file)
    with pytest.raises(TrainingError, match="averages: holds the averaged weights of another model"):
        average.load(file)
