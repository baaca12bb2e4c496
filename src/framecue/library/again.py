"""Making a library anew with another model, while it stays searchable with the model that it has.

The new rows grow in a library of their own, in the folder ``again`` of the library. That is a library like any other:
it is written in commits, and a run that was killed goes on from the last one. When it holds all that the library holds,
its rows take the place of the old ones in one commit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import replace

from framecue.encoder import Encoder, Fingerprint
from framecue.errors import LibraryError
from framecue.library.files.interface import Files, PathsLike, as_list
from framecue.library.files.mixed import ALL_FILES
from framecue.library.indexing.keep_asked import TakenOut, keep_asked
from framecue.library.indexing.makers import MakeRunner
from framecue.library.indexing.meaning_run import KeptSentenceEncoder, MeaningOutcome, check_meaning, run_meaning
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.removal import take_out
from framecue.library.indexing.uninterrupted import uninterrupted
from framecue.library.indexing.words_outcome import WordsHooks, WordsOutcome
from framecue.library.indexing.words_run import run_words
from framecue.library.indexing.words_sources import KeptSources
from framecue.library.library import Library
from framecue.library.results import AddReport, Skipped
from framecue.library.store import Store, normal_uri
from framecue.library.store.exchange import drop_library
from framecue.library.store.lock import library_lock
from framecue.library.store.place import again_place
from framecue.library.store.records import Copy, Held
from framecue.library.store.snapshot import Snapshot
from framecue.library.teaching.left import NamesOutcome
from framecue.library.teaching.reteach import teach_again
from framecue.progress import ProgressCallback
from framecue.video import Segmentation
from framecue.video.isolate.spool import kept_spool

__all__ = ["make_again"]

_GONE = "there is no such file any more"


def make_again(
    uri: str,
    model: Encoder,
    *,
    paths: PathsLike = (),
    options: AddOptions | None = None,
    progress: ProgressCallback | None = None,
    on_wait: Callable[[], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    words_progress: ProgressCallback | None = None,
    runner: MakeRunner | None = None,
) -> AddReport:
    """Encode all files of a library with another model, and then put the new vectors in place of the old ones.

    Until that is done the library is searched, and may be written, with the old model. A run that is stopped goes on
    from its last commit when this is called again. Texts beside the videos are read anew; a segment's caption is kept
    if the segment is the same and gets no new one. Words are kept; those of further files, and those that ``options``
    ask for, are looked for at the end.

    Args:
        uri: the library; it has to exist.
        model: makes the new vectors.
        paths: further files and folders to index into it.
        options: how to index. ``prune`` leaves out files that are gone or cannot be read any more; without it they are
            a reason to keep the old vectors. ``segmentation`` may be another than the library's.
        progress: called with (files done, files in all).
        on_wait: called once if another run is writing to the library, before waiting for it.
        on_notice: called with a line that a person should read.
        words_progress: like ``progress``, while words are looked for.
        runner: makes what reads and encodes the videos, elsewhere than in this process; None for this machine.

    Returns:
        What was done; ``added`` counts the files that have new rows by this run, and ``unchanged`` those that an
            earlier, stopped run had encoded.

    Raises:
        LibraryNotFoundError: the library does not exist.
        LibraryError: the library would lose files, or it cannot be read or written. It stays as it was, and what has
            been encoded is kept for the next try.
        NotOfflineError: the model cannot encode a video without a query.
        ModelError: the model cannot encode texts.
    """
    uri, options, notice = normal_uri(uri), options or AddOptions(), on_notice or _ignore
    store = Store.open(uri)
    options = replace(options, segmentation=options.segmentation or store.segmentation)
    again = _Again(uri, model, options, runner)
    again.check_words(store)
    with library_lock(uri, on_wait=on_wait):
        store.refresh()
        again.keep_asked(store)
    if again.is_done(store):
        with library_lock(uri, on_wait=on_wait):
            return again.ended(store, notice, words_progress)
    if again.begin():
        notice(f"what was begun at {again.place} was for another model, or for other segments; it is begun anew")
    before = again.num_files()
    if as_list(paths):
        again.add(paths, exclude=options.exclude, progress=progress, on_wait=on_wait)
    known = store.snapshot().paths
    while True:
        again.add_held(store.snapshot(), progress=progress, on_wait=on_wait)
        with library_lock(uri, on_wait=on_wait):
            # From here on nobody writes to the library; whatever came since it was last looked at is added first.
            store.refresh()
            if again.is_done(store):
                return again.ended(store, notice, words_progress)  # another run was faster
            snapshot = store.snapshot()
            if again.left(snapshot):
                continue
            lost = again.lost(snapshot)
            again.take_out(set(known) - set(snapshot.paths))
            again.exchange(store)
            done = store.snapshot()
            drop_library(again.place)
            words = again.look_for_words(store, done, words_progress)
            meaning = again.look_for_meanings(store)
            names = again.teach_names(store, on_notice)
        return AddReport(
            uri=uri,
            added=len(done.held) - before,
            unchanged=before,
            skipped=list(again.skipped.values()),
            encoded=again.num_encoded,
            num_videos=done.num_videos,
            num_images=done.num_images,
            num_segments=done.num_segments,
            removed=len(lost),
            warnings=words.warnings,
            **words.report(),
            **meaning.report(),
            **names.report(),
        )


class _Again:
    """The making of a library's new rows.

    Args:
        uri: the library.
        model: makes the vectors.
        options: how to index, with the segmentation that the library will have.
        runner: makes what reads and encodes; None for this machine.

    Attributes:
        place: where the new rows grow.
        skipped: files that could not be added, with reasons, by path.
        num_encoded: how many videos went through the model.
    """

    def __init__(
        self,
        uri: str,
        model: Encoder,
        options: AddOptions,
        runner: MakeRunner | None = None,
        *,
        files: Files = ALL_FILES,
    ) -> None:
        self.place = again_place(uri)
        self.skipped: dict[str, Skipped] = {}
        self.num_encoded = 0
        self._uri, self._model, self._options, self._files = uri, model, options, files
        self._runner = runner
        self._segmentation = options.segmentation or Segmentation()
        self._fingerprint = model.fingerprint().with_absolute_places()
        self._library = Library(self.place, model)
        self._sources, self._sentences = KeptSources(), KeptSentenceEncoder()
        self._taken_out = TakenOut()

    def is_done(self, store: Store) -> bool:
        """Whether a store has this model's vectors already, of such segments."""
        same_model = not Fingerprint.from_dict(store.fingerprint).differences(self._fingerprint)
        return same_model and store.segmentation == self._segmentation

    def ended(self, store: Store, notice: Callable[[str], None], words_progress: ProgressCallback | None) -> AddReport:
        """Return the report of a run that has nothing to encode; what a killed run has left behind is deleted.

        Call it with the lock on the library: there may be words to look for.
        """
        drop_library(self.place)
        notice(f"library {self._uri} has this model's vectors already")
        held = store.snapshot()
        counts = held.num_videos, held.num_segments
        words = self.look_for_words(store, held, words_progress).report()
        meaning = self.look_for_meanings(store).report()
        names = self.teach_names(store, notice).report()
        return AddReport(
            self._uri, 0, len(held.paths), [], 0, *counts, num_images=held.num_images, **words, **meaning, **names
        )

    def begin(self) -> bool:
        """Make an empty library for the new rows, if an earlier run has left none for this model.

        Returns:
            Whether there was one for another model, which is deleted.
        """
        is_other = False
        if self._library.exists:
            if self.is_done(Store.open(self.place)):
                return False
            is_other = True
            drop_library(self.place)
        # By way of the library, which refuses a model that cannot be used, before anything is encoded.
        self._library.make(segmentation=self._segmentation)
        return is_other

    def num_files(self) -> int:
        """Return how many files have new rows."""
        return len(self._snapshot().held)

    def add(
        self,
        paths: PathsLike,
        *,
        exclude: Iterable[str] = (),
        progress: ProgressCallback | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> None:
        """Encode what is not encoded yet."""
        # Words go by content, and stay in the library itself.
        no_words = replace(
            self._options,
            speech=None,
            speech_language=None,
            screen_text=None,
            words_from=(),
            no_words_from=(),
            meaning=None,
        )
        options = replace(no_words, exclude=tuple(exclude), prune=False)
        report = self._library.add(paths, options=options, progress=progress, on_wait=on_wait, runner=self._runner)
        self.skipped |= {item.path: item for item in report.skipped}
        self.num_encoded += report.encoded

    def add_held(
        self, snapshot: Snapshot, *, progress: ProgressCallback | None, on_wait: Callable[[], None] | None
    ) -> None:
        """Encode what the library holds or knows and is not encoded yet; files that are gone are noted."""
        paths = [path for path in snapshot.paths if path not in self.skipped]
        gone = {path for path in paths if self._files.is_missing(path)}
        self.skipped |= {path: Skipped(path, _GONE) for path in paths if path in gone}
        there = [path for path in paths if path not in gone]
        if there:
            self.add(there, progress=progress, on_wait=on_wait)

    def left(self, snapshot: Snapshot) -> list[str]:
        """Return the paths of the library that have not been tried yet."""
        known = {*self._snapshot().paths, *self.skipped}
        return [path for path in snapshot.paths if path not in known]

    def lost(self, snapshot: Snapshot) -> list[str]:
        """Return the paths of the library whose content would be lost with the old rows.

        Raises:
            LibraryError: there are some, and they may not be left out.
        """
        new = self._snapshot()
        contents = {item.video_id for item in new.held.values()}
        known: dict[str, Held | Copy] = {**snapshot.copies, **snapshot.held}
        paths = set(new.paths)
        lost = [path for path, item in known.items() if path not in paths and item.video_id not in contents]
        # A string, as a Path would change a URL.
        away = [path for path in lost if self._files.may_be_away(os.path.dirname(path))]  # noqa: PTH120
        if not lost or (self._options.prune and not away and new.held):
            return lost
        shown = (away or lost)[0]
        reason = "its disk may not be mounted" if away else self.skipped[shown].reason
        raise LibraryError(
            f"library {self._uri} keeps its vectors: {len(lost)} of its files cannot be encoded again, such as {shown} "
            f"({reason}); mount their disk, or name the folder to which they were moved, and run this again, which "
            "goes on from here; or leave out with --prune what is gone"
        )

    def take_out(self, paths: set[str]) -> None:
        """Take out files that were removed from the library while the new rows were made."""
        snapshot = self._snapshot()
        leaving = paths & set(snapshot.paths)
        if leaving:
            take_out(Store.open(self.place), snapshot, sorted(leaving), files=self._files)

    def exchange(self, store: Store) -> None:
        """Put the new rows in place of the library's; call it with the lock on the library."""
        with library_lock(self.place):
            new = Store.open(self.place)
            uninterrupted(lambda: store.take_over(new))
        store.ensure_text_index()
        store.optimize_if_due()

    def check_words(self, store: Store) -> None:
        """Refuse words and meanings that are asked for and cannot be found, before anything is encoded.

        Raises:
            InputError: what finds them is not installed, or its model is not there.
            ModelError: a sentence encoder that is asked for cannot be had, or gives no vectors.
        """
        self._sources.check(store.words_notes.asked(), self._options)
        check_meaning(store, self._options.meaning, encoders=self._sentences)

    def keep_asked(self, store: Store) -> None:
        """Keep what is asked for of words and meanings, before the pictures; call it with the lock on the library."""
        self._taken_out = keep_asked(store, self._options, sources=self._sources, sentences=self._sentences)

    def look_for_words(self, store: Store, snapshot: Snapshot, progress: ProgressCallback | None) -> WordsOutcome:
        """Look for words in the files that have none yet; call it with the lock on the library."""
        with kept_spool(self._options.spool_gb):
            return run_words(
                store,
                snapshot,
                snapshot.paths,
                self._options,
                sources=self._sources,
                taken_out=self._taken_out.words,
                hooks=WordsHooks(progress),
                files=self._files,
            )

    def look_for_meanings(self, store: Store) -> MeaningOutcome:
        """Bring the meanings of words up to date; call it with the lock on the library, after the words."""
        outcome = run_meaning(store, self._options.meaning, encoders=self._sentences)
        outcome.is_taken_out |= self._taken_out.meaning
        return outcome

    def teach_names(self, store: Store, on_notice: Callable[[str], None] | None) -> NamesOutcome:
        """Teach the library's names to this model; call it with the lock on the library."""
        return teach_again(store, lambda _: self._model, files=self._files, on_notice=on_notice)

    def _snapshot(self) -> Snapshot:
        return Store.open(self.place).snapshot()


def _ignore(_: str) -> None:
    """Do nothing: the caller did not ask for notices."""
