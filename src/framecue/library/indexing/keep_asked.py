"""Keeping what a run is asked for, before its first picture.

Pictures may take days. Whatever ends a run in them, the next one goes on with all that was asked: the words and the
meanings that the library is to have, and those that it is to have no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from framecue.library.indexing.meaning_run import KeptSentenceEncoder, check_meaning, keep_meaning_asked
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.words_plan import wanted_words
from framecue.library.indexing.words_sources import KeptSources, ReadySources
from framecue.library.store import Store
from framecue.library.store.words_notes import AskedWords
from framecue.words.request import SUBTITLES, WordsRequest

__all__ = ["TakenOut", "asks_for_more", "keep_asked"]


@dataclass(frozen=True)
class TakenOut:
    """What a run takes out of a library that had it.

    Attributes:
        words: the sources whose words go.
        meaning: whether the meanings go.
    """

    words: tuple[str, ...] = ()
    meaning: bool = False


def asks_for_more(options: AddOptions) -> bool:
    """Whether options ask for more than pictures, which a library keeps for its next runs."""
    return bool(options.words_asked() or options.meaning)


def keep_asked(store: Store, options: AddOptions, *, sources: KeptSources, sentences: KeptSentenceEncoder) -> TakenOut:
    """Keep what options ask for of words and meanings; call it with the lock, before anything else is written.

    Words that are not wanted any more are taken out when the run comes to words, or by the next run.

    Args:
        store: the library.
        options: of the run.
        sources: makes the sources of words.
        sentences: makes the sentence encoder.

    Raises:
        InputError: a source of words that is asked for cannot work.
        ModelError: a sentence encoder that is asked for cannot be had, or gives no vectors.
        LibraryError: the library cannot be read or written.
    """
    # What may fail, or takes time, comes first: then nothing is kept.
    had = store.words_notes.asked()
    asked = _asked(had, options, sources)
    check_meaning(store, options.meaning, encoders=sentences)
    dropped = options.words_dropped()
    unwanted = [replace(had[name], is_wanted=False) for name in sorted(dropped & had.keys()) if had[name].is_wanted]
    notes = [*asked, *unwanted]
    if SUBTITLES in dropped - had.keys():
        # They come with other words, so that they are not wanted has to be noted.
        notes.append(AskedWords(request=WordsRequest(source=SUBTITLES), is_wanted=False))
    store.words_notes.note_asked(notes)
    is_meaning_out = keep_meaning_asked(store, options.meaning, encoders=sentences)
    return TakenOut(tuple(each.request.source for each in unwanted), is_meaning_out)


def _asked(had: Mapping[str, AskedWords], options: AddOptions, sources: KeptSources) -> list[AskedWords]:
    """Return the notes of what is asked for now, and of the subtitles that come with it, as far as they are new."""
    asked_now, wanted = options.words_asked(), wanted_words(had, options)
    # Why subtitles cannot be read is told when the run comes to them.
    ready = ReadySources(sources, had, wanted, options, {})
    for name in wanted:
        if name in asked_now or name not in had:
            ready.get(name)
    return ready.asked()
