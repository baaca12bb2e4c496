"""From queries to hits: what is checked first, what is encoded, what is found, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, cast

from framecue.encoder import Encoder
from framecue.errors import InputError, LibraryError
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.results import Hit
from framecue.library.search.explain import explain_found
from framecue.library.search.feedback import Marks, Scales, check_apart, find_marked, is_among, move_all
from framecue.library.search.filters import condition_for
from framecue.library.search.found import Found
from framecue.library.search.hits import make_hit
from framecue.library.search.in_order_page import (
    Judged,
    JudgedWhole,
    find_either_way,
    find_parts_in_order,
    judged_whole,
)
from framecue.library.search.judge import judges_of
from framecue.library.search.legs.registry import LEGS
from framecue.library.search.one_box import asked_alone
from framecue.library.search.query import Query, SearchOptions
from framecue.library.search.query_vectors import encode_queries
from framecue.library.search.ranking import IsOut, find, nothing_is_out
from framecue.library.search.refine import refined
from framecue.library.search.seen_text import seen_text
from framecue.library.search.then import InOrder
from framecue.library.search.usual import Usual
from framecue.library.search.weights import WEIGHTS
from framecue.library.store import Store
from framecue.log import printable

if TYPE_CHECKING:
    from framecue.video import FrameSource, VideoSource

__all__ = ["answer"]

NO_MARKS = Marks()


def answer(
    store: Store,
    get_model: Callable[[], Encoder],
    queries: Sequence[Query | InOrder],
    options: SearchOptions,
    *,
    files: Files = ALL_FILES,
    marks: Marks = NO_MARKS,
) -> list[list[Hit]]:
    """Search a library.

    Args:
        store: the library.
        get_model: gives a model that fits it; called once all that can be checked without one is.
        queries: what to search for.
        options: which results.
        files: where the library's files lie.
        marks: results of the only query that are right or wrong.

    Returns:
        For each query its hits, best first.

    Raises:
        InputError: a query has no text for hybrid search or asks it for an order, a condition cannot be used, or marks
            make no sense: of several queries, of one that asks words alone, or of a result that there is not.
        VideoError: a file to search with cannot be read.
        LibraryError: the library cannot be read, or has no text index yet and cannot be written.
    """
    where = condition_for(store, options.filters)
    if options.filters and options.filters.where is not None:
        store.check_condition(options.filters.where)
    asked = [part for query in queries for part in _readings(query, options)]
    if options.hybrid:
        _check_no_order(queries)
        _make_ready_for_words(store, asked)
    else:
        _check_legs(store, asked, options)
    if marks:
        _check_marks(queries, asked, options)
    if not queries:
        return []
    model = get_model()
    with (
        _source(asked, options) as source,
        store.condition_at_work(options.filters.where if options.filters else None),
    ):
        weights = options.weights or WEIGHTS
        # Who chooses legs wants each to look for all of the text.
        read_as = str if options.only or options.hybrid else partial(seen_text, model)
        encoded = encode_queries(
            model, store, asked, source, files=files, names=options.asks_seen, weights=weights, read_as=read_as
        )
        judged = map(Judged, encoded, judges_of(store, model, encoded, options))
        if marks:
            (query,) = queries
            readings = _with_whole(store, query, list(judged), options, where)
            found = _found_to_mark(store, query, readings, options, where, marks)
            right, wrong = (find_marked(store, some, found) for some in (marks.right, marks.wrong))
            check_apart(right, wrong)
            scales = Scales(Usual.of(store, model), weights)
            encoded = move_all(encoded, right, wrong, scales, is_order=isinstance(query, InOrder))
            judged = map(Judged, encoded, judges_of(store, model, encoded, options))
            readings = _with_whole(store, query, list(judged), options, where)
            return [
                _hits(store, model, query, readings, options, where, source, is_out=partial(is_among, marked=wrong))
            ]
        answers = []
        for query in queries:
            own = list(islice(judged, len(_readings(query, options))))
            readings = _with_whole(store, query, own, options, where)
            answers.append(_hits(store, model, query, readings, options, where, source))
        return answers


def _with_whole(
    store: Store, query: Query | InOrder, readings: Sequence[Judged], options: SearchOptions, where: str | None
) -> Sequence[Judged]:
    """Return the readings of a query; of a sentence with parts, the one as a whole is judged by them."""
    if isinstance(query, InOrder) or len(readings) == 1:
        return readings
    return [judged_whole(store, readings[0], readings[1:], options, where=where), *readings[1:]]


def _readings(query: Query | InOrder, options: SearchOptions) -> Sequence[Query]:
    """Return the queries to be encoded for one: its parts, or itself and the parts it may also be taken for."""
    if isinstance(query, InOrder):
        return query.queries
    # Legs that were chosen and hybrid search take a sentence as it is.
    return (query,) if options.only or options.hybrid else (query, *query.order)


def _check_marks(queries: Sequence[Query | InOrder], asked: Sequence[Query], options: SearchOptions) -> None:
    """Refuse marks where they mean nothing.

    Raises:
        InputError: it is so.
    """
    if len(queries) != 1:
        raise InputError(
            f"results are marked as right or wrong for one query, and {len(queries)} are given; search for one at a "
            "time"
        )
    if not options.asks_seen or not any(query.asks_seen for query in asked):
        raise InputError(
            "marks change what is looked for in what is seen, and the query asks words alone; leave them out"
        )


def _found_to_mark(
    store: Store,
    query: Query | InOrder,
    readings: Sequence[Judged],
    options: SearchOptions,
    where: str | None,
    marks: Marks,
) -> list[Found]:
    """Return what a search has found without marks, down to the last rank that is marked."""
    if not marks.last_rank:
        return []
    return _found(store, query, readings, replace(options, offset=0, k=marks.last_rank), where)


def _check_no_order(queries: Sequence[Query | InOrder]) -> None:
    if order := next((query for query in queries if isinstance(query, InOrder)), None):
        raise InputError(f"hybrid search knows no order of parts; leave out hybrid for: {order}")


def _source(queries: Sequence[Query], options: SearchOptions) -> AbstractContextManager[VideoSource]:
    """Return what reads files, which may be anybody's; nothing where there is none to read, as it imports ffmpeg."""
    if options.explain or options.refine or any(part.kind != "text" for query in queries for part in query.parts):
        from framecue.video import IsolatedFrameSource

        return IsolatedFrameSource()
    return nullcontext(cast("VideoSource", None))


