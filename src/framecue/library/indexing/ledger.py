"""One indexing run: units are read ahead, their clips encoded several at a time, and whole videos committed in batches.

Files whose content is in the library already are not encoded again. If the file that had it is gone, this one was moved
and takes its rows over; if not, this one is a copy, of which a note is kept. Rows that leave their path while a run
goes on wait in memory, in case another file of the run turns out to have their content (files that swap names).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

import numpy as np

from framecue.library.files.sidecars import SidecarFinder
from framecue.library.indexing.contents import Contents, find_heirs
from framecue.library.indexing.encode import Clip, Worker
from framecue.library.indexing.plan import Plan, Unit, still_to_do
from framecue.library.indexing.prefetch import Claims, End, read_ahead
from framecue.library.indexing.sidecar_update import with_sidecars
from framecue.library.results import Duplicate, Skipped
from framecue.library.store import Store
from framecue.library.store.records import Copy, Held
from framecue.library.store.rows import Row
from framecue.video import Content, ReadVideo

__all__ = ["Outcome", "ProgressCallback", "run_plan"]

# Called with (files done, files in all); the file at hand counts by the part of it that is done.
ProgressCallback = Callable[[float, int], None]

# A commit costs some milliseconds, on an object store more; an interrupted run encodes what was not committed again.
ROWS_PER_COMMIT = 64
SECONDS_PER_COMMIT = 15.0


@dataclass
class Outcome:
    """What a run did: how many files were new, changed, moved, or (``touched``) had a new time but the old content.

    A file that another run has indexed since the plan was made counts as touched.

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
    readers: Sequence[ReadVideo],
    store: Store | None,
    make_store: Callable[[], Store],
    progress: ProgressCallback | None = None,
) -> Outcome:
    """Index the units of a plan.

    Args:
        plan: what to do; its own skipped paths are not repeated in the outcome.
        worker: encodes.
        readers: read the files.
        store: where the rows go, opened since nobody else may write it; None where the library does not exist yet.
        make_store: makes the library, when the first rows are there.
        progress: told as the run goes on.

    Raises:
        LibraryError: the library cannot be written. What was committed before stays.
    """
    held = store.held() if store else {}
    run = _Run(worker, store, make_store, Contents(held, plan.seen))
    units = still_to_do(plan.units, held, run.noted)
    num_units = len(units)
    run.outcome.touched = len(plan.units) - num_units
    try:
        while units:
            # Each content is read by the first unit that has it, so a pass leaves fewer units over than it was given.
            claims = Claims(run.contents.video_ids())
            num_before = num_units - len(units)
            for number, part in run.read(units, readers, claims):
                if progress:
                    progress(num_before + number + part, num_units)
            units, run.again = run.again, []
    except KeyboardInterrupt:
        # The person who stops a run keeps what it has encoded.
        run.commit()
        raise
    run.bequeath()
    run.commit()
    return run.outcome


@dataclass
class _Video:
    """A file that is being read; its rows, in order, as far as its clips are encoded."""

    unit: Unit
    content: Content | None = None
    num_clips: int = 0
    rows: list[Row] = field(default_factory=list)
    end: End | None = None

    @property
    def is_complete(self) -> bool:
        return self.end is not None and len(self.rows) == self.num_clips

    def part_done(self) -> float:
        """How much of the file has been read, from 0 to 1."""
        if self.end is not None:
            return 1.0
        num_segments = self.content.num_segments if self.content else 0
        return self.num_clips / (max(num_segments, self.num_clips) + 1)


