from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from framecue.errors import RecipeError
from framecue.training.wandb_log import WandbLog


class FakeRun:
    def __init__(self) -> None:
        self.logged: list[tuple[int, dict[str, float]]] = []
        self.is_finished = False

    def log(self, numbers: dict[str, float], *, step: int) -> None:
        self.logged.append((step, numbers))

    def finish(self) -> None:
        self.is_finished = True


class FakeWandb(ModuleType):
    """What is used of the package `wandb`."""

    def __init__(self) -> None:
        super().__init__("wandb")
        self.begun: list[dict[str, Any]] = []
        self.runs: list[FakeRun] = []

    def init(self, **options: Any) -> FakeRun:
        self.begun.append(options)
        self.runs.append(FakeRun())
        return self.runs[-1]


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> FakeWandb:
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    fake = FakeWandb()
    monkeypatch.setitem(sys.modules, "wandb", fake)
    return fake


def at(step: int, *, first: bool = True) -> dict[str, Any]:
    return {"args": None, "control": None, "state": SimpleNamespace(global_step=step, is_world_process_zero=first)}


def test_numbers_go_there(wandb: FakeWandb, tmp_path: Path) -> None:
    log = WandbLog(tmp_path / "logs", name="mine", config={"seed": 3})
    log.on_train_begin(**at(0))
    log.on_log(**at(1), logs={"loss": 0.5, "learning_rate new": 1e-3, "note": "words"})
    log.on_log(**at(2), logs={"eval_R@1": 12.5})
    log.on_train_end(**at(2))
    (options,), (run,) = wandb.begun, wandb.runs
    assert (options["project"], options["name"], options["config"]) == ("framecue", "mine", {"seed": 3})
    assert (options["dir"], options["resume"]) == (str(tmp_path / "logs"), "allow")
    assert run.logged == [(1, {"train/loss": 0.5, "train/learning_rate new": 1e-3}), (2, {"eval/R@1": 12.5})]
    assert run.is_finished


def test_a_run_that_goes_on_goes_on_there(wandb: FakeWandb, tmp_path: Path) -> None:
    for step in (0, 5, 0):
        WandbLog(tmp_path, name="mine", config={}).on_train_begin(**at(step))
    first, resumed, anew = (options["id"] for options in wandb.begun)
    assert first == resumed
    assert anew != first


def test_the_environment_names_the_project(wandb: FakeWandb, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "ours")
    WandbLog(tmp_path, name="mine", config={}).on_train_begin(**at(0))
    assert wandb.begun[0]["project"] == "ours"


def test_one_process_of_several_reports(wandb: FakeWandb, tmp_path: Path) -> None:
    log = WandbLog(tmp_path, name="mine", config={})
    log.on_train_begin(**at(0, first=False))
    log.on_log(**at(1, first=False), logs={"loss": 1.0})
    log.on_train_end(**at(1, first=False))
    assert not wandb.begun


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(RecipeError, match=r"names wandb, which is not installed; run `pip install wandb`, or leave"):
        WandbLog(tmp_path, name="mine", config={})