def _hits(
    store: Store,
    model: Encoder,
    query: Query | InOrder,
    judged: Sequence[Judged],
    options: SearchOptions,
    where: str | None,
    source: FrameSource,
    *,
    is_out: IsOut = nothing_is_out,
) -> list[Hit]:
    whole, parts = _whole_and_parts(query, judged)
    found = _found(store, query, judged, options, where, is_out=is_out)
    if options.refine:
        vectors = [part.encoded.vector for part in parts]
        # What nothing of the query is to be seen in has its times from words.
        found = [
            refined(model, whole.encoded.vector, vectors, moment, source) if whole.encoded.query.asks_seen else moment
            for moment in found
        ]
    details = store.details([moment.match for moment in found])
    named = [(str(part.encoded.query), part.judge) for part in parts]
    taught = tuple(dict.fromkeys(one.name for each in judged for one in each.encoded.names))
    hits = []
    for rank, (moment, own) in enumerate(zip(found, details, strict=True), start=options.offset + 1):
        of_parts = named if moment.parts else ()
        hit = make_hit(rank, moment, own, judge=whole.judge, hybrid=options.hybrid, parts=of_parts, names=taught)
        if options.explain:
            every = [part.encoded for part in parts]
            hit = replace(hit, explanation=explain_found(model, whole.encoded, every, moment, source))
        hits.append(hit)
    return hits


def _found(
    store: Store,
    query: Query | InOrder,
    judged: Sequence[Judged],
    options: SearchOptions,
    where: str | None,
    *,
    is_out: IsOut = nothing_is_out,
) -> list[Found]:
    """Return one page of moments."""
    whole, parts = _whole_and_parts(query, judged)
    if isinstance(query, InOrder):
        within_seconds = query.within_seconds
        return find_parts_in_order(store, parts, options, within_seconds=within_seconds, where=where, is_out=is_out)
    if isinstance(whole, JudgedWhole):
        return find_either_way(store, whole, parts, options, where=where, is_out=is_out)
    asked = whole.encoded.query
    return find(
        store,
        whole.encoded.vector,
        options,
        terms=asked.wanted_terms,
        asks_seen=asked.asks_seen,
        heaviest=asked.heaviest,
        read=whole.encoded.read,
        where=where,
        judge=whole.judge,
        is_out=is_out,
    )


def _whole_and_parts(query: Query | InOrder, judged: Sequence[Judged]) -> tuple[Judged, Sequence[Judged]]:
    """Return a query as a whole, or the first of its parts, and its parts."""
    return judged[0], judged if isinstance(query, InOrder) else judged[1:]


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
