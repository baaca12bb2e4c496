"""Looking for what is said and written in files whose pictures are indexed; no picture is encoded.

It comes after the pictures of a run, under the same lock. Words are committed as the run goes on, each content and
source whole, and noted after that: a run that was killed goes on where it was. A file that cannot be heard or read is
noted with the reason, and not tried again until it changes, or somebody asks for that.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

from framecue.errors import FramecueError
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.indexing.makers import MakeWordsRunner
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.sidecar_words import SidecarWords
from framecue.library.indexing.uninterrupted import uninterrupted
from framecue.library.indexing.words_outcome import WordsHooks, WordsOutcome
from framecue.library.indexing.words_plan import (
    Content,
    WordsTask,
    contents_of,
    sidecars_key,
    tasks_of,
    wanted_words,
)
from framecue.library.indexing.words_runner import (
    FoundWords,
    ReadLimits,
    UsableSource,
    WordsRunner,
    WordsWork,
    local_words_runner,
)
from framecue.library.indexing.words_sources import KeptSources, ReadySources
from framecue.library.results import Remark, WordsCount, WordsFailure
from framecue.library.store import Store
from framecue.library.store.snapshot import Snapshot
from framecue.library.store.words_notes import AskedWords, WordsDone
from framecue.log import printable
from framecue.progress import FilesDone
from framecue.words.request import SIDECARS, SUBTITLES, WordsRequest
from framecue.words.source import WordsUnit
from framecue.words.timed_text import SAID, TimedText

__all__ = ["run_words"]

logger = logging.getLogger(__name__)

# A commit costs some milliseconds; what was not committed has to be heard again if the run is killed.
LINES_PER_COMMIT = 2000
SECONDS_PER_COMMIT = 15.0
LINES_PER_UPKEEP = 20_000
_CONTENTS_PER_SCAN = 100


def run_words(
    store: Store,
    snapshot: Snapshot,
    paths: Iterable[str],
    options: AddOptions,
    *,
    sources: KeptSources,
    taken_out: Iterable[str] = (),
    make_runner: MakeWordsRunner = local_words_runner,
    hooks: WordsHooks | None = None,
    files: Files = ALL_FILES,
) -> WordsOutcome:
    """Bring the words of some files up to date with what is asked for, and with what the library has had.

    What is asked for has been kept by then, by :func:`framecue.library.indexing.keep_asked.keep_asked`.

    Args:
        store: the library, opened under the lock.
        snapshot: what it holds.
        paths: of the files that the run has found.
        options: of the run.
        sources: makes the sources.
        taken_out: the sources of which it was kept that their words are to go.
        make_runner: makes what finds words in files.
        hooks: what to call on the way.
        files: where the files lie.

    Raises:
        InputError: what is asked for cannot work.
        LibraryError: the library cannot be read or written. What was committed before stays.
    """
    outcome = WordsOutcome(taken_out=list(taken_out))
    had = store.words_notes.asked()
    wanted = wanted_words(had, options)
    if not (had or wanted or options.words_dropped()):
        return outcome
    _take_out(store, had, options)
    done = store.words_notes.done()
    _take_out_gone(store, snapshot, done)
    if wanted:
        ready = ReadySources(sources, had, wanted, options, outcome.left_out)
        tasks = tasks_of(contents_of(paths, snapshot), done, had, wanted, ready.get, options)
        # Subtitles that could not be read when the rest was kept, and can be now.
        store.words_notes.note_asked(ready.asked())
        if tasks:
            _take_out_unnoted(store, snapshot)
            limits = ReadLimits(
                stall_seconds=options.stall_seconds,
                max_cpu_seconds=options.max_cpu_seconds,
                max_megapixels=options.max_megapixels,
                spool_gb=options.spool_gb,
            )
            run = _Run(store, ready, outcome, hooks or WordsHooks(), files, noted=done, limits=limits)
            usable = _usable(tasks, ready)
            # What lies beside files is read here, and needs no cluster.
            with (make_runner if usable else local_words_runner)(usable, limits) as runner:
                run.carry_out(tasks, runner)
    _look_after(store)
    return outcome


def _look_after(store: Store) -> None:
    store.words.upkeep()
    store.words_notes.upkeep()


@dataclass
class _Begun:
    """A task that a runner is at, the file as it is read for it, and how many of its sources have not answered yet."""

    task: WordsTask
    unit: WordsUnit
    num_left: int


class _Run:
    """Hands files to a runner, and commits what it has found."""

    def __init__(
        self,
        store: Store,
        ready: ReadySources,
        outcome: WordsOutcome,
        hooks: WordsHooks,
        files: Files,
        *,
        noted: Collection[tuple[str, str]],
        limits: ReadLimits,
    ) -> None:
        self._store, self._ready, self._outcome, self._hooks, self._files = store, ready, outcome, hooks, files
        self._noted = set(noted)
        self._sidecars, self._limits = SidecarWords(files), limits
        # For the next commit, by content and source.
        self._texts: dict[tuple[str, str], list[TimedText]] = {}
        self._done: dict[tuple[str, str], WordsDone] = {}
        self._forget: list[str] = []
        self._begun: dict[str, _Begun] = {}
        self._committed_at = time.monotonic()
        self._num_tasks = self._num_finished = self._num_beside = self._num_kept = self._num_lines = 0

    def carry_out(self, tasks: list[WordsTask], runner: WordsRunner) -> None:
        """Look for words in the contents of some tasks.

        Raises:
            InputError: a source that this run asks for cannot work.
            LibraryError: the library cannot be written. What was committed before stays.
        """
        self._num_tasks = len(tasks)
        try:
            with closing(runner.run(self._works(tasks), on_progress=self._tell)) as every:
                for found in every:
                    self._take(found)
            self.commit()
        except BaseException:
            # However a run ends, it keeps what it has found.
            try:
                self.commit()
            except FramecueError:
                logger.debug("what was found could not be written", exc_info=True)
            if self._hooks.on_stop:
                self._hooks.on_stop(self._num_kept, len(tasks))
            raise

    def _works(self, tasks: list[WordsTask]) -> Iterator[WordsWork]:
        """Yield what a runner is to look at; what is beside a file is read here, when the runner is through with it."""
        for start in range(0, len(tasks), _CONTENTS_PER_SCAN):
            some = tasks[start : start + _CONTENTS_PER_SCAN]
            segments = self._store.segments_of([task.content.video_id for task in some])
            for task in some:
                sources = tuple(name for name in task.sources if name != SIDECARS)
                begun = _Begun(task, _unit(task.content, segments.get(task.content.video_id, [])), len(sources))
                if not sources:
                    self._finish(begun)
                    continue
                self._begun[task.content.video_id] = begun
                yield WordsWork(task.content.video_id, begun.unit, sources)

    def _tell(self, done: FilesDone) -> None:
        # One file may be listened to for hours, while what was found in others waits.
        self._commit_if_due()
        if self._hooks.progress:
            self._hooks.progress(FilesDone(self._num_beside + done, done.path), self._num_tasks)

    def _take(self, found: FoundWords) -> None:
        """Take what one source has found in one content; it waits for the next commit."""
        begun = self._begun[found.video_id]
        begun.num_left -= 1
        self._note(found, begun.task.content)
        if not begun.num_left:
            del self._begun[found.video_id]
            self._finish(begun)

    def _finish(self, begun: _Begun) -> None:
        """Do what is left of a task when all sources have looked at its content."""
        task = begun.task
        if SIDECARS in task.sources:
            self._look_beside(task.content, begun.unit)
        self._num_finished += 1
        self._num_beside += task.sources == [SIDECARS]
        if self._hooks.progress:
            self._hooks.progress(FilesDone(self._num_finished, task.content.path), self._num_tasks)
        self._commit_if_due()

    def _note(self, found: FoundWords, content: Content) -> None:
        name, ready = found.source, self._ready.get(found.source)
        if ready is None or name in self._outcome.left_out:
            return
        if found.unusable is not None:
            if ready.is_asked_now:
                raise found.unusable
            self._outcome.left_out[name] = str(found.unusable)
            return
        reason: str | None = None
        if found.failure is not None:
            reason = found.failure.reason
            self._fail(content.path, name, reason)
            if found.failure.cause is None:
                return  # it may go well another time
        if not self._is_still_there(content):
            self._fail(content.path, name, "it changed while it was being read")
            return
        lines = list(found.lines)
        self._remark(content.path, name, found.remark)
        self._keep(content, name, lines, WordsDone(ready.key, len(lines), reason), ready.asked)

    def _look_beside(self, content: Content, unit: WordsUnit) -> None:
        if content.sidecars is None:
            # Those that there were are gone.
            self._texts[content.video_id, SIDECARS] = []
            self._forget.append(content.video_id)
            return
        fitted = self._sidecars.find(content.held_path, unit, self._limits)
        lines = list(fitted.lines)
        self._remark(content.path, SIDECARS, fitted.remark)
        if fitted.remark is not None:
            self._outcome.told_beside.add(content.held_path)
        asked = AskedWords(request=WordsRequest(source=SIDECARS), kind=SAID)
        self._keep(content, SIDECARS, lines, WordsDone(sidecars_key(content.sidecars), len(lines)), asked)

    def _keep(self, content: Content, name: str, lines: list[TimedText], done: WordsDone, asked: AskedWords) -> None:
        self._texts[content.video_id, name] = lines
        self._done[content.video_id, name] = done
        count = self._outcome.counts.get(name) or WordsCount(
            name, asked.kind or SAID, asked.model, asked.request.language
        )
        self._outcome.counts[name] = replace(
            count,
            num_files=count.num_files + (done.reason is None),
            num_lines=count.num_lines + len(lines),
            num_failed=count.num_failed + (done.reason is not None),
        )
        logger.info("%s of %s: %d lines", name, printable(content.path), len(lines))

    def _fail(self, path: str, name: str, reason: str) -> None:
        logger.warning("not all words by %s of %s: %s", name, printable(path), printable(reason))
        self._outcome.failed.append(WordsFailure(path, name, reason))

    def _remark(self, path: str, name: str, remark: str | None) -> None:
        if remark is not None:
            logger.warning("the words by %s of %s: %s", name, printable(path), remark)
            self._outcome.warnings.append(Remark(path, f"of its words by {name} {remark}"))

    def _is_still_there(self, content: Content) -> bool:
        """Whether a file is as it was when its content was hashed, as far as its size and time tell."""
        try:
            return self._files.state(content.path) == content.state
        except OSError:
            return False

    def _commit_if_due(self) -> None:
        if not self._texts:
            return
        overdue = time.monotonic() - self._committed_at > SECONDS_PER_COMMIT
        if overdue or sum(map(len, self._texts.values())) >= LINES_PER_COMMIT:
            self.commit()

    def commit(self) -> None:
        """Write everything that is waiting. A KeyboardInterrupt is raised when that is done."""
        uninterrupted(self._commit)

    def _commit(self) -> None:
        texts, done, forget = self._texts, self._done, self._forget
        self._texts, self._done, self._forget = {}, {}, []
        self._committed_at = time.monotonic()
        # The lines of before go in a commit of their own: a run that is killed after it must not leave their note.
        self._forget_notes(self._noted & texts.keys())
        self._store.words.write_all(texts)
        self._store.words_notes.note_done(done)
        if forget:
            self._store.words_notes.forget(video_ids=forget, source=SIDECARS)
        self._num_kept = self._num_finished
        # A run may take days, and the library is searched meanwhile.
        self._num_lines += sum(map(len, texts.values()))
        if self._num_lines >= LINES_PER_UPKEEP:
            self._num_lines = 0
            _look_after(self._store)

    def _forget_notes(self, noted: Collection[tuple[str, str]]) -> None:
        for name in sorted({source for _, source in noted}):
            video_ids = [video_id for video_id, source in noted if source == name]
            self._store.words_notes.forget(video_ids=video_ids, source=name)


def _usable(tasks: Iterable[WordsTask], ready: ReadySources) -> dict[str, UsableSource]:
    """Return the sources that some tasks name, but for what lies beside files."""
    usable: dict[str, UsableSource] = {}
    for name in sorted({name for task in tasks for name in task.sources} - {SIDECARS}):
        if (found := ready.get(name)) is not None:
            request = replace(found.asked.request, may_fetch=found.is_asked_now)
            usable[name] = UsableSource(request, found.source)
    return usable


def _unit(content: Content, segments: list[tuple[float, float]]) -> WordsUnit:
    if content.kind == "image":
        return WordsUnit(content.path, ((0.0, 0.0),), "image")
    return WordsUnit(content.path, tuple(segments), "video")


def _take_out(store: Store, had: Mapping[str, AskedWords], options: AddOptions) -> None:
    """Take out the words of sources that are not wanted, also what a run that was killed has left of them."""
    unwanted = options.words_dropped().union(name for name, each in had.items() if not each.is_wanted)
    for name in sorted(unwanted - options.words_asked().keys()):
        for source in (name, SIDECARS) if name == SUBTITLES else (name,):
            store.words.drop(source=source)
            store.words_notes.forget(source=source)


def _take_out_gone(store: Store, snapshot: Snapshot, done: dict[tuple[str, str], WordsDone]) -> None:
    """Take out the words of contents that the library no longer holds, as after a file has changed."""
    there = {held.video_id for held in snapshot.held.values()}
    gone = {video_id for video_id, _ in done} - there
    if gone:
        store.drop_words(gone)


def _take_out_unnoted(store: Store, snapshot: Snapshot) -> None:
    """Take out the words of such contents that a run wrote and, as it was killed, did not note."""
    gone = store.words.video_ids() - {held.video_id for held in snapshot.held.values()}
    if gone:
        store.drop_words(gone)
