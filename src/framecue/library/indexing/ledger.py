"""Working out what an encoded video changes in a library, and writing it in commits of whole videos.

A file whose content is already in the library is not encoded again. If the file that had the content is gone, the new
one was moved and takes over its rows; otherwise it is a copy, and the library keeps a note about it. Rows that lose
their path during a run wait in memory, in case another file of the run has their content (two files may swap names).
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from framecue.dates import recorded_seconds
from framecue.encoder import Computation
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.sidecars import SidecarFinder
from framecue.library.indexing.contents import Contents, find_replacements
from framecue.library.indexing.encode import EncodedVideo, FailedUnit
from framecue.library.indexing.meaning_run import MeaningOutcome
from framecue.library.indexing.metadata_update import with_values
from framecue.library.indexing.sidecar_update import beyond_the_end, with_sidecars
from framecue.library.indexing.uninterrupted import uninterrupted
from framecue.library.indexing.unit import Unit
from framecue.library.indexing.words_outcome import WordsOutcome
from framecue.library.own_values import MetadataValue
from framecue.library.results import Duplicate, PassedOver, Remark, Skipped
from framecue.library.store import Store
from framecue.library.store.records import Copy, Failure, Held
from framecue.library.store.rows import Row
from framecue.library.store.snapshot import Snapshot
from framecue.log import log_skipped, printable
from framecue.video import READING

__all__ = ["Ledger", "Outcome"]

logger = logging.getLogger(__name__)

# A commit costs some milliseconds, on an object store more; if a run is interrupted, whatever was not committed has to
# be encoded again.
ROWS_PER_COMMIT = 64
SECONDS_PER_COMMIT = 15.0


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        added: how many files were new.
        changed: how many files had new content.
        moved: how many files were held under another path, which is gone.
        touched: how many files had a new time but the same content, or were indexed by another run after the plan was
            made.
        encoded: how many videos went through the model.
        encoded_seconds: how long these are.
        removed: how many files were removed because they are gone.
        removed_paths: the paths of these.
        subtitles_updated: how many unchanged videos have new texts from the files beside them.
        metadata_updated: how many unchanged videos have new values in the library's own columns.
        duplicates: the files whose content is held under another path.
        skipped: the paths that could not be indexed or removed, with reasons.
        passed_over: how many files turned out to be no videos.
        reread: the unchanged files that were encoded again, with what is otherwise when they are read today.
        warnings: the files that were encoded although something is wrong with them.
        beyond: the files beside which cues lie beyond their end.
        gpu_decoded: how many files had frames that a GPU decoded.
        gpu_fallbacks: the files that were for a GPU to decode and that it did not, or not to their end; with reasons.
        computation: what encoded videos; None if none were, or if the encoder does not say.
        words: what was done about words.
        meaning: what was done about their meanings.
    """

    added: int = 0
    changed: int = 0
    moved: int = 0
    touched: int = 0
    encoded: int = 0
    encoded_seconds: float = 0.0
    removed: int = 0
    removed_paths: list[str] = field(default_factory=list)
    subtitles_updated: int = 0
    metadata_updated: int = 0
    duplicates: list[Duplicate] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    passed_over: PassedOver = field(default_factory=PassedOver)
    reread: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    beyond: list[Remark] = field(default_factory=list)
    gpu_decoded: int = 0
    gpu_fallbacks: list[Remark] = field(default_factory=list)
    computation: Computation | None = None
    words: WordsOutcome = field(default_factory=WordsOutcome)
    meaning: MeaningOutcome = field(default_factory=MeaningOutcome)

    def skip(self, items: Iterable[Skipped]) -> None:
        """Note paths that could not be indexed or removed, and log each."""
        for item in items:
            log_skipped(item.path, item.reason)
            self.skipped.append(item)

    def warn(self, items: Iterable[Remark]) -> None:
        """Note what is wrong with files that are indexed all the same, and log each."""
        for item in items:
            logger.warning("%s: %s", printable(item.path), printable(item.reason))
            self.warnings.append(item)


