"""One indexing run: units are read ahead, encoded several at a time, and committed in batches.

Files whose content is in the library already, under this or another name, are not encoded again: their rows are
copied.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from framecue.errors import VideoError
from framecue.library.plan import Plan, Skipped, Unit
from framecue.library.rows import Row
from framecue.library.store import Store
from framecue.library.worker import Prepared, Worker, prepare_ahead

__all__ = ["Outcome", "ProgressCallback", "run_plan"]

# Called with (files done, files in all) after each file.
ProgressCallback = Callable[[int, int], None]

# A commit costs some milliseconds, on an object store more; an interrupted run encodes what was not committed again.
ROWS_PER_COMMIT = 64
SECONDS_PER_COMMIT = 15.0


@dataclass
class Outcome:
    """What a run did: files now in the library, how many of them were encoded, and files it could not use."""

    added: int = 0
    encoded: int = 0
    skipped: list[Skipped] = field(default_factory=list)


def run_plan(
    plan: Plan,
    worker: Worker,
    *,
    store: Store | None,
    make_store: Callable[[], Store],
    progress: ProgressCallback | None = None,
) -> Outcome:
    """Index the units of a plan.

    Args:
        plan: what to do; its own skipped paths are not repeated in the outcome.
        worker: reads and encodes.
        store: where the rows go, or None where the library does not exist yet.
        make_store: makes the library, when the first rows are there.
        progress: told after each file.

    Raises:
        LibraryError: the library cannot be written. What was committed before stays.
    """
    run = _Run(worker, store, make_store)
    encoded = {held.video_id for held in store.held().values()} if store else set()
    num_units = len(plan.units)
    try:
        results = prepare_ahead(worker, plan.units, encoded, depth=worker.clips_per_encode)
        for num_done, (unit, result) in enumerate(results, start=1):
            if isinstance(result, VideoError):
                run.outcome.skipped.append(Skipped(unit.path, result.reason))
            else:
                run.take(result)
            if progress:
                progress(num_done, num_units)
    except KeyboardInterrupt:
        # The person who stops a run keeps what it has encoded.
        run.commit()
        raise
    run.encode()
    run.commit()
    if run.store:
        run.store.compact()
    return run.outcome


class _Run:
    """What waits between the steps of a run."""

    def __init__(self, worker: Worker, store: Store | None, make_store: Callable[[], Store]) -> None:
        self.worker, self.store, self.make_store = worker, store, make_store
        self.outcome = Outcome()
        self.prepared: list[Prepared] = []
        self.rows: list[Row] = []
        self.replacing: list[str] = []
        self.committed_at = time.monotonic()

    def take(self, prepared: Prepared) -> None:
        self.prepared.append(prepared)
        if len(self.prepared) >= self.worker.clips_per_encode:
            self.encode()
            overdue = time.monotonic() - self.committed_at > SECONDS_PER_COMMIT
            if len(self.rows) >= ROWS_PER_COMMIT or overdue:
                self.commit()

    def encode(self) -> None:
        waiting, self.prepared = self.prepared, []
        self.encode_clips([item for item in waiting if item.clip is not None])
        for item in waiting:
            if item.clip is None:
                rows = self.copies(item)
                if rows:
                    self.keep(item.unit, rows)
                else:
                    self.read_again(item.unit)

    def encode_clips(self, items: list[Prepared]) -> None:
        clips = [item.clip for item in items if item.clip is not None]
        if not clips:
            return
        vector: np.ndarray
        for item, vector in zip(items, self.worker.encode(clips), strict=True):
            if np.isfinite(vector).all():
                self.keep(item.unit, self.worker.rows(item, vector))
                self.outcome.encoded += 1
            else:
                reason = "the model gives no finite vector for it; check the model's weights"
                self.outcome.skipped.append(Skipped(item.unit.path, reason))

    def read_again(self, unit: Unit) -> None:
        """Encode a file whose content was known, but whose rows this run has replaced since (files that swap)."""
        try:
            self.encode_clips([self.worker.prepare(unit, set())])
        except VideoError as error:
            self.outcome.skipped.append(Skipped(unit.path, error.reason))

    def copies(self, item: Prepared) -> list[Row]:
        """Give the rows of the same content, from this run or the library, as this file's own."""
        rows = [row for row in self.rows if row.video_id == item.video_id]
        if not rows and self.store:
            rows = self.store.rows_of(item.video_id)
        unit = item.unit
        return [
            replace(row, path=unit.path, size_bytes=unit.size_bytes, modified_seconds=unit.modified_seconds)
            for row in rows
            if row.path == rows[0].path
        ]

    def keep(self, unit: Unit, rows: list[Row]) -> None:
        self.rows += rows
        self.outcome.added += 1
        if unit.replaces:
            self.replacing.append(unit.path)

    def commit(self) -> None:
        if self.rows:
            self.store = self.store or self.make_store()
            self.store.write(self.rows, replacing=self.replacing)
            self.rows, self.replacing = [], []
        self.committed_at = time.monotonic()
