"""The callbacks alone; `test_trainer.py` has them at work."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from transformers import TrainerControl, TrainerState

from framecue.training.callbacks import (
    ClampLogitScale,
    EpochOrder,
    FollowWeights,
    StopEarly,
    StopWithoutBetter,
    TensorBoardLog,
    best_so_far,
    is_patience_over,
)
from framecue.training.ema import WeightAverage
from framecue.training.recipe import Schedule


def state(*scores: tuple[float, float], step: int = 0) -> TrainerState:
    log = [
        {"step": place, "eval_R@1": one, "eval_mean rank": rank} for place, (one, rank) in enumerate(scores, start=1)
    ]
    return TrainerState(global_step=step, log_history=log)


@pytest.mark.parametrize(("step", "epoch"), [(0, 0), (2, 0), (3, 1), (5, 1), (6, 2)])
def test_a_step_number_is_of_one_epoch(step: int, epoch: int) -> None:
    told: list[int] = []
    sampler: Any = type(
        "Sampler", (), {"__len__": lambda self: 5, "set_epoch": lambda self, number: told.append(number)}
    )()
    EpochOrder(sampler, 2).on_epoch_begin(None, state(step=step), None)  # five batches, two a step: three steps
    assert told == [epoch]


def test_the_logit_scale_is_held_after_a_step() -> None:
    held: list[str] = []
    model: Any = SimpleNamespace(backbone=SimpleNamespace(clamp_logit_scale=lambda: held.append("clamped")))
    ClampLogitScale(model).on_step_end(None, state(), None)
    assert held == ["clamped"]


@pytest.mark.parametrize(("stop", "step", "stops"), [(None, 9, False), (5, 4, False), (5, 5, True), (5, 6, True)])
def test_a_run_stops_early_where_it_should(stop: int | None, step: int, stops: bool) -> None:
    for strategy in ("no", "steps"):
        control = TrainerControl()
        StopEarly(stop).on_step_end(SimpleNamespace(eval_strategy=strategy), state(step=step), control)  # type: ignore[arg-type]
        assert control.should_training_stop is stops
        # The same command goes on from there, and what is written was chosen.
        assert control.should_save is stops
        assert control.should_evaluate is (stops and strategy == "steps")


def test_averages_follow_each_step() -> None:
    model: Any = nn.Linear(2, 1, bias=False)
    average = WeightAverage(model, decay=0.5)
    start = model.weight.detach().clone()
    with torch.no_grad():
        model.weight += 1
    FollowWeights(average, model).on_step_end(None, state(), None)
    torch.testing.assert_close(average.averages["weight"], start + 0.5)


@pytest.mark.parametrize(("patience", "ends"), [(None, False), (3, False), (2, True), (1, True)])
def test_validations_without_a_better_one_end_a_run(patience: int | None, ends: bool) -> None:
    schedule = Schedule(early_stopping_patience=patience)
    found = state((5, 3), (8, 2), (7, 2), (8, 2.5))
    assert best_so_far(schedule, found).step == 2
    assert is_patience_over(schedule, found) is ends
    control = TrainerControl()
    StopWithoutBetter(schedule).on_evaluate(None, found, control)
    assert control.should_training_stop is ends


def test_numbers_go_to_tensorboard_under_their_groups(tmp_path: Path) -> None:
    log = TensorBoardLog(tmp_path)
    log.on_train_begin(None, state(), None)
    log.on_log(None, state(step=3), None, logs={"loss": 2.0, "eval_R@1": 40.0, "note": "no number"})
    log.close()
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == {"train/loss", "eval/R@1"}
    assert [(event.step, event.value) for event in events.Scalars("eval/R@1")] == [(3, 40.0)]
