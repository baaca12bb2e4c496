"""The processes of a run that `torchrun` starts: joining them, and what the first does for all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import zip_longest
from typing import TypeVar

import torch
from accelerate import PartialState
from torch import distributed

from framecue.errors import FramecueError, TrainingError, first_line

__all__ = [
    "StoppedElsewhereError",
    "by_the_first",
    "check_alike",
    "computes_on_cpu",
    "join_processes",
    "leave_processes",
    "lost_processes_told",
    "num_processes",
    "rank",
    "reproducible",
    "wait_for_all",
]

# How long a process waits for the others: the first one validates alone, and reads files that may be on a slow disk.
WAIT = timedelta(hours=2)

Result = TypeVar("Result")
# What the libraries below torch call themselves in errors, which have no class of their own for all of them.
_BETWEEN_PROCESSES = ("gloo", "NCCL")
_FROM_TORCHRUN = ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


class StoppedElsewhereError(TrainingError):
    """The first process has met an error, which it reports itself; the others stop with it."""


def num_processes() -> int:
    """Return how many processes train together: 1 unless they have joined."""
    return distributed.get_world_size() if _joined() else 1


def rank() -> int:
    """Return the number of this process, from 0."""
    return distributed.get_rank() if _joined() else 0


def computes_on_cpu() -> bool:
    """Return whether training is on the CPU, because there is no GPU (or one of Apple's, for one process alone)."""
    return not torch.cuda.is_available() and (_started() > 1 or not torch.backends.mps.is_available())


def join_processes() -> None:
    """Join the processes that `torchrun` has started to one group: gloo on CPUs, NCCL on GPUs.

    Without `torchrun`, and where they have joined already, nothing happens.

    Raises:
        TrainingError: the environment speaks of several processes (WORLD_SIZE), and there would be no group of so many:
            each would train a copy alone, and write into one folder. Or a machine has fewer GPUs than processes.
    """
    wanted = _started()
    if wanted > 1 and not _joined():
        missing = [name for name in _FROM_TORCHRUN if name not in os.environ]
        if missing:
            raise TrainingError(
                f"WORLD_SIZE is {wanted}, but {', '.join(missing)} is not set, so this process would train alone; "
                "start all of them with torchrun (docs/training.md), or unset WORLD_SIZE to train in one"
            )
        _check_gpus()
        PartialState._reset_state()  # it may have been made for this process alone
        PartialState(cpu=computes_on_cpu(), timeout=WAIT)
    if num_processes() != wanted:
        raise TrainingError(
            f"WORLD_SIZE is {wanted}, but {num_processes()} process(es) train together; start all of them with "
            "torchrun (docs/training.md), or unset WORLD_SIZE to train in one"
        )


def leave_processes() -> None:
    """Leave the group, if there is one, when all have arrived here."""
    if _joined():
        wait_for_all()
        distributed.destroy_process_group()
        PartialState._reset_state()


def wait_for_all() -> None:
    """Return when every process has come here."""
    if num_processes() > 1:
        distributed.barrier()


def by_the_first(work: Callable[[], Result]) -> Result:
    """Do work in the first process alone, and return its result in all; it must be picklable.

    Raises:
        FramecueError: in the first process, what the work raises; in the others a `StoppedElsewhereError`.
    """
    if num_processes() == 1:
        return work()
    answer: list[tuple[Result | None, str | None]] = [(None, None)]
    failure: FramecueError | None = None
    if rank() == 0:
        try:
            answer = [(work(), None)]
        except FramecueError as error:
            failure, answer = error, [(None, str(error))]
    distributed.broadcast_object_list(answer, src=0)
    if failure is not None:
        raise failure
    result, problem = answer[0]
    if problem is not None:
        raise StoppedElsewhereError(f"process 0 has stopped: {problem}")
    return result  # type: ignore[return-value]


@contextmanager
def lost_processes_told() -> Iterator[None]:
    """Say in words what torch raises in the block when another process was killed, or cannot be reached any more.

    Raises:
        TrainingError: it is so.
    """
    try:
        yield
    except RuntimeError as error:
        is_between = isinstance(error, getattr(distributed, "DistError", ()))
        is_between = is_between or any(name in str(error) for name in _BETWEEN_PROCESSES)
        if num_processes() == 1 or not is_between:
            raise
        raise TrainingError(
            "another process of this run has ended, or cannot be reached any more; torchrun says which one, and the "
            f"same command goes on from the last checkpoint ({first_line(error)})"
        ) from error


def check_alike(value: str, *, what: str) -> None:
    """Compare a value between the processes, which must be the same in all.

    Args:
        value: the value here.
        what: what it is, for the message.

    Raises:
        TrainingError: one process has another than the first; the first line that differs is shown of both.
    """
    if num_processes() == 1:
        return
    values = [""] * num_processes()
    distributed.all_gather_object(values, value)
    for number, other in enumerate(values):
        for here, there in zip_longest(other.splitlines(), values[0].splitlines(), fillvalue="nothing"):
            if here != there:
                raise TrainingError(
                    f"process {number} has another {what} than process 0 ({here.strip()} against {there.strip()}); "
                    "every machine must see the same files, and run the same recipe with the same version of framecue"
                )


@contextmanager
def reproducible() -> Iterator[None]:
    """Let a GPU compute the same result each time, where PyTorch has a way; a warning names what has none.

    On a CPU it is so anyway, as long as the number of threads stays the same.
    """
    if not torch.cuda.is_available():
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # read when cuBLAS is first used
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, efficient = torch.backends.cudnn.benchmark, torch.backends.cuda.mem_efficient_sdp_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    # Memory-efficient attention sums its gradients in another order each time, unless warnings are errors.
    torch.backends.cuda.enable_mem_efficient_sdp(False)
    try:
        yield
    finally:
        torch.backends.cuda.enable_mem_efficient_sdp(efficient)
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = benchmark


def _check_gpus() -> None:
    """Refuse more processes on this machine than it has GPUs, if it has any."""
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    if not computes_on_cpu() and here > torch.cuda.device_count():
        raise TrainingError(
            f"this machine has {torch.cuda.device_count()} GPU(s) for {here} processes; start as many as there are "
            "GPUs (torchrun --nproc-per-node)"
        )


def _joined() -> bool:
    return distributed.is_available() and distributed.is_initialized()


def _started() -> int:
    """Return how many processes the environment says there are; a group that has been made knows better."""
    if _joined():
        return distributed.get_world_size()
    return int(os.environ.get("WORLD_SIZE", "1"))
