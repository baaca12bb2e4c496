"""What a process alone does; two are in tests/suites/processes."""

from __future__ import annotations

import os

import pytest
import torch

from framecue.errors import TrainingError
from framecue.training import processes
from framecue.training.processes import (
    by_the_first,
    check_alike,
    computes_on_cpu,
    join_processes,
    leave_processes,
    lost_processes_told,
    num_processes,
    rank,
    reproducible,
    wait_for_all,
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)


def test_without_torchrun_there_is_one_process() -> None:
    join_processes()
    assert (num_processes(), rank()) == (1, 0)
    wait_for_all()
    check_alike("whatever", what="recipe")
    assert by_the_first(lambda: 3) == 3
    leave_processes()
    assert not torch.distributed.is_initialized()


def test_a_group_that_would_not_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under Slurm without torchrun: each process would train a copy."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(
        TrainingError,
        match=r"^WORLD_SIZE is 2, but LOCAL_RANK, MASTER_ADDR, MASTER_PORT is not set, so this process would train "
        r"alone; start all of them with torchrun .*, or unset WORLD_SIZE",
    ):
        join_processes()


def test_a_group_of_another_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PartialState", type("None_", (), {"_reset_state": lambda: None, "__init__": _none}))
    for name, value in {"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "1")
    with pytest.raises(TrainingError, match=r"^WORLD_SIZE is 2, but 1 process\(es\) train together"):
        join_processes()


def _none(self: object, **options: object) -> None:
    """Make no group, as `accelerate` does where it sees none to be made."""


def test_more_processes_than_gpus_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT"):
        monkeypatch.setenv(name, "2")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(TrainingError, match=r"^this machine has 1 GPU\(s\) for 2 processes; start as many"):
        join_processes()


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[third_party/gloo/gloo/transport/tcp/pair.cc:537] Read error [127.0.0.1]:20682: reset by peer"),
        torch.distributed.DistBackendError("a remote process exited"),
    ],
)
def test_a_process_that_was_killed_is_told_of_in_words(monkeypatch: pytest.MonkeyPatch, error: RuntimeError) -> None:
    monkeypatch.setattr(processes, "num_processes", lambda: 2)
    with pytest.raises(TrainingError, match=r"another process .* has ended.* goes on from the last checkpoint \("):
        raise_within(error)
    other = RuntimeError("shapes do not match")
    with pytest.raises(RuntimeError) as caught:
        raise_within(other)
    assert caught.value is other
    monkeypatch.setattr(processes, "num_processes", lambda: 1)
    with pytest.raises(RuntimeError) as caught:
        raise_within(error)
    assert caught.value is error


def raise_within(error: Exception) -> None:
    with lost_processes_told():
        raise error


@pytest.mark.parametrize(
    ("cuda", "apple", "started", "expected"),
    [
        *[(True, False, 1, False), (True, False, 8, False), (False, False, 1, True)],
        *[(False, True, 1, False), (False, True, 2, True)],
    ],
)
def test_the_cpu_is_for_machines_without_a_gpu(
    monkeypatch: pytest.MonkeyPatch, cuda: bool, apple: bool, started: int, expected: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    monkeypatch.setenv("WORLD_SIZE", str(started))
    assert computes_on_cpu() is expected


def test_a_gpu_computes_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with reproducible():
        assert torch.are_deterministic_algorithms_enabled() is torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with reproducible():
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
        assert not torch.backends.cuda.mem_efficient_sdp_enabled()
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.backends.cuda.mem_efficient_sdp_enabled()
