"""What a run does about meanings: which sentence encoder is wanted, and the pass over the words with it.

A sentence encoder that somebody asks for has to work, and is loaded before anything is written. That it is wanted, or
that no meanings are, is kept before the first picture, as pictures and words may take days. One that the library has
had may be gone: then words are indexed without it, and the report says so.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypedDict

from framecue.errors import ModelError
from framecue.library.indexing.passages_run import (
    are_passages_due,
    begin_passages,
    contents_due,
    make_passages,
    unrelated,
)
from framecue.library.results import MeaningCount
from framecue.library.store import Store
from framecue.log import printable
from framecue.words.sentences import DEFAULT_SENTENCE_MODEL, SentenceEncoder, SentenceFingerprint

__all__ = [
    "KeptSentenceEncoder",
    "MeaningDue",
    "MeaningOutcome",
    "MeaningProgress",
    "check_meaning",
    "keep_meaning_asked",
    "meaning_due",
    "run_meaning",
]

logger = logging.getLogger(__name__)

MeaningProgress = Callable[[int, int], None]
"""Called with (contents done, contents in all)."""


class _Report(TypedDict):
    """What a report says about meanings."""

    meaning: MeaningCount | None
    meaning_taken_out: bool
    meaning_left_out: str | None


@dataclass
class MeaningOutcome:
    """What a run did about meanings.

    Attributes:
        count: what has been made; None if nothing was due.
        is_taken_out: whether the library had meanings, which were taken out.
        left_out: why words have no new meanings, if the library's sentence encoder does not work here.
    """

    count: MeaningCount | None = None
    is_taken_out: bool = False
    left_out: str | None = None

    def report(self) -> _Report:
        """Return what an ``AddReport`` says of it."""
        return {
            "meaning": self.count,
            "meaning_taken_out": self.is_taken_out,
            "meaning_left_out": self.left_out,
        }


@dataclass(frozen=True)
class MeaningDue:
    """What a run would do about meanings.

    Attributes:
        model: the sentence encoder, as far as its name tells; None if the library is to have no meanings.
        num_files: how many contents have words that have no meaning by this model yet, or have changed since, or in
            which words will be looked for; there may be none in them.
        is_taken_out: whether meanings would be taken out.
    """

    model: str | None = None
    num_files: int = 0
    is_taken_out: bool = False


@dataclass
class KeptSentenceEncoder:
    """Makes sentence encoders, and keeps the last for the next run; it is pickled without it."""

    _made: tuple[str, SentenceEncoder] | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, object]:
        return {"_made": None}

    def named(self, wanted: bool | str | os.PathLike[str], known: SentenceFingerprint | None) -> SentenceEncoder:
        """Return the encoder that somebody asks for.

        Args:
            wanted: its name, or True for the library's own, or else the default.
            known: of the library's encoder; None if it has none.

        Raises:
            ModelError: it cannot be had; the message says what to do.
        """
        usual = known.model if known else DEFAULT_SENTENCE_MODEL
        name = usual if isinstance(wanted, bool) else os.fspath(wanted)
        from framecue.exported.sentences import named_sentence_encoder  # a search need not wait for tokenizers

        if self._made is None or self._made[0] != name:
            self._made = name, named_sentence_encoder(name, known=known)
        return self._made[1]

    def known(self, fingerprint: SentenceFingerprint) -> SentenceEncoder:
        """Return the library's own encoder; nothing is downloaded.

        Raises:
            ModelError: it is no longer there.
        """
        from framecue.exported.sentences import load_sentence_encoder

        if self._made is None or self._made[1].fingerprint != fingerprint:
            self._made = fingerprint.model, load_sentence_encoder(fingerprint, starts_fast=False)
        return self._made[1]


def meaning_due(
    store: Store | None, wanted: bool | str | os.PathLike[str] | None, looked_for: Collection[str] = ()
) -> MeaningDue:
    """Return what a run would do about meanings; no encoder is loaded, so a model is known by its name alone.

    Args:
        store: the library; None if it is yet to be made.
        wanted: as of :func:`run_meaning`.
        looked_for: the contents in which the run looks for words before; a new one may have any key.

    Raises:
        LibraryError: the library cannot be read.
    """
    state = store.passages.state() if store else None
    if not wanted:
        if state is None or wanted is False:
            return MeaningDue(is_taken_out=state is not None)
        model = state.fingerprint.model
    else:
        usual = state.fingerprint.model if state else DEFAULT_SENTENCE_MODEL
        model = usual if isinstance(wanted, bool) else os.fspath(wanted)
    due = set(looked_for)
    if store is not None:
        is_known = state is not None and state.fingerprint.model == model
        if not is_known:
            due |= store.words.video_ids()
        elif are_passages_due(store):
            due |= contents_due(store)
    return MeaningDue(model, len(due))


def check_meaning(
    store: Store | None, wanted: bool | str | os.PathLike[str] | None, *, encoders: KeptSentenceEncoder
) -> None:
    """Do what may fail or take a second before what is asked for of meanings is kept; nothing is written.

    Args:
        store: the library; None if it is yet to be made.
        wanted: as of :func:`run_meaning`.
        encoders: makes the encoder.

    Raises:
        ModelError: a model that is asked for cannot be had, or gives no vectors.
        LibraryError: the library cannot be read.
    """
    if not wanted:
        return
    state = store.passages.state() if store else None
    encoder = encoders.named(wanted, state.fingerprint if state else None)
    if state is None or state.fingerprint != encoder.fingerprint:
        unrelated(encoder)


def keep_meaning_asked(
    store: Store, wanted: bool | str | os.PathLike[str] | None, *, encoders: KeptSentenceEncoder
) -> bool:
    """Keep what is asked for of meanings; call it with the lock, before the pictures.

    Whatever ends the run from here on, the next one makes the meanings; those that are not wanted are gone.

    Args:
        store: the library.
        wanted: as of :func:`run_meaning`.
        encoders: makes the encoder.

    Returns:
        Whether the library had meanings, which were taken out.

    Raises:
        ModelError: a model that is asked for cannot be had, or gives no vectors; nothing is kept of it then.
        LibraryError: the library cannot be read or written.
    """
    if wanted is None:
        return False
    state = store.passages.state()
    if wanted is False:
        store.passages.drop_all()
        return state is not None
    begin_passages(store, encoders.named(wanted, state.fingerprint if state else None))
    return False


def run_meaning(
    store: Store,
    wanted: bool | str | os.PathLike[str] | None,
    *,
    encoders: KeptSentenceEncoder,
    progress: MeaningProgress | None = None,
) -> MeaningOutcome:
    """Bring the meanings of a library up to date with its words; call it with the lock, after the words.

    Args:
        store: the library.
        wanted: a model, True for the library's own or the default, False to take meanings out, None to go on with what
            the library has had.
        encoders: makes the encoder.
        progress: called with (contents done, contents in all).

    Raises:
        ModelError: a model that is asked for cannot be had, or gives no vectors.
        LibraryError: the library cannot be read or written. What was committed before stays.
    """
    state = store.passages.state()
    if wanted is False:
        store.passages.drop_all()
        return MeaningOutcome(is_taken_out=state is not None)
    if wanted is None:
        if state is None or not are_passages_due(store):
            return MeaningOutcome()
        try:
            encoder = encoders.known(state.fingerprint)
        except ModelError as error:
            logger.warning("no meanings of new words: %s", error)
            return MeaningOutcome(left_out=str(error))
    else:
        encoder = encoders.named(wanted, state.fingerprint if state else None)
        is_there = state is not None and state.fingerprint == encoder.fingerprint
        if is_there and not are_passages_due(store, encoder.fingerprint):
            return MeaningOutcome()
    made = make_passages(store, encoder, progress=progress)
    name = encoder.fingerprint.model
    logger.info("%s: %d passages of %d files have meanings", printable(name), made.num_passages, made.num_videos)
    return MeaningOutcome(MeaningCount(name, made.num_videos, made.num_passages))