class Ledger:
    """Keeps account of one run: what is held where, and what the next commit writes.

    A file ends in one of these states: *new* or *changed* (its rows are kept at its path), *touched* (its path already
    holds its content), *moved* (the path that held its content is gone, and its rows move to the new path), or *a copy*
    (another path still holds its content; a note is kept). Rows that lose their path are *displaced*. The next file
    of the run that has their content takes them. At the end of the run a copy elsewhere may take them; if there is
    none, they are deleted.

    Args:
        store: the library, opened under the lock; None if it does not exist yet.
        make_store: makes the library, once there are rows to write.
        snapshot: what the library holds; kept up to date with what is committed.
        contents: what is held where; kept up to date with what waits for a commit, too.
        files: where the files lie.
        metadata: values for the library's own columns by path, whose columns are there.

    Attributes:
        outcome: what the run has done so far.
        num_kept: how many files of this run are in the library, those that were moved or are copies included.
        again: files to encode after all. Their content was believed to be known, but the file that was to bring it
            failed, or another run removed it.
    """

    def __init__(
        self,
        store: Store | None,
        make_store: Callable[[], Store],
        snapshot: Snapshot,
        contents: Contents,
        *,
        files: Files = ALL_FILES,
        metadata: Mapping[str, Mapping[str, MetadataValue | None]] | None = None,
    ) -> None:
        self._metadata = metadata or {}
        self._store, self._make_store = store, make_store
        self._snapshot, self._contents, self._files = snapshot, contents, files
        self._noted = dict(snapshot.copies)
        self.outcome = Outcome()
        self.num_kept = 0
        self.again: list[Unit] = []
        self._sidecars = SidecarFinder(files)
        self._displaced: dict[str, list[Row]] = {}
        # For the next commit: rows by path, paths whose stored rows are deleted, notes about copies.
        self._rows: dict[str, list[Row]] = {}
        self._leaving: set[str] = set()
        self._copies: dict[str, Copy] = {}
        self._forget: set[str] = set()
        # Noted when there is a library: without one there is nothing to note it in.
        self._failures: dict[str, Failure] = {}
        self._committed_at = time.monotonic()

    def take(self, result: EncodedVideo | FailedUnit) -> None:
        """Find the place for the result of a unit, and commit if enough is waiting."""
        if isinstance(result, FailedUnit):
            self._fail(result)
        elif result.segments and result.kind == "image" and not result.unit.takes_images:
            self._failures[result.unit.path] = Failure(result.unit.state, "image", "a picture")
            self.outcome.passed_over = self.outcome.passed_over.plus(PassedOver(images=1))
        elif result.segments and result.is_marked and not _is_wanted_clip(result.unit):
            reason = "a clip or a sheet that framecue made"
            self._failures[result.unit.path] = Failure(result.unit.state, "clip", reason)
            self.outcome.passed_over = self.outcome.passed_over.plus(PassedOver(clips=1))
        elif not result.segments or (self._contents.has(result.video_id) and result.unit.reread is None):
            self._place_known(result.unit, result.video_id)
        else:
            self._keep(result.unit, self._with_earlier_values(result.unit, _rows(result)))
            self._count(result)
        self.commit_if_due()

    def _fail(self, failed: FailedUnit) -> None:
        """Report a file that could not be indexed, and note it if that is because of what it holds."""
        path = failed.unit.path
        if failed.cause is not None:
            self._failures[path] = Failure(failed.unit.state, failed.cause, failed.reason)
        if failed.cause == "sound" and not failed.unit.is_named:
            self.outcome.passed_over = self.outcome.passed_over.plus(PassedOver(sounds=1))
        else:
            self.outcome.skip([Skipped(path, failed.reason)])

    def _count(self, result: EncodedVideo) -> None:
        unit = result.unit
        self.outcome.encoded += 1
        self.outcome.encoded_seconds += result.duration_seconds
        logger.info("encoded %s: %d segments", printable(unit.path), len(result.segments))
        if unit.reread is not None:
            self.outcome.reread.append(Remark(unit.path, unit.reread))
        elif unit.replaces:
            self.outcome.changed += 1
        else:
            self.outcome.added += 1
        if result.warning is not None:
            self.outcome.warn([Remark(unit.path, result.warning)])

    def commit_if_due(self) -> None:
        """Commit if enough is waiting, or the last commit was long ago."""
        overdue = time.monotonic() - self._committed_at > SECONDS_PER_COMMIT
        if sum(map(len, self._rows.values())) + len(self._copies) >= ROWS_PER_COMMIT or overdue:
            self.commit()

    def _place_known(self, unit: Unit, video_id: str) -> None:
        """Find the place for a file whose content is known: it was touched, was moved, or is a copy of another."""
        if self._contents.video_id(unit.path) == video_id:
            if rows := self._rows_at(unit.path):
                self._keep(unit, rows)
                self.outcome.touched += 1
            else:
                self._contents.drop(unit.path)
                self.again.append(unit)
            return
        path, is_there = self._contents.find(video_id, new_path=unit.path)
        if path is not None and is_there:
            self._displace(unit.path)
            self._copies[unit.path] = Copy(video_id, unit.state)
            self.outcome.duplicates.append(Duplicate(unit.path, path))
            logger.info("%s is a copy of %s", printable(unit.path), printable(path))
            return
        if path is not None:
            self._displace(path)
        waiting = self._displaced.get(video_id)
        if waiting:
            logger.info("%s was moved to %s", printable(waiting[0].path), printable(unit.path))
            self._keep(unit, waiting)
            self.outcome.moved += 1
        else:
            self.again.append(unit)

    def promote_copies(self) -> None:
        """Keep displaced rows at the path of a copy that this run has not seen, if the library knows one."""
        free = {path: copy for path, copy in self._noted.items() if self._contents.video_id(path) is None}
        for path, copy in find_replacements(self._files, self._displaced.keys(), free).values():
            self._keep(Unit(path, copy.state), self._displaced[copy.video_id])

    def _rows_at(self, path: str) -> list[Row]:
        if path in self._rows:
            return self._rows[path]
        return self._store.rows_at([path]).get(path, []) if self._store else []

    def _with_earlier_values(self, unit: Unit, rows: list[Row]) -> list[Row]:
        """Return new rows with what the library's own columns held of the file before it changed."""
        is_held = unit.replaces or unit.reread is not None
        if not (is_held and self._store and self._store.own_kinds()):
            return rows
        earlier = self._rows_at(unit.path)
        return with_values(rows, earlier[0].extra) if earlier else rows

    def _displace(self, path: str) -> None:
        """Drop what is held at a path; the rows wait in case another file of this run has their content."""
        video_id = self._contents.video_id(path)
        if video_id is None:
            return
        rows = self._rows_at(path)
        self._rows.pop(path, None)
        self._leaving.add(path)
        self._contents.drop(path)
        if rows and not self._contents.has(video_id):
            self._displaced[video_id] = rows

    def _keep(self, unit: Unit, rows: list[Row]) -> None:
        """Keep rows at a file's path, with its present state and sidecars."""
        path = unit.path
        if self._contents.video_id(path) != rows[0].video_id:
            self._displace(path)
        sidecars = self._sidecars.read(path)
        self.outcome.skip(sidecars.skipped)
        # Kept where a file moves or is touched: its first name and time are as good as the later ones, or better.
        recorded = recorded_seconds(
            os.path.basename(path),  # noqa: PTH119 (strings, as there may be thousands of paths)
            modified_seconds=unit.state.modified_seconds,
            in_metadata=rows[0].recorded_seconds,
        )
        placed = [replace(row, path=path, state=unit.state, recorded_seconds=recorded) for row in rows]
        placed = with_values(placed, self._metadata.get(path, {}))
        self._rows[path] = with_sidecars(placed, sidecars)
        self.outcome.beyond += beyond_the_end(placed, sidecars)
        if unit.replaces:
            self._leaving.add(path)
        if path in self._noted:
            self._forget.add(path)
        self._contents.put(path, Held.of(self._rows[path]))
        self._displaced.pop(rows[0].video_id, None)

    def commit(self) -> None:
        """Write everything that is waiting. A KeyboardInterrupt is raised when that is done."""
        uninterrupted(self._commit)

    def _commit(self) -> None:
        if self._rows:
            self._store = self._store or self._make_store()
        if self._store:
            # Rows first: if a crash leaves a note about a copy behind, the path still counts as held, by its rows.
            rows = [row for rows in self._rows.values() for row in rows]
            self._store.write(rows, replacing=sorted(self._leaving))
            forget = sorted(self._forget - self._copies.keys())
            self._store.note_copies(self._copies, forget=forget)
            self._note_commit(forget)
            self.num_kept += len(self._rows) + len(self._copies)
            self._note_failures()
        self._rows, self._leaving, self._copies, self._forget = {}, set(), {}, set()
        self._committed_at = time.monotonic()

    def _note_failures(self) -> None:
        assert self._store is not None
        well = {*self._rows, *self._copies}
        forget = sorted(path for path in well if path in self._snapshot.failures and path not in self._failures)
        self._store.note_failures(self._failures, forget=forget)
        for path, failure in self._failures.items():
            self._snapshot.note_failure(path, failure)
        for path in forget:
            self._snapshot.forget_failure(path)
        self._failures = {}

    def _note_commit(self, forgotten: list[str]) -> None:
        for path in self._leaving:
            self._snapshot.drop(path)
        for path, kept in self._rows.items():
            self._snapshot.put(path, Held.of(kept))
        for path, copy in self._copies.items():
            self._snapshot.note(path, copy)
        for path in forgotten:
            self._snapshot.forget(path)


def _is_wanted_clip(unit: Unit) -> bool:
    """Whether a clip or a sheet is indexed: a person has named it, or the library has held it before."""
    return unit.is_named or unit.replaces or unit.reread is not None


def _rows(video: EncodedVideo) -> list[Row]:
    return [
        Row(
            video_id=video.video_id,
            path=video.unit.path,
            start_seconds=segment.start_seconds,
            end_seconds=segment.end_seconds,
            vector=segment.vector,
            duration_seconds=video.duration_seconds,
            state=video.unit.state,
            thumbnail=segment.thumbnail,
            caption=segment.caption,
            indexed_seconds=video.encoded_seconds,
            reading=READING,
            kind=video.kind,
            recorded_seconds=video.recorded_seconds,
        )
        for segment in video.segments
    ]
