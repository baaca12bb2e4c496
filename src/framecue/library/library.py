"""The library that people use: adding files, searching by text, and asking what it holds."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from typing_extensions import Unpack

from framecue.checks import check_kind
from framecue.encoder import Encoder, Fingerprint, encodes_frames_alone
from framecue.errors import InputError
from framecue.library.contents import LibraryContents
from framecue.library.description import describe_library
from framecue.library.files.interface import Files, PathsLike
from framecue.library.files.mixed import ALL_FILES
from framecue.library.fingerprint import (
    check_fingerprint,
    check_offline,
    check_texts,
    fingerprint_of,
    load_named_model,
)
from framecue.library.indexing.makers import MakeRunner, MakeWordsRunner
from framecue.library.indexing.meaning_run import KeptSentenceEncoder, MeaningProgress
from framecue.library.indexing.metadata import MetadataLike, read_metadata
from framecue.library.indexing.options import AddKeywords, AddOptions
from framecue.library.indexing.plan import Plan, make_plan
from framecue.library.indexing.removal import find_gone, find_named, take_out
from framecue.library.indexing.words_outcome import WordsHooks
from framecue.library.indexing.words_plan import with_words_for_meaning
from framecue.library.indexing.words_sources import KeptSources
from framecue.library.names import LibraryNames
from framecue.library.results import AddReport, Hit, LibraryInfo, RemoveReport, Skipped, Upkeep
from framecue.library.search.answer import answer
from framecue.library.search.feedback import Mark, as_marks
from framecue.library.search.filters import Filters, condition_for
from framecue.library.search.query import Query, SearchKeywords, SearchOptions, as_query
from framecue.library.search.query_vectors import encode_file
from framecue.library.search.taught import understood_in
from framecue.library.search.then import InOrder
from framecue.library.store import Store, normal_uri
from framecue.library.store.kept import KeptStore
from framecue.library.store.lock import library_lock
from framecue.library.tables import LibraryTables
from framecue.library.teaching.left import NamesOutcome, names_due, names_left
from framecue.library.videos import LibraryVideos
from framecue.library.words import LibraryWords
from framecue.log import log_skipped, printable
from framecue.progress import ProgressCallback, StopCallback
from framecue.video import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Segmentation
from framecue.words.sentences import SentenceFingerprint

if TYPE_CHECKING:
    import numpy as np

    from framecue.library.store.index_builder import IndexBuilder
    from framecue.video import VideoSource

__all__ = ["SUFFIXES", "Library"]

logger = logging.getLogger(__name__)

Options = TypeVar("Options", AddOptions, SearchOptions)

# The files to look for in folders.
SUFFIXES = VIDEO_SUFFIXES | IMAGE_SUFFIXES


class Library(LibraryContents, LibraryNames, LibraryTables, LibraryVideos, LibraryWords):
    """Videos that can be searched by text: a folder, or a place in an object store.

    Nothing is opened until a method needs it. A library that does not exist yet is made by the first ``add``.

    Args:
        uri: where the library is: a local path, which by convention ends in ``.lance``, or an object-store URI
            (``s3://...``).
        model: encodes videos and texts. Without one, an existing library loads the model that its fingerprint names
            when a method needs it.

    A library can be pickled, as for ``multiprocessing``: it is opened anew by its place. A model that it was given goes
    along; one that it has loaded itself is loaded anew.

    Example:
        >>> library = Library("videos.lance", model=framecue.load_model("moji-clip"))  # doctest: +SKIP
        >>> library.add("~/Videos")  # doctest: +SKIP
        >>> library.search("a red square rises", k=3)  # doctest: +SKIP
    """

    def __init__(self, uri: str | os.PathLike[str], model: Encoder | None = None) -> None:
        self.uri = normal_uri(uri)
        self._kept = KeptStore(self.uri)
        self.files: Files = ALL_FILES
        self._model, self._is_model_given = model, model is not None
        self._sources, self._sentences = KeptSources(), KeptSentenceEncoder()

    def __getstate__(self) -> dict[str, Any]:
        # Another process opens the library by its place, and loads by its name a model that was loaded by its name
        # here. Only a model that was given goes along: it may be one that nobody can load.
        return {**self.__dict__, "_model": self._model if self._is_model_given else None}

    @property
    def exists(self) -> bool:
        """Whether the library has been made.

        Raises:
            LibraryError: something else is at this place, or it cannot be read.
        """
        return self._kept.open_if_there() is not None

    @property
    def fingerprint(self) -> Fingerprint:
        """The model that made the library's vectors: backbone, adapter, method, sampling, width.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: something else is at this place, or it cannot be read.
        """
        return fingerprint_of(self._kept.open())

    @property
    def sentence_encoder(self) -> SentenceFingerprint | None:
        """The sentence encoder by which its words are found by their meaning; None if nobody has asked for that.

        Raises:
            LibraryError: something else is at this place, or it cannot be read.
        """
        store = self._kept.open_if_there()
        state = None if store is None else store.passages.state()
        return None if state is None else state.fingerprint

    def plan(
        self,
        paths: PathsLike,
        *,
        exclude: Iterable[str] = (),
        images: bool = False,
        retry: bool = False,
        within: Iterable[str] | None = None,
    ) -> Plan:
        """Return what ``add`` would do, without decoding anything or loading a model.

        Args:
            paths: as for ``add``.
            exclude: as for ``add``.
            images: as for ``add``.
            retry: as for ``add``.
            within: of everything at ``paths``, look only at these absolute paths and below them; it is then no error
                if there is no video.

        Raises:
            InputError: there is no video at any of the paths, or a glob is empty.
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        known = self._kept.snapshot()
        return make_plan(
            paths,
            suffixes=SUFFIXES,
            held=known.held,
            copies=known.copies,
            failures=known.failures,
            exclude=exclude,
            images=images,
            retry=retry,
            within=within,
            files=self.files,
        )

    def missing(self, plan: Plan) -> tuple[list[str], list[Skipped]]:
        """Return the files that ``add`` with ``prune`` would remove: the library holds them, a plan's folders do not.

        Returns:
            (absolute paths that are gone, folders whose missing files are kept, with the reason).

        Raises:
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        return find_gone(self._kept.snapshot().paths, plan, files=self.files)

    def add(
        self,
        paths: PathsLike | Plan,
        *,
        options: AddOptions | None = None,
        metadata: MetadataLike | None = None,
        progress: ProgressCallback | None = None,
        on_wait: Callable[[], None] | None = None,
        on_stop: StopCallback | None = None,
        on_notice: Callable[[str], None] | None = None,
        words_progress: ProgressCallback | None = None,
        on_words_stop: StopCallback | None = None,
        meaning_progress: MeaningProgress | None = None,
        runner: MakeRunner | None = None,
        words_runner: MakeWordsRunner | None = None,
        **named: Unpack[AddKeywords],
    ) -> AddReport:
        """Index video files: new and changed files are encoded, unchanged ones are left alone.

        A file that was renamed or moved, or that is a copy of another, is recognised by its content and not encoded
        again. A file that cannot be read is skipped with a reason; the others are indexed. The texts in files beside a
        video (``clip.srt``, ``clip.en.vtt``, ``clip.txt``) are stored with it; if they change, they are updated without
        encoding the video again. Files that an older framecue indexed are looked at once; those that it read with
        other times or shapes are encoded again. If another run is writing to the library, this one waits for its end
        and then does what is left.

        After the pictures come the words that are asked for (``speech``, ``screen_text``), and those that the library
        has had from earlier runs: files that are held are listened to without encoding a picture, and none is listened
        to twice by the same model.

        Args:
            paths: a file or folder (searched at any depth), or several, or the result of ``plan``, which has already
                applied ``exclude``.
            options: how to index, see :class:`~framecue.library.AddOptions`.
            metadata: values for columns of your own, which filters, hits and tables then have: a mapping from path to
                a mapping from column to value, a function that returns the latter for an absolute path, or a table
                (pyarrow, pandas, rows as mappings) with a column ``path``. Values are of str, int, float, bool or
                datetime, one kind a column; None clears one. They stay with a video that moves or changes, and a copy
                of a video has none of its own. Unchanged files get them too.
            progress: called with (files done, files in all); the present file counts by the part that is read. The
                first, a :class:`~framecue.progress.FilesDone`, is a number that also names this file, as ``path``.
            on_wait: called once if another run is writing to the library, before waiting for it.
            on_stop: called if the run ends early, by Ctrl-C or any other exception, with (files that were kept, files
                in all); every file that was complete is in the library then.
            on_notice: called with a line for a person if unchanged files are encoded again, before that begins.
            words_progress: like ``progress``, while words are looked for.
            on_words_stop: like ``on_stop``, if the run ends early while words are looked for; every picture is in the
                library then, and the words of every file that was complete.
            meaning_progress: called with (files done, files in all) while words get their meanings.
            runner: makes what reads and encodes the videos, elsewhere than in this process; None for this machine.
            words_runner: makes what finds words in files, likewise.
            **named: fields of ``AddOptions`` by name (``prune=True``); each wins over the one in ``options``.

        Raises:
            InputError: an option makes no sense, there is no video at any of the paths, there is no model for a new
                library, the library was made with another segmentation, the model has no captioner, or a value of
                ``metadata`` does not fit its column; nothing is written then. Nor if what finds words that are asked
                for is not installed, or its model is not there.
            NotOfflineError: the model's method looks at the query while it encodes a video, so nothing can be encoded
                in advance; the library stays as it was.
            FingerprintError: another model made the library's vectors.
            ModelError: the library is new, and the model cannot encode texts, as a folder without a tokenizer.
            LibraryError: the library cannot be read or written.
        """
        # What encodes imports ffmpeg, which a search need not wait for.
        from framecue.library.indexing.ledger import Outcome
        from framecue.library.indexing.passages_run import are_passages_due
        from framecue.library.indexing.runner import local_runner
        from framecue.library.indexing.session import Hooks, Session
        from framecue.library.indexing.words_runner import local_words_runner

        wanted = replace(_options(options, AddOptions), **named)
        plan = paths if isinstance(paths, Plan) else self._plan(paths, wanted)
        store = self._kept.open_if_there()
        own = read_metadata(metadata, plan.seen, where="the run has found")
        own.kinds(store.own_kinds() if store else {})
        self._fitting_segmentation(store, wanted.segmentation)
        had = store.words_notes.asked() if store else {}
        is_kept = store is not None and store.passages.state() is not None
        wanted = with_words_for_meaning(wanted, had, is_meaning_kept=is_kept)
        asked = wanted.words_asked()
        self._sources.check(had, wanted)
        is_due = plan.units or plan.subtitles_changed or plan.outdated or wanted.prune
        has_words = bool(asked or wanted.words_dropped()) or wanted.meaning is not None
        if store is not None and had and not (is_due or has_words):
            # Asked for once, they are looked for in every run; one with nothing to find needs no lock and no disk.
            due = self._words_due(plan, wanted)
            has_words = bool(due.numbers or due.left_out or due.is_left_behind) or are_passages_due(store)
        if wanted.meaning:
            self._sentences.named(wanted.meaning, self.sentence_encoder)
        if self._model is not None or plan.units:
            model = self._fitting_model(store)
            check_offline(model)
            if store is None:
                check_texts(model)
        for item in plan.skipped:
            log_skipped(item.path, item.reason)
        outcome = Outcome()
        names: NamesOutcome | None = None
        if is_due or (store and (own.by_path or has_words or names_due(store, self.files))):
            hooks = Hooks(progress, on_stop, on_notice, WordsHooks(words_progress, on_words_stop), meaning_progress)
            with library_lock(self.uri, on_wait=on_wait):
                session = Session(
                    self._kept,
                    self._fitting_model,
                    self._fitting_segmentation,
                    files=self.files,
                    sources=self._sources,
                    sentences=self._sentences,
                    make_runner=runner or local_runner,
                    make_words_runner=words_runner or local_words_runner,
                )
                outcome = session.carry_out(plan, wanted, own, hooks)
                # Last, as their examples may be among what was encoded.
                from framecue.library.teaching.reteach import teach_again  # reads files

                kept = self._kept.open_if_there()
                names = teach_again(kept, self._fitting_model, files=self.files, on_notice=on_notice)
        outcome.skip(own.skipped)
        known = self._kept.snapshot()
        report = AddReport(
            uri=self.uri,
            added=outcome.added,
            changed=outcome.changed,
            moved=outcome.moved,
            unchanged=len(plan.unchanged) - len(outcome.reread) + outcome.touched,
            duplicates=outcome.duplicates,
            skipped=[*plan.skipped, *outcome.skipped],
            still_unreadable=list(plan.still_unreadable),
            passed_over=plan.passed_over.plus(outcome.passed_over),
            encoded=outcome.encoded,
            encoded_seconds=outcome.encoded_seconds,
            removed=outcome.removed,
            removed_paths=outcome.removed_paths,
            subtitles_updated=outcome.subtitles_updated,
            metadata_updated=outcome.metadata_updated,
            reread=outcome.reread,
            warnings=[*outcome.warnings, *outcome.words.warnings],
            gpu_decoded=outcome.gpu_decoded,
            gpu_fallbacks=outcome.gpu_fallbacks,
            computation=outcome.computation,
            **outcome.words.report(),
            **outcome.meaning.report(),
            **(names or NamesOutcome(left=names_left(store, self.files))).report(),
            num_videos=known.num_videos,
            num_images=known.num_images,
            num_segments=known.num_segments,
        )
        logger.info("%s: %d files encoded, %d skipped", printable(self.uri), report.encoded, len(report.skipped))
        return report

    def _plan(self, paths: PathsLike, options: AddOptions) -> Plan:
        return self.plan(paths, exclude=options.exclude, images=options.images, retry=options.retry)

    def make(self, *, segmentation: Segmentation | None = None) -> None:
        """Make an empty library; ``add`` does so by itself when it has something to add.

        Args:
            segmentation: how videos will be cut into segments; None for the usual way.

        Raises:
            InputError: there is no model.
            NotOfflineError: the model cannot encode a video without a query.
            ModelError: the model cannot encode texts.
            LibraryError: something is at this place already, or it cannot be written.
        """
        model = self._fitting_model(None)
        check_offline(model)
        check_texts(model)
        usual = Segmentation(shares_frames=encodes_frames_alone(model))
        with library_lock(self.uri):
            Store.create(self.uri, model.fingerprint().with_absolute_places().to_dict(), segmentation or usual)

    def remove(self, paths: PathsLike, *, on_wait: Callable[[], None] | None = None) -> RemoveReport:
        """Remove files from the library, but not from the disk; needs no model.

        If the library knows a duplicate of a video elsewhere, the video stays, under the duplicate's path.

        Args:
            paths: files, and folders, for everything that the library holds below them; they need not exist any more.
            on_wait: called once if another run is writing to the library, before waiting for it.

        Raises:
            InputError: the library knows none of the paths.
            LibraryNotFoundError: the library does not exist.
            LibraryError: the library cannot be read or written.
        """
        self._kept.open()  # before the lock, which would make a folder where there is none
        with library_lock(self.uri, on_wait=on_wait):
            return self._remove(paths)

    def _remove(self, paths: PathsLike) -> RemoveReport:
        store, snapshot = self._kept.open(), self._kept.snapshot()
        found, skipped = find_named(paths, [*snapshot.paths, *snapshot.failures])
        if not found:
            what = f"{skipped[0].path}: {skipped[0].reason}" if skipped else "no path given"
            raise InputError(f"nothing to remove: {what}; `framecue info {self.uri}` lists what it holds")
        taken = take_out(store, snapshot, found, files=self.files)
        self._kept.wrote(snapshot)
        return RemoveReport(
            self.uri,
            taken.number,
            skipped,
            snapshot.num_videos,
            snapshot.num_segments,
            kept=taken.kept,
            num_images=snapshot.num_images,
        )

    def optimize(self, *, on_wait: Callable[[], None] | None = None, builder: IndexBuilder | None = None) -> Upkeep:
        """Make searches fast: join small files, drop earlier versions, and make or refresh the approximate index.

        ``add`` does what is due by itself; this does all that can be done. It needs no model.

        Args:
            on_wait: called once if another run is writing to the library, before waiting for it.
            builder: joins the files and makes the index elsewhere than in this process, such as on a cluster
                (``framecue.cluster.optimize.RayIndexBuilder``); None for this machine.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: the library cannot be read or written, or what the builder writes cannot be read here.
        """
        self._kept.open()  # before the lock, which would make a folder where there is none
        with library_lock(self.uri, on_wait=on_wait):
            return self._kept.open().optimize(builder)

    def search(
        self,
        query: str | Query | InOrder,
        k: int | None = None,
        *,
        options: SearchOptions | None = None,
        right: Sequence[Mark] = (),
        wrong: Sequence[Mark] = (),
        **named: Unpack[SearchKeywords],
    ) -> list[Hit]:
        """Return the moments of videos that match a query best.

        Args:
            query: a phrase or sentence, a :class:`Query` of several texts, pictures and videos, or an
                :class:`InOrder` of things that happen one after another.
            k: how many results at most; by default ``options.k``, or 10.
            options: which results, see :class:`~framecue.library.SearchOptions`.
            right: results of this very search without marks that are what was meant: their ranks, 1 for the best, or
                hits, or moments of videos by their ids. They are ordered once more by these; nothing is kept.
            wrong: likewise, results that are not; none of them is shown.
            **named: fields of ``SearchOptions`` by name (``hybrid=True``); each, and ``k``, wins over the one in
                ``options``.

        Returns:
            At most ``k`` hits, best first.

        Raises:
            InputError: the query or an option makes no sense, a condition names an unknown column, or there is no such
                result to mark.
            AbsentError: a moment that is marked is not in the library.
            VideoError: a file to search with cannot be read.
            LibraryNotFoundError: the library does not exist.
            LibraryError: the library cannot be read, or it has no text index yet and cannot be written.
            FingerprintError: another model made the library's vectors.
        """
        return self.search_many([query], k, options=options, right=right, wrong=wrong, **named)[0]

    def search_many(
        self,
        queries: Iterable[str | Query | InOrder],
        k: int | None = None,
        *,
        options: SearchOptions | None = None,
        right: Sequence[Mark] = (),
        wrong: Sequence[Mark] = (),
        **named: Unpack[SearchKeywords],
    ) -> list[list[Hit]]:
        """Search with several queries; their texts are encoded in batches.

        Args:
            queries: each as for ``search``.
            k: how many results of each query at most, as for ``search``.
            options: which results of each query, as for ``search``.
            right: as for ``search``, of one query alone.
            wrong: likewise.
            **named: as for ``search``.

        Returns:
            The hits of each query.

        Raises:
            The same as ``search``.
        """
        wanted = replace(_options(options, SearchOptions), **named)
        if k is not None:
            wanted = replace(wanted, k=k)
        every = [queries] if isinstance(queries, (str, Query, InOrder)) else queries
        asked = [query if isinstance(query, InOrder) else as_query(query) for query in every]
        marks = as_marks(right, wrong)
        store = self._kept.open()
        return answer(store, lambda: self._fitting_model(store), asked, wanted, files=self.files, marks=marks)

    def names_in(self, query: str | Query | InOrder) -> tuple[str, ...]:
        """Return the taught names that a search understands in a query, as they were taught; needs no model.

        Args:
            query: as for ``search``.

        Raises:
            InputError: the query is empty.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        queries = query.queries if isinstance(query, InOrder) else (as_query(query),)
        return understood_in(self._kept.open(), queries)

    def encode_file(self, path: str, *, at_seconds: float | None = None, source: VideoSource) -> np.ndarray:
        """Return the vector of a picture or a video that need not be in the library, as a query takes it.

        Args:
            path: the file.
            at_seconds: the moment of it; None for all of it.
            source: reads the file.

        Returns:
            float32 (E,), of unit length.

        Raises:
            VideoError: the file cannot be read.
            InputError: it has no such moment, or the model gives no finite vector.
            LibraryNotFoundError: the library does not exist.
            LibraryError: the library cannot be read.
            FingerprintError: another model made the library's vectors.
        """
        store = self._kept.open()
        return encode_file(self._fitting_model(store), store, source, path, at_seconds)

    def count_videos(self, filters: Filters | None = None) -> int:
        """Return how many videos pass filters; None for all videos. Needs no model.

        Raises:
            InputError: a condition names an unknown column.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        store = self._kept.open()
        if filters and filters.where is not None:
            store.check_condition(filters.where)
        with store.condition_at_work(filters.where if filters else None):
            return store.num_files(condition_for(store, filters))

    def thumbnails(self, hits: Sequence[Hit]) -> list[bytes | None]:
        """Return the thumbnails of hits, small WebP pictures that the library keeps; None for a hit that has none.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        # A picture belongs to a segment, also where the hit is a phrase in it.
        starts = [hit.start_seconds if hit.segment_seconds is None else hit.segment_seconds[0] for hit in hits]
        return self._kept.open().thumbnails([(hit.path, start) for hit, start in zip(hits, starts, strict=True)])

    def info(self) -> LibraryInfo:
        """Return what the library holds; needs no model.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: something else is at this place, or it cannot be read.
        """
        return describe_library(self.uri, self._kept.open(), self._kept.snapshot())

    def _fitting_model(self, store: Store | None) -> Encoder:
        """Return the model, checked against the library; if there is none, load the one that the library names."""
        if self._model is None:
            if store is None:
                raise InputError(
                    f"library {self.uri} does not exist yet, and a new one needs a model: "
                    "Library(uri, model=framecue.load_model(name))"
                )
            self._model = load_named_model(fingerprint_of(store), near=self.uri)
        if store is not None:
            check_fingerprint(self.uri, fingerprint_of(store), self._model.fingerprint())
        return self._model

    def _fitting_segmentation(self, store: Store | None, wanted: Segmentation | None) -> Segmentation:
        """Return the segmentation of a run: the library's own if it exists, else the wanted one.

        Raises:
            InputError: the library has another segmentation than the wanted one.
        """
        if store is None:
            return wanted or Segmentation()
        if wanted not in (None, store.segmentation):
            raise InputError(
                f"library {self.uri} cuts videos into {_words(store.segmentation)}, not {_words(wanted)}; "
                "leave the options for segments out, or index into a new library"
            )
        return store.segmentation


def _words(segmentation: Segmentation) -> str:
    chosen = {each.name: getattr(segmentation, each.name) for each in fields(segmentation) if each.compare}
    return ", ".join(f"{name.removesuffix('_seconds')} {value}" for name, value in chosen.items())


def _options(given: Options | None, kind: type[Options]) -> Options:
    """Return the options that were given whole, or else the usual ones.

    Raises:
        InputError: they are of another kind.
    """
    check_kind("options", given, kind)
    return kind() if given is None else given
