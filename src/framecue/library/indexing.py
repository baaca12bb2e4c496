"""One indexing run: units are read ahead, encoded several at a time, and committed in batches.

Files whose content is in the library already are not encoded again. If the file that had it is gone, this one was moved
and takes its rows over; if not, this one is a copy, of which a note is kept. Rows that leave their path while a run
goes on wait in memory, in case another file of the run turns out to have their content (files that swap names).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from framecue.errors import VideoError
from framecue.library.contents import Contents, find_heirs
from framecue.library.plan import Copy, Held, Plan, Skipped, Unit
from framecue.library.rows import Row
from framecue.library.sidecars import SidecarFinder, with_sidecars
from framecue.library.store import Store
from framecue.library.worker import Prepared, Worker, prepare_ahead

__all__ = ["Duplicate", "Outcome", "ProgressCallback", "run_plan"]

# Called with (files done, files in all) after each file.
ProgressCallback = Callable[[int, int], None]

# A commit costs some milliseconds, on an object store more; an interrupted run encodes what was not committed again.
ROWS_PER_COMMIT = 64
SECONDS_PER_COMMIT = 15.0


@dataclass(frozen=True)
class Duplicate:
    """A file whose content the library holds under another path, so that it is not stored again."""

    path: str
    original: str


@dataclass
class Outcome:
    """What a run did: how many files were new, changed, moved, or had a new time but the old content.

    ``encoded`` is how many videos went through the model; ``duplicates`` and ``skipped`` list files.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    touched: int = 0
    encoded: int = 0
    duplicates: list[Duplicate] = field(default_factory=list)
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
    held = store.held() if store else {}
    run = _Run(worker, store, make_store, Contents(held, plan.seen))
    encoded = {item.video_id for item in held.values()}
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
    run.bequeath()
    run.commit()
    if run.store:
        run.store.compact()
    return run.outcome


class _Run:
    """What waits between the steps of a run."""

    def __init__(
        self, worker: Worker, store: Store | None, make_store: Callable[[], Store], contents: Contents
    ) -> None:
        self.worker, self.store, self.make_store, self.contents = worker, store, make_store, contents
        self.outcome = Outcome()
        self.sidecars = SidecarFinder()
        self.noted = store.copies() if store else {}
        self.prepared: list[Prepared] = []
        self.displaced: dict[str, list[Row]] = {}
        # For the next commit: rows by path, paths whose stored rows go, notes about copies.
        self.rows: dict[str, list[Row]] = {}
        self.leaving: set[str] = set()
        self.copies: dict[str, Copy] = {}
        self.forget: set[str] = set()
        self.committed_at = time.monotonic()

    def take(self, prepared: Prepared) -> None:
        self.prepared.append(prepared)
        if len(self.prepared) >= self.worker.clips_per_encode:
            self.encode()
            overdue = time.monotonic() - self.committed_at > SECONDS_PER_COMMIT
            waiting = sum(map(len, self.rows.values())) + len(self.copies)
            if waiting >= ROWS_PER_COMMIT or overdue:
                self.commit()

    def encode(self) -> None:
        waiting, self.prepared = self.prepared, []
        self.encode_clips([item for item in waiting if item.clip is not None])
        for item in waiting:
            if item.clip is None:
                self.settle(item)

    def encode_clips(self, items: list[Prepared]) -> None:
        clips = [item.clip for item in items if item.clip is not None]
        if not clips:
            return
        vector: np.ndarray
        for item, vector in zip(items, self.worker.encode(clips), strict=True):
            if np.isfinite(vector).all():
                self.keep(item.unit, self.worker.rows(item, vector))
                self.outcome.encoded += 1
                if item.unit.replaces:
                    self.outcome.changed += 1
                else:
                    self.outcome.added += 1
            else:
                reason = "the model gives no finite vector for it; check the model's weights"
                self.outcome.skipped.append(Skipped(item.unit.path, reason))

    def settle(self, item: Prepared) -> None:
        """Find the place of a file whose content is known: it was touched, moved, or is a copy of another."""
        unit, video_id = item.unit, item.video_id
        if self.contents.video_id(unit.path) == video_id:
            if rows := self.rows_at(unit.path):
                self.keep(unit, rows)
                self.outcome.touched += 1
            else:
                self.read_again(unit)
            return
        path, is_there = self.contents.find(video_id, new_path=unit.path)
        if path is not None and is_there:
            self.displace(unit.path)
            self.copies[unit.path] = Copy(video_id, unit.size_bytes, unit.modified_seconds)
            self.outcome.duplicates.append(Duplicate(unit.path, path))
            return
        if path is not None:
            self.displace(path)
        waiting = self.displaced.get(video_id)
        if waiting:
            self.keep(unit, waiting)
            self.outcome.moved += 1
        else:
            self.read_again(unit)

    def bequeath(self) -> None:
        """Let a copy outside this run's folders take over the content of a file that was changed."""
        free = {path: copy for path, copy in self.noted.items() if self.contents.video_id(path) is None}
        for path, copy in find_heirs(self.displaced.keys(), free).values():
            self.keep(Unit(path, copy.size_bytes, copy.modified_seconds), self.displaced[copy.video_id])

    def read_again(self, unit: Unit) -> None:
        """Encode a file whose content was to be known, but is not: it failed before, or another run took it out."""
        try:
            self.encode_clips([self.worker.prepare(unit, set())])
        except VideoError as error:
            self.outcome.skipped.append(Skipped(unit.path, error.reason))

    def rows_at(self, path: str) -> list[Row]:
        if path in self.rows:
            return self.rows[path]
        return self.store.rows_at([path]).get(path, []) if self.store else []

    def displace(self, path: str) -> None:
        """Take away what is held at a path; the rows wait in case another file of this run has their content."""
        video_id = self.contents.video_id(path)
        if video_id is None:
            return
        rows = self.rows_at(path)
        self.rows.pop(path, None)
        self.leaving.add(path)
        self.contents.drop(path)
        if rows and not self.contents.has(video_id):
            self.displaced[video_id] = rows

    def keep(self, unit: Unit, rows: list[Row]) -> None:
        """Hold rows at a file's path, as it is now."""
        path, size, modified = unit.path, unit.size_bytes, unit.modified_seconds
        if self.contents.video_id(path) != rows[0].video_id:
            self.displace(path)
        sidecars = self.sidecars.read(path)
        self.outcome.skipped += sidecars.skipped
        placed = [replace(row, path=path, size_bytes=size, modified_seconds=modified) for row in rows]
        self.rows[path] = with_sidecars(placed, sidecars)
        if unit.replaces:
            self.leaving.add(path)
        if path in self.noted:
            self.forget.add(path)
        self.contents.put(path, Held(rows[0].video_id, size, modified, rows[0].duration_seconds, len(rows)))
        self.displaced.pop(rows[0].video_id, None)

    def commit(self) -> None:
        if self.rows:
            self.store = self.store or self.make_store()
        if self.store:
            # Rows first: should a crash leave a note about a copy behind, a path that has rows counts as held.
            rows = [row for rows in self.rows.values() for row in rows]
            self.store.write(rows, replacing=sorted(self.leaving))
            self.store.note_copies(self.copies, forget=sorted(self.forget - self.copies.keys()))
        self.rows, self.leaving, self.copies, self.forget = {}, set(), {}, set()
        self.committed_at = time.monotonic()
