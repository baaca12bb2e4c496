"""How many processes make batches beside the one that trains."""

from __future__ import annotations

import os

from framecue.cores import num_cores
from framecue.training.recipe import Schedule

__all__ = ["num_loader_workers"]

MOST = 16
"""More were never needed to keep one GPU busy, and each takes memory for two batches."""


def num_loader_workers(schedule: Schedule) -> int:
    """Return a schedule's `num_workers`; the default is this process's share of the machine's cores, 16 at most.

    `torchrun` starts several processes on a machine, and tells each how many (`LOCAL_WORLD_SIZE`).
    """
    if schedule.num_workers is not None:
        return schedule.num_workers
    local = os.environ.get("LOCAL_WORLD_SIZE", "1")
    processes = int(local) if local.isdigit() and int(local) else 1
    return min(MOST, max(1, num_cores() // processes))
