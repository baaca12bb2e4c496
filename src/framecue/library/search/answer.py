"""From queries to hits: what is checked first, what is encoded, what is found, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, cast

from framecue.encoder import Encoder
from framecue.errors import InputError, LibraryError
from framecue.library.files.interface import Files
from framecue.library.files.local import LOCAL_FILES
from framecue.library.results import Hit, LegHit
from framecue.library.search.explain import explain
from framecue.library.search.filters import condition_for
from framecue.library.search.found import Found
from framecue.library.search.legs.leg import LegMatch
from framecue.library.search.legs.registry import LEGS
from framecue.library.search.one_box import asked_alone
from framecue.library.search.query import Query, SearchOptions
from framecue.library.search.query_vectors import EncodedQuery, encode_queries
from framecue.library.search.ranking import find
from framecue.library.store import Store
from framecue.library.store.rows import kind_of
from framecue.library.store.vectors import Details
from framecue.log import printable

if TYPE_CHECKING:
    from framecue.video import FrameSource, VideoSource

__all__ = ["answer"]


def answer(
    store: Store,
    get_model: Callable[[], Encoder],
    queries: Sequence[Query],
    options: SearchOptions,
    *,
    files: Files = LOCAL_FILES,
) -> list[list[Hit]]:
    """Search a library.

    Args:
        store: the library.
        get_model: gives a model that fits it; called once all that can be checked without one is.
        queries: what to search for.
        options: which results.
        files: where the library's files lie.

    Returns:
        For each query its hits, best first.

    Raises:
        InputError: a query has no text for hybrid search, or a condition cannot be used.
        VideoError: a file to search with cannot be read.
        LibraryError: the library cannot be read, or has no text index yet and cannot be written.
    """
    where = condition_for(store, options.filters)
    if options.filters and options.filters.where is not None:
        store.check_condition(options.filters.where)
    if options.hybrid:
        _make_ready_for_words(store, queries)
    else:
        _check_legs(store, queries, options)
    if not queries:
        return []
    model = get_model()
    with (
        _source(queries, options) as source,
        store.condition_at_work(options.filters.where if options.filters else None),
    ):
        return [
            _hits(store, model, encoded, options, where, source)
            for encoded in encode_queries(model, store, queries, source, files=files)
        ]


def _source(queries: Sequence[Query], options: SearchOptions) -> AbstractContextManager[VideoSource]:
    """Return what reads files, which may be anybody's; nothing where there is none to read, as it imports ffmpeg."""
    if options.explain or any(part.kind != "text" for query in queries for part in query.parts):
        from framecue.video import IsolatedFrameSource

        return IsolatedFrameSource()
    return nullcontext(cast("VideoSource", None))


def _hits(
    store: Store, model: Encoder, encoded: EncodedQuery, options: SearchOptions, where: str | None, source: FrameSource
) -> list[Hit]:
    found = find(
        store,
        encoded.vector,
        options,
        terms=encoded.query.wanted_terms,
        asks_seen=encoded.query.asks_seen,
        heaviest=encoded.query.heaviest,
        where=where,
    )
    details = store.details([moment.match for moment in found])
    return [
        _hit(rank, moment, own, options, model, encoded, source)
        for rank, (moment, own) in enumerate(zip(found, details, strict=True), start=options.offset + 1)
    ]


def _check_legs(store: Store, queries: Sequence[Query], options: SearchOptions) -> None:
    """Refuse a search by a leg that the library cannot answer, or by none at all.

    Raises:
        InputError: it is so; the message says how to make the library ready.
        LibraryError: the library cannot be read.
    """
    for name in dict.fromkeys(name for query in queries for name in asked_alone(query.wanted_terms, options.only)):
        if reason := LEGS[name].lacking(store):
            raise InputError(f"{name}: there is nothing to search in library {printable(store.uri)}: {reason}")
    for query in queries:
        asked = {term.leg for term, _ in query.wanted_terms}
        if options.only and not (query.asks_seen and "seen" in options.only) and not asked & {None, *options.only}:
            raise InputError(
                f"the query has nothing for {' or '.join(options.only)}, which alone is asked: {query}; "
                "leave out its prefix, or ask another leg"
            )


def _make_ready_for_words(store: Store, queries: Sequence[Query]) -> None:
    for query in queries:
        if named := next((term for term, _ in query.wanted_terms if term.leg not in (None, "seen")), None):
            raise InputError(f"{named}: a prefix asks one leg of a search, which hybrid search does not; leave out one")
        if not query.wanted_texts:
            raise InputError(f"hybrid search needs a text to look up, and the query has none: {query}")
    if store.has_text_index():
        return
    try:
        store.ensure_text_index()
    except LibraryError as error:
        raise LibraryError(
            f"{error}; hybrid search needs the library's text index, which is not there yet: "
            f"index once where the library can be written, or search without hybrid"
        ) from error


def _hit(
    rank: int,
    found: Found,
    details: Details,
    options: SearchOptions,
    model: Encoder,
    encoded: EncodedQuery,
    source: FrameSource,
) -> Hit:
    match = found.match
    return Hit(
        rank=rank,
        path=match.path,
        start_seconds=found.start_seconds,
        end_seconds=found.end_seconds,
        score=match.score,
        video_id=match.video_id,
        duration_seconds=match.duration_seconds,
        recorded_seconds=match.recorded_seconds,
        kind=kind_of(match.kind, match.path),
        hybrid=options.hybrid,
        words=match.words,
        vector_rank=match.vector_rank,
        text_rank=match.text_rank,
        text_score=match.text_score,
        text=details.text,
        metadata=details.metadata,
        explanation=explain(model, encoded, match, source) if options.explain else None,
        legs=tuple(_leg_hit(leg) for leg in found.legs),
        segment_seconds=None if found.own_seconds is None else (match.start_seconds, match.end_seconds),
    )


def _leg_hit(found: LegMatch) -> LegHit:
    return LegHit(
        leg=found.leg,
        rank=found.rank,
        score=found.score,
        strength=found.strength,
        text=found.text,
        words=found.words,
        spans=found.spans,
        start_seconds=found.start_seconds,
        end_seconds=found.end_seconds,
    )
