"""The backgrounds of a library, of its segments and of its meanings.

They are made when a search first needs them, and brought up to date by the runs that add files.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Protocol

import numpy as np

from framecue.assets import ASSETS
from framecue.encoder import Encoder
from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.background import Background
from framecue.querybank import querybank_of
from framecue.words.sentences import SentenceEncoder

__all__ = [
    "background_for",
    "meaning_background_for",
    "ordinary_queries",
    "renew_background",
    "renew_meaning_background",
]

logger = logging.getLogger(__name__)

# With fewer, the best of a query says nothing about what is usual.
LEAST_SEGMENTS = 10
# A search compares ordinary queries with no more segments than this, about a second's work; in a larger library the
# next run that adds files does.
MOST_SEGMENTS_IN_A_SEARCH = 200_000
_TEXTS_PER_ENCODE = 256


@cache
def ordinary_queries() -> tuple[str, ...]:
    """Return about 500 different queries as people type them, in English: the bank."""
    files = (ASSETS / name for name in ("queries.txt", "more_queries.txt"))
    return tuple(line for file in files for line in file.read_text(encoding="utf-8").splitlines())


def background_for(store: Store, model: Encoder) -> Background | None:
    """Return the background of a library, for its model; it is made and kept if there is none, or it was outgrown.

    Where the library cannot be written, it is made anew in each process.

    Args:
        store: the library.
        model: fits it.

    Returns:
        None if there is too little to compare with: few segments, or a model that gives no vectors for texts; or too
        much to do in a search.

    Raises:
        LibraryError: the library cannot be read.
    """
    return _for(store, model.embed_texts, _made_for(store), querybank_of(model.fingerprint()))


def meaning_background_for(store: Store, encoder: SentenceEncoder) -> Background | None:
    """Return how near ordinary queries come to what is meant in a library; made and kept as that of its segments is.

    Args:
        store: the library; it has meanings.
        encoder: made them.

    Returns:
        None if there is too little to compare with, or too much to do in a search.

    Raises:
        LibraryError: the library cannot be read.
    """
    return _for(store.passages, encoder.embed_queries, _made_for_meanings(encoder))


def renew_background(store: Store, model: Encoder) -> None:
    """Bring a background up to date that the library has outgrown, or that is wanted before the first search.

    A small library's is made by its first search, so that indexing encodes no text for it.

    Args:
        store: the library; call it with the lock.
        model: fits it.

    Raises:
        LibraryError: the library cannot be read.
    """
    _renew(store, model.embed_texts, _made_for(store), querybank_of(model.fingerprint()))


def renew_meaning_background(store: Store, encoder: SentenceEncoder) -> None:
    """Bring that of the meanings up to date, as :func:`renew_background` does that of the segments.

    Args:
        store: the library; it has meanings. Call it with the lock.
        encoder: made them.

    Raises:
        LibraryError: the library cannot be read.
    """
    _renew(store.passages, encoder.embed_queries, _made_for_meanings(encoder))


_EmbedsTexts = Callable[[Sequence[str]], np.ndarray]


class _Rows(Protocol):
    """Rows with vectors, and what is kept of how near ordinary queries come to them."""

    def num_rows(self) -> int: ...

    def background(self, made_for: str) -> Background | None: ...

    def background_bank(self, made_for: str) -> np.ndarray | None: ...

    def measure_background(self, bank: np.ndarray, made_for: str) -> Background: ...

    def keep_background(self, background: Background, bank: np.ndarray) -> None: ...


def _for(rows: _Rows, embed: _EmbedsTexts, made_for: str, queries: tuple[str, ...] = ()) -> Background | None:
    kept = rows.background(made_for)
    number = rows.num_rows()
    if number < LEAST_SEGMENTS:
        return None
    if kept is not None and (kept.is_near(number) or number > MOST_SEGMENTS_IN_A_SEARCH):
        return _with_querybank(rows, kept, embed, queries)
    return None if number > MOST_SEGMENTS_IN_A_SEARCH else _make(rows, embed, made_for, queries)


def _with_querybank(rows: _Rows, kept: Background, embed: _EmbedsTexts, queries: tuple[str, ...]) -> Background | None:
    """Return a background that is kept with the queries that the adapter brings now.

    Nothing else depends on them, so no segment is read for them, however large the library is.
    """
    key = _querybank_key(queries)
    if kept.querybank_key == key:
        return kept
    if not queries:
        # They stay in the library, for whoever has them: an exported model's adapter may be elsewhere.
        return replace(kept, querybank=None, querybank_key=key)
    bank = rows.background_bank(kept.made_for)
    if bank is None:
        return _make(rows, embed, kept.made_for, queries)
    logger.info("encoding queries like those that the model was trained on, once")
    return _kept(rows, _with_vectors(kept, kept, embed, queries), bank)


def _renew(rows: _Rows, embed: _EmbedsTexts, made_for: str, queries: tuple[str, ...] = ()) -> None:
    number = rows.num_rows()
    kept = rows.background(made_for)
    is_due = number > MOST_SEGMENTS_IN_A_SEARCH if kept is None else not kept.is_near(number)
    if is_due and number >= LEAST_SEGMENTS:
        _make(rows, embed, made_for, queries)


def _made_for(store: Store) -> str:
    return Background.made_for_key(dict(store.fingerprint), _bank_hash())


def _made_for_meanings(encoder: SentenceEncoder) -> str:
    # Its key knows nothing of where the encoder lies.
    return Background.made_for_key(encoder.fingerprint.key, _bank_hash())


@cache
def _bank_hash() -> str:
    return _hash(ordinary_queries())


@lru_cache(maxsize=8)
def _hash(queries: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(queries).encode()).hexdigest()[:16]


def _querybank_key(queries: tuple[str, ...]) -> str:
    return _hash(queries) if queries else ""


def _make(rows: _Rows, embed: _EmbedsTexts, made_for: str, queries: tuple[str, ...]) -> Background | None:
    # A command has it as what it is doing.
    logger.info("comparing ordinary queries with the library, once, by which it is told how likely a result is right")
    bank = rows.background_bank(made_for)
    if bank is None:
        bank = _embedded(embed, ordinary_queries())
    if bank is None:
        return None
    kept = rows.background(made_for)
    return _kept(rows, _with_vectors(rows.measure_background(bank, made_for), kept, embed, queries), bank)


def _with_vectors(
    background: Background, kept: Background | None, embed: _EmbedsTexts, queries: tuple[str, ...]
) -> Background:
    """Return a background with the adapter's queries, which are encoded unless the one before has them."""
    key = _querybank_key(queries)
    if kept is not None and kept.querybank_key == key:
        return replace(background, querybank=kept.querybank, querybank_key=key)
    return replace(background, querybank=_embedded(embed, queries) if queries else None, querybank_key=key)


def _kept(rows: _Rows, background: Background, bank: np.ndarray) -> Background:
    """Return a background, which is kept where the library can be written, and in this process elsewhere."""
    try:
        rows.keep_background(background, bank)
    except LibraryError as error:
        logger.debug("the background is not kept: %s", error)
    return background


def _embedded(embed: _EmbedsTexts, queries: Sequence[str]) -> np.ndarray | None:
    """Return the vectors of queries, float32 (Q, E), as they are kept; None if the encoder cannot make them."""
    starts = range(0, len(queries), _TEXTS_PER_ENCODE)
    try:
        parts = [embed(queries[start : start + _TEXTS_PER_ENCODE]) for start in starts]
    except Exception as error:
        # An encoder may be anybody's, and know some texts alone: a search answers without confidences then.
        logger.debug("no background: %s", error)
        return None
    # So that a background is the same whoever makes it.
    vectors = np.concatenate(parts).astype(np.float16).astype(np.float32)
    return vectors if np.isfinite(vectors).all() else None
