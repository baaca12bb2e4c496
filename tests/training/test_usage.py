from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
import torch

from framecue.training import usage as usage_module
from framecue.training.usage import Meter, peak_memory_bytes


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_only_steps_count() -> None:
    clock, nothing = Clock(), {"args": None, "state": None, "control": None}
    meter = Meter(clock)
    clock.now += 50  # the model is made
    meter.on_train_begin(**nothing)
    for examples in (6, 4):
        clock.now += 2  # the batch is made, and the step
        meter.count(examples)
        meter.on_step_end(**nothing)
    clock.now += 30
    meter.on_evaluate(**nothing)
    clock.now += 10
    meter.on_save(**nothing)
    clock.now += 1
    meter.count(2)
    meter.count(3)  # gradients are accumulated
    meter.on_step_end(**nothing)
    meter.count(7)  # a step that has not ended
    clock.now += 1000
    assert meter.usage.samples_per_second == pytest.approx(15 / 5)


def test_without_a_step_there_is_no_speed() -> None:
    assert Meter().usage.samples_per_second is None


def test_the_peak_rises_with_what_is_held() -> None:
    before = peak_memory_bytes()
    assert before is not None
    held = np.ones(before // 8 + 25_000_000)  # more than was ever held, by at least 200 MB
    after = peak_memory_bytes()
    assert after is not None
    assert after >= held.nbytes > before
    assert Meter().usage.peak_memory_bytes >= after


@pytest.mark.parametrize(("system", "expected"), [("linux", 5_120_000), ("darwin", 5_000)])
def test_systems_count_in_their_own_units(monkeypatch: pytest.MonkeyPatch, system: str, expected: int) -> None:
    class Resource:
        RUSAGE_SELF = 0

        @staticmethod
        def getrusage(who: int) -> Any:
            return type("Usage", (), {"ru_maxrss": 5_000})

    monkeypatch.setattr(usage_module, "resource", Resource)
    monkeypatch.setattr(sys, "platform", system)
    assert peak_memory_bytes() == expected
    monkeypatch.setattr(usage_module, "resource", None)
    assert peak_memory_bytes() is None


def test_memory_of_a_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda: 123)
    assert Meter().usage.peak_device_memory_bytes == 123
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Meter().usage.peak_device_memory_bytes is None
