"""Running cells: one after the other, or several at once, each in a process of its own."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
import traceback
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

import torch

from comparison.cell import is_done, run_cell
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
        jobs: how many run at once, each in a process of its own; with 1 they run in this one.
        num_workers: processes that draw clips, for each.
        deadline: of `time.time()`; no cell begins after it.
    """
    waiting = [cell for cell in cells if not is_done(cell, folder)]
    if jobs == 1:
        return _in_turn(waiting, starts, folder, work, num_workers, deadline)
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


def _in_turn(
    cells: Sequence[Cell], starts: dict[str, str], folder: Path, work: Path, num_workers: int, deadline: float | None
) -> list[Cell]:
    """Run cells in this process; see `run_cells`."""
    left, began = [], time.time()
    for number, cell in enumerate(cells, start=1):
        if deadline is not None and time.time() >= deadline:
            return left + list(cells[number - 1 :])
        problem = _one(cell, starts[cell.backbone], folder, work, num_workers)
        left += [cell] if problem is not None else []
        print(f"{cell.name}: {problem or 'done'} ({number} of {len(cells)}, {time.time() - began:.0f} s)", flush=True)
    return left


def _begin(threads: int) -> None:
    torch.set_num_threads(threads)
    logging.disable(logging.WARNING)


def _one(cell: Cell, backbone: str, folder: Path, work: Path, num_workers: int) -> str | None:
    """Run a cell; returns what went wrong, or None."""
    try:
        run_cell(cell, backbone, folder, work, num_workers=num_workers)
    except Exception:
        return traceback.format_exc()
    return None