class _Run:
    """What waits between the steps of a run."""

    def __init__(
        self, worker: Worker, store: Store | None, make_store: Callable[[], Store], contents: Contents
    ) -> None:
        self.worker, self.store, self.make_store, self.contents = worker, store, make_store, contents
        self.outcome = Outcome()
        self.sidecars = SidecarFinder()
        self.noted = store.copies() if store else {}
        self.videos: deque[_Video] = deque()
        self.clips: list[tuple[_Video, Clip]] = []
        # Files whose content was to be known, but is not: it failed before, or another run took it out.
        self.again: list[Unit] = []
        self.displaced: dict[str, list[Row]] = {}
        # For the next commit: rows by path, paths whose stored rows go, notes about copies.
        self.rows: dict[str, list[Row]] = {}
        self.leaving: set[str] = set()
        self.copies: dict[str, Copy] = {}
        self.forget: set[str] = set()
        self.committed_at = time.monotonic()

    def read(self, units: Sequence[Unit], readers: Sequence[ReadVideo], claims: Claims) -> Iterator[tuple[int, float]]:
        """Index units; yield (units read before this one, the part of this one that is read) as it goes on."""
        worker, number = self.worker, 0
        depth = worker.clips_per_encode
        events = read_ahead(units, readers, worker.options, prepare=worker.prepare, claims=claims, depth=depth)
        with closing(events):
            video: _Video | None = None
            for unit, event in events:
                if video is None:
                    video = _Video(unit)
                    self.videos.append(video)
                if isinstance(event, Clip):
                    video.num_clips += 1
                    self.clips.append((video, event))
                    if len(self.clips) >= worker.clips_per_encode:
                        self.encode()
                elif isinstance(event, Content):
                    video.content = event
                else:
                    video.end = event
                    self.finish_videos()
                yield number, video.part_done()
                if isinstance(event, End):
                    video, number = None, number + 1
        self.encode()

    def encode(self) -> None:
        """Give the clips that wait their rows."""
        waiting, self.clips = self.clips, []
        if waiting:
            vectors, captions = self.worker.encode([clip for _, clip in waiting])
            for (video, clip), vector, caption in zip(waiting, vectors, captions, strict=True):
                video.rows.append(_row(video, clip, vector, caption))
        self.finish_videos()

    def finish_videos(self) -> None:
        """Find the place of the videos that are complete, in their order, and commit if enough wait for it."""
        while self.videos and self.videos[0].is_complete:
            self.finish(self.videos.popleft())
        overdue = time.monotonic() - self.committed_at > SECONDS_PER_COMMIT
        if sum(map(len, self.rows.values())) + len(self.copies) >= ROWS_PER_COMMIT or overdue:
            self.commit()

    def finish(self, video: _Video) -> None:
        unit, content = video.unit, video.content
        assert video.end is not None
        if video.end.error is not None:
            self.outcome.skipped.append(Skipped(unit.path, video.end.error.reason))
        elif content is None or (content.is_wanted and not video.rows):
            self.outcome.skipped.append(Skipped(unit.path, "nothing could be read of it"))
        elif not content.is_wanted or self.contents.has(content.video_id):
            self.settle(unit, content.video_id)
        elif not all(np.isfinite(row.vector).all() for row in video.rows):
            reason = "the model gives no finite vector for it; check the model's weights"
            self.outcome.skipped.append(Skipped(unit.path, reason))
        else:
            self.keep(unit, video.rows)
            self.outcome.encoded += 1
            if unit.replaces:
                self.outcome.changed += 1
            else:
                self.outcome.added += 1

    def settle(self, unit: Unit, video_id: str) -> None:
        """Find the place of a file whose content is known: it was touched, moved, or is a copy of another."""
        if self.contents.video_id(unit.path) == video_id:
            if rows := self.rows_at(unit.path):
                self.keep(unit, rows)
                self.outcome.touched += 1
            else:
                self.contents.drop(unit.path)
                self.again.append(unit)
            return
        path, is_there = self.contents.find(video_id, new_path=unit.path)
        if path is not None and is_there:
            self.displace(unit.path)
            self.copies[unit.path] = Copy(video_id, unit.state)
            self.outcome.duplicates.append(Duplicate(unit.path, path))
            return
        if path is not None:
            self.displace(path)
        waiting = self.displaced.get(video_id)
        if waiting:
            self.keep(unit, waiting)
            self.outcome.moved += 1
        else:
            self.again.append(unit)

    def bequeath(self) -> None:
        """Let a copy outside this run's folders take over the content of a file that was changed."""
        free = {path: copy for path, copy in self.noted.items() if self.contents.video_id(path) is None}
        for path, copy in find_heirs(self.displaced.keys(), free).values():
            self.keep(Unit(path, copy.state), self.displaced[copy.video_id])

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
        path = unit.path
        if self.contents.video_id(path) != rows[0].video_id:
            self.displace(path)
        sidecars = self.sidecars.read(path)
        self.outcome.skipped += sidecars.skipped
        placed = [replace(row, path=path, state=unit.state) for row in rows]
        self.rows[path] = with_sidecars(placed, sidecars)
        if unit.replaces:
            self.leaving.add(path)
        if path in self.noted:
            self.forget.add(path)
        self.contents.put(path, Held(rows[0].video_id, unit.state, rows[0].duration_seconds, len(rows)))
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


def _row(video: _Video, clip: Clip, vector: np.ndarray, caption: str | None) -> Row:
    unit, content = video.unit, video.content
    assert content is not None
    return Row(
        video_id=content.video_id,
        path=unit.path,
        start_seconds=clip.start_seconds,
        end_seconds=clip.end_seconds,
        vector=vector,
        duration_seconds=content.duration_seconds,
        state=unit.state,
        thumbnail=clip.thumbnail,
        caption=caption,
    )
