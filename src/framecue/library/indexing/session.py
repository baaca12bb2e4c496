"""One run of ``Library.add`` under the lock: everything that a plan asks for, in its order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace

from framecue.encoder import Encoder, SaysComputation, encodes_frames_alone
from framecue.errors import FramecueError
from framecue.library.background import renew_background
from framecue.library.files.interface import Files
from framecue.library.indexing.encode import check_captioner
from framecue.library.indexing.gpu_use import GpuTally, check_gpu_decoder
from framecue.library.indexing.keep_asked import TakenOut, asks_for_more, keep_asked
from framecue.library.indexing.ledger import Outcome
from framecue.library.indexing.makers import MakeRunner, MakeWordsRunner
from framecue.library.indexing.meaning_run import KeptSentenceEncoder, MeaningProgress, check_meaning, run_meaning
from framecue.library.indexing.metadata import GivenMetadata
from framecue.library.indexing.metadata_update import update_metadata
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.plan import Plan
from framecue.library.indexing.readers import open_reader
from framecue.library.indexing.removal import find_gone, forget_failures, take_out
from framecue.library.indexing.reread import describe_reread, find_reread
from framecue.library.indexing.run import run_plan
from framecue.library.indexing.runner import EncodingTask, local_runner
from framecue.library.indexing.sidecar_update import update_subtitles
from framecue.library.indexing.words_outcome import WordsHooks, WordsOutcome
from framecue.library.indexing.words_run import run_words
from framecue.library.indexing.words_runner import local_words_runner
from framecue.library.indexing.words_sources import KeptSources
from framecue.library.store import Store
from framecue.library.store.kept import KeptStore
from framecue.library.store.snapshot import Snapshot
from framecue.progress import ProgressCallback, StopCallback
from framecue.video import Segmentation
from framecue.video.isolate.spool import kept_spool

__all__ = ["Hooks", "Session"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hooks:
    """What a run calls on its way; see ``Library.add``."""

    progress: ProgressCallback | None = None
    on_stop: StopCallback | None = None
    on_notice: Callable[[str], None] | None = None
    words: WordsHooks = field(default_factory=WordsHooks)
    meaning_progress: MeaningProgress | None = None


class Session:
    """Carries out plans on one library; use it with the lock on the library.

    Args:
        kept: the library's store.
        model: returns a model that fits the store (None for a new library); called only if something is encoded.
        segmentation: returns how the videos of a store are cut, given what is wanted.
        files: where the library's files lie.
        sources: makes the sources of words.
        sentences: makes the sentence encoder.
        make_runner: makes what encodes the units.
        make_words_runner: makes what finds words in files.
    """

    def __init__(
        self,
        kept: KeptStore,
        model: Callable[[Store | None], Encoder],
        segmentation: Callable[[Store | None, Segmentation | None], Segmentation],
        *,
        files: Files,
        sources: KeptSources | None = None,
        sentences: KeptSentenceEncoder | None = None,
        make_runner: MakeRunner = local_runner,
        make_words_runner: MakeWordsRunner = local_words_runner,
    ) -> None:
        self._kept, self._model, self._segmentation, self._files = kept, model, segmentation, files
        self._sources, self._sentences = sources or KeptSources(), sentences or KeptSentenceEncoder()
        self._make_runner, self._make_words_runner = make_runner, make_words_runner
        self._taken_out = TakenOut()

    def carry_out(self, plan: Plan, options: AddOptions, own: GivenMetadata, hooks: Hooks) -> Outcome:
        """Carry out a plan.

        Args:
            plan: what to do; somebody may have written to the library since it was made.
            options: how to index.
            own: values for columns of the caller's own.
            hooks: what to call on the way.

        Raises:
            LibraryError: the library cannot be read or written. What was committed before stays.
        """
        # What is copied from a store for its pictures is there for its words.
        with kept_spool(options.spool_gb):
            return self._carry_out(plan, options, own, hooks)

    def _carry_out(self, plan: Plan, options: AddOptions, own: GivenMetadata, hooks: Hooks) -> Outcome:
        # From here on nobody else writes.
        snapshot = self._kept.snapshot()
        store = self._kept.open_if_there()
        if plan.units:
            self._check(options, store)
        if store:
            self._keep_asked(store, options)
        if plan.outdated:
            plan = self._with_reread(plan, options, snapshot, hooks)
        if store := self._kept.open_if_there():
            store.add_own_columns(own.kinds(store.own_kinds()))
        outcome = self._encode(plan, options, own, snapshot, hooks) if plan.units else Outcome()
        if store := self._kept.open_if_there():
            # The files that were encoded have their values already.
            outcome.metadata_updated = update_metadata(store, snapshot, own)
            update = update_subtitles(store, snapshot, plan.subtitles_changed, files=self._files)
            outcome.subtitles_updated = update.updated
            outcome.skip(update.skipped)
            outcome.beyond += update.beyond
            if options.prune:
                # Last, so that moved files have been found under their new names.
                gone, kept = find_gone(snapshot.paths, plan, files=self._files)
                outcome.removed = take_out(store, snapshot, gone, files=self._files).number
                outcome.removed_paths = gone
                outcome.skip(kept)
            if snapshot.failures:
                forget_failures(store, snapshot, find_gone(snapshot.failures, plan, files=self._files)[0])
            store.ensure_text_index()
            store.optimize_if_due()
            # By then every picture is committed: listening may take hours.
            self._kept.wrote(snapshot)
            outcome.words = self._look_for_words(store, snapshot, plan, options, hooks)
            # What was said of the same files as words is not said twice.
            outcome.warn(one for one in outcome.beyond if one.path not in outcome.words.told_beside)
            outcome.meaning = run_meaning(
                store, options.meaning, encoders=self._sentences, progress=hooks.meaning_progress
            )
            outcome.meaning.is_taken_out |= self._taken_out.meaning
        return outcome

    def _check(self, options: AddOptions, store: Store | None) -> None:
        """Refuse what cannot be encoded as is asked, before anything is written.

        Raises:
            InputError: there is no decoder on a GPU, or the model has no captioner.
        """
        if options.gpu_decode:
            check_gpu_decoder()  # before a model is loaded
        check_captioner(self._model(store), captions=options.captions)

    def _keep_asked(self, store: Store, options: AddOptions) -> None:
        self._taken_out = keep_asked(store, options, sources=self._sources, sentences=self._sentences)

    def _look_for_words(
        self, store: Store, snapshot: Snapshot, plan: Plan, options: AddOptions, hooks: Hooks
    ) -> WordsOutcome:
        return run_words(
            store,
            snapshot,
            plan.seen,
            options,
            sources=self._sources,
            taken_out=self._taken_out.words,
            make_runner=self._make_words_runner,
            hooks=hooks.words,
            files=self._files,
        )

    def _with_reread(self, plan: Plan, options: AddOptions, snapshot: Snapshot, hooks: Hooks) -> Plan:
        """Return the plan with the unchanged files that have to be encoded again among its units."""
        with open_reader(stall_seconds=options.stall_seconds) as reader:
            look = reader.look_again
            units = find_reread(self._kept.open(), snapshot, plan.outdated, look, progress=hooks.progress)
        if units:
            logger.info("%s", describe_reread(units))
            if hooks.on_notice:
                hooks.on_notice(describe_reread(units))
        # First, so that new files with their content become their copies.
        return replace(plan, units=(*units, *plan.units))

    def _encode(self, plan: Plan, options: AddOptions, own: GivenMetadata, snapshot: Snapshot, hooks: Hooks) -> Outcome:
        store = self._kept.open_if_there()
        segmentation = self._segmentation(store, options.segmentation)
        model = self._model(store)
        if store is None:
            segmentation = replace(segmentation, shares_frames=encodes_frames_alone(model))
        tally = GpuTally() if options.gpu_decode else None
        task = EncodingTask(
            encoder=model,
            segmentation=segmentation,
            captions=options.captions,
            units=plan.units,
            stall_seconds=options.stall_seconds,
            max_cpu_seconds=options.max_cpu_seconds,
            max_megapixels=options.max_megapixels,
            spool_gb=options.spool_gb,
            gpu_tally=tally,
        )
        fingerprint = model.fingerprint().with_absolute_places().to_dict()

        def make_store() -> Store:
            # Before the library is there: whoever stops the run meanwhile leaves none without what was asked for.
            check_meaning(None, options.meaning, encoders=self._sentences)
            made = Store.create(self._kept.uri, fingerprint, segmentation)
            with _dropped_if_it_ends(made):
                made.add_own_columns(own.kinds({}))
                self._keep_asked(made, options)
            return made

        with self._make_runner(task) as runner, ExitStack() as stack:
            if store is None and asks_for_more(options):
                # It is there before it holds anything, as the first video may take hours.
                store = make_store()
                stack.enter_context(_dropped_if_empty(store, snapshot))
            outcome = run_plan(
                plan,
                runner,
                store=store,
                snapshot=snapshot,
                make_store=make_store,
                progress=hooks.progress,
                on_stop=hooks.on_stop,
                files=self._files,
                metadata=own.by_path,
            )
        if tally is not None:
            outcome.gpu_decoded, outcome.gpu_fallbacks = tally.num_videos, tally.fallbacks
        if outcome.encoded and (store := self._kept.open_if_there()):
            if isinstance(model, SaysComputation):
                outcome.computation = model.computation
                store.note_computation(model.computation)
            renew_background(store, model)
        return outcome


@contextmanager
def _dropped_if_it_ends(store: Store) -> Iterator[None]:
    """Delete a library that this run has just made if the block fails or is stopped: it lacks what was asked for."""
    try:
        yield
    except BaseException:
        with suppress(FramecueError):  # what ended it is what is told
            store.drop()
        raise


@contextmanager
def _dropped_if_empty(store: Store, snapshot: Snapshot) -> Iterator[None]:
    """Delete a library that this run has made if nothing is in it when the block ends, as where no file is sound.

    It stays where somebody has stopped the run: what was asked for is kept in it.
    """
    try:
        yield
    except Exception:
        if not snapshot.paths:
            with suppress(FramecueError):  # what failed is what is told
                store.drop()
        raise
    if not snapshot.paths:
        store.drop()
