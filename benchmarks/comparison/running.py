"""Running cells: one after the other, or several at once, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import os
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from comparison.plan import Cell

__all__ = ["run_cells"]


def run_cells(
    cells: Sequence[Cell],
    starts: dict[str, str],
    folder: Path,
    work: Path,
    *,
    jobs: int,
    num_workers: int,
    deadline: float | None = None,
) -> list[Cell]:
    """Run the cells that are not done yet, and return those that are left, because the time was up or they failed.

    Args:
        cells: in the order in which to begin them.
        starts: the backbone's folder or name, by the name of the starting point.
        folder: of the cells' files.
        work: for files that are removed again.
        jobs: how many run at once.
        num_workers: processes that draw clips, for each.
        deadline: of `time.time()`; no cell begins after it.
    """
    from comparison.cell import is_done

    waiting = [cell for cell in cells if not is_done(cell, folder)]
    threads = max(1, (os.cpu_count() or 1) // jobs)
    context = multiprocessing.get_context("spawn")
    began, done, left = time.time(), 0, []
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=(threads,)) as pool:
        running: dict[Future[str | None], Cell] = {}
        queue = list(waiting)
        while queue or running:
            while queue and len(running) < jobs and (deadline is None or time.time() < deadline):
                cell = queue.pop(0)
                running[pool.submit(_one, cell, starts[cell.backbone], folder, work, num_workers)] = cell
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                cell, problem = running.pop(future), future.result()
                done += problem is None
                left += [cell] if problem is not None else []
                told = f"{done} of {len(waiting)}, {time.time() - began:.0f} s"
                print(f"{cell.name}: {problem or 'done'} ({told})", flush=True)
    return queue + left


def _begin(threads: int) -> None:
    import logging

    import torch

    torch.set_num_threads(threads)
    logging.disable(logging.WARNING)


def _one(cell: Cell, backbone: str, folder: Path, work: Path, num_workers: int) -> str | None:
    """Run a cell; returns what went wrong, or None."""
    from comparison.cell import run_cell

    try:
        run_cell(cell, backbone, folder, work, num_workers=num_workers)
    except Exception:
        return traceback.format_exc()
    return None
