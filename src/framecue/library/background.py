"""The background of a library: made when a search first needs it, and brought up to date by the runs that add files."""

from __future__ import annotations

import hashlib
import logging
from functools import cache

import numpy as np

from framecue.assets import ASSETS
from framecue.encoder import Encoder
from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.background import Background

__all__ = ["background_for", "ordinary_queries", "renew_background"]

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
    made_for = _made_for(store)
    kept = store.background(made_for)
    num_segments = store.num_rows()
    if num_segments < LEAST_SEGMENTS:
        return None
    if kept is not None and (kept.is_near(num_segments) or num_segments > MOST_SEGMENTS_IN_A_SEARCH):
        return kept
    return None if num_segments > MOST_SEGMENTS_IN_A_SEARCH else _make(store, model, made_for)


def renew_background(store: Store, model: Encoder) -> None:
    """Bring a background up to date that the library has outgrown, or that is wanted before the first search.

    A small library's is made by its first search, so that indexing encodes no text for it.

    Args:
        store: the library; call it with the lock.
        model: fits it.

    Raises:
        LibraryError: the library cannot be read.
    """
    made_for = _made_for(store)
    num_segments = store.num_rows()
    kept = store.background(made_for)
    is_due = num_segments > MOST_SEGMENTS_IN_A_SEARCH if kept is None else not kept.is_near(num_segments)
    if is_due and num_segments >= LEAST_SEGMENTS:
        _make(store, model, made_for)


def _made_for(store: Store) -> str:
    return Background.made_for_key(dict(store.fingerprint), _bank_hash())


@cache
def _bank_hash() -> str:
    return hashlib.sha256("\n".join(ordinary_queries()).encode()).hexdigest()[:16]


def _make(store: Store, model: Encoder, made_for: str) -> Background | None:
    bank = store.background_bank(made_for)
    if bank is None:
        queries = ordinary_queries()
        starts = range(0, len(queries), _TEXTS_PER_ENCODE)
        try:
            parts = [model.embed_texts(queries[start : start + _TEXTS_PER_ENCODE]) for start in starts]
        except Exception as error:
            # An encoder may be anybody's, and know some texts alone: a search answers without confidences then.
            logger.debug("no background: %s", error)
            return None
        # As they are kept, so that a background is the same whoever makes it.
        bank = np.concatenate(parts).astype(np.float16).astype(np.float32)
    if not np.isfinite(bank).all():
        return None
    background = store.measure_background(bank, made_for)
    try:
        store.keep_background(background, bank)
    except LibraryError as error:
        logger.debug("the background is not kept: %s", error)
    return background
