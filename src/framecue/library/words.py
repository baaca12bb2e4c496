"""What is said and written in a library's videos, and what there is still to be listened to and read."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

from framecue.checks import check_kind
from framecue.errors import InputError, ModelAbsentError
from framecue.library.files.interface import Files
from framecue.library.indexing.meaning_run import MeaningDue, meaning_due
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.plan import Plan
from framecue.library.indexing.words_plan import (
    content_of,
    planned_contents,
    tasks_of,
    wanted_words,
    with_words_for_meaning,
)
from framecue.library.indexing.words_sources import KeptSources, ReadySources
from framecue.library.store import Store
from framecue.library.store.kept import KeptStore
from framecue.object_store.urls import noted_path
from framecue.words.request import SPEECH
from framecue.words.timed_text import TimedText

__all__ = ["LibraryWords", "words_in"]


@dataclass(frozen=True)
class _WordsDue:
    """What a run would look for.

    Attributes:
        numbers: in how many files, by source.
        contents: in which contents; a new file has its path in place of its hash.
        left_out: why other sources are left out.
        is_left_behind: whether a run that was stopped has left words that were to be taken out.
    """

    numbers: dict[str, int] = field(default_factory=dict)
    contents: frozenset[str] = frozenset()
    left_out: dict[str, str] = field(default_factory=dict)
    is_left_behind: bool = False


class LibraryWords:
    """What a library is to whoever wants its words; :class:`~framecue.library.Library` has all of it.

    Attributes:
        uri: where the library is.
        files: where its files lie.
    """

    uri: str
    files: Files
    _kept: KeptStore
    _sources: KeptSources

    def words_due(self, plan: Plan, *, options: AddOptions | None = None) -> dict[str, int]:
        """Return in how many files ``add`` would look for words, by source; nothing is read, written or downloaded.

        Args:
            plan: the files; new ones count for every source that can find words in them, and those beside which files
                of text have come, gone or changed for "sidecars".
            options: how ``add`` would index.

        Raises:
            InputError: what finds words that are asked for is not installed, or cannot be.
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        check_kind("options", options, AddOptions)
        return self._words_due(plan, options or AddOptions()).numbers

    def words_taken_out(self, *, options: AddOptions | None = None) -> list[str]:
        """Return the sources whose words ``add`` would take out of the library; nothing is written.

        Args:
            options: how ``add`` would index.

        Raises:
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        check_kind("options", options, AddOptions)
        store = self._kept.open_if_there()
        had = store.words_notes.asked() if store else {}
        dropped = (options or AddOptions()).words_dropped()
        return sorted(name for name in dropped if name in had and had[name].is_wanted)

    def meaning_due(self, plan: Plan | None = None, *, options: AddOptions | None = None) -> MeaningDue:
        """Return what ``add`` would do about meanings; nothing is loaded or written.

        Args:
            plan: the files; those in which ``add`` would look for words count as well. None for the words alone that
                the library has.
            options: how ``add`` would index.

        Raises:
            InputError: what finds words that are asked for is not installed, or cannot be.
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        check_kind("options", options, AddOptions)
        wanted = options or AddOptions()
        store = self._kept.open_if_there()
        looked_for = frozenset() if plan is None else self._words_due(plan, wanted).contents
        return meaning_due(store, wanted.meaning, looked_for)

    def _words_due(self, plan: Plan, options: AddOptions) -> _WordsDue:
        """Return in which files words would be looked for."""
        left_out: dict[str, str] = {}
        store, known = self._kept.open_if_there(), self._kept.snapshot()
        had = store.words_notes.asked() if store else {}
        is_kept = store is not None and store.passages.state() is not None
        options = with_words_for_meaning(options, had, is_meaning_kept=is_kept)
        wanted = wanted_words(had, options)
        done = store.words_notes.done() if store and had else {}
        is_left_behind = any(source in had and not had[source].is_wanted for _, source in done)
        if not wanted:
            return _WordsDue(is_left_behind=is_left_behind)
        ready = ReadySources(self._sources, had, wanted, options, left_out, may_fetch=False)
        contents = planned_contents(plan, known, files=self.files)
        # What a model that has yet to be downloaded would find, nobody has found.
        absent = {source for source in options.words_asked() if _is_to_be_fetched(ready, source)}
        known_ones = {source: request for source, request in wanted.items() if source not in absent}
        tasks = tasks_of(contents, done, had, known_ones, ready.get, options)
        numbers = Counter(source for task in tasks for source in task.sources)
        heard = sum(content.kind != "image" for content in contents)
        numbers.update({source: heard if source == SPEECH else len(contents) for source in absent})
        looked_for = {content.video_id for content in ([task.content for task in tasks] if not absent else contents)}
        return _WordsDue(
            {source: number for source, number in sorted(numbers.items()) if number},
            frozenset(looked_for),
            left_out,
            is_left_behind,
        )

    def words_model(self, source: str) -> str | None:
        """Return the model that the library was asked to find a source's words with; None if none was named.

        Raises:
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        store = self._kept.open_if_there()
        asked = store.words_notes.asked().get(source) if store else None
        return None if asked is None else asked.request.model

    def words(self, path: str | os.PathLike[str], *, source: str | None = None) -> list[TimedText]:
        """Return what is said and written in a video of the library, in the order of start and end; needs no model.

        Args:
            path: of a file that the library holds, or of one with the same content.
            source: only what this source found ("speech", "screen", "subtitles", "sidecars"); None for all.

        Raises:
            InputError: the library does not hold the file.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        found = self.words_by_source(path)
        if found is None:
            raise InputError(
                f"library {self.uri} does not hold {noted_path(path)}; `framecue info {self.uri} --files` lists "
                "what it holds"
            )
        texts = [text for name, lines in found.items() if source in (None, name) for text in lines]
        return sorted(texts, key=lambda text: (text.start_seconds, text.end_seconds))

    def words_by_source(self, path: str | os.PathLike[str]) -> dict[str, list[TimedText]] | None:
        """Return what each source found in a video of the library; needs no model.

        Args:
            path: of a file that the library holds, or of one with the same content.

        Returns:
            The lines in the order of start and end, by the name of each source that has looked for them; None if the
            library does not hold the file.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        store = self._kept.open()
        video_id = content_of(noted_path(path), self._kept.snapshot(), files=self.files)
        if video_id is None:
            return None
        return words_in(store, video_id)


def words_in(store: Store, video_id: str) -> dict[str, list[TimedText]]:
    """Return what each source found in a content that a library holds, as :meth:`LibraryWords.words_by_source` does."""
    found: dict[str, list[TimedText]] = {source: [] for _, source in store.words_notes.done([video_id])}
    for item in store.timed_texts(video_id):
        found.setdefault(item.source, []).append(item.text)
    return found


def _is_to_be_fetched(ready: ReadySources, source: str) -> bool:
    """Whether a source wants a model that is not on this machine."""
    try:
        ready.get(source)
    except ModelAbsentError:
        return True
    return False
