"""Why a search has found nothing: which filter, or which part of the query, is to blame, and what there is without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from framecue.cli.shares import share_below
from framecue.cli.within import least_within
from framecue.counts import counted
from framecue.library import Filters, InOrder

if TYPE_CHECKING:
    from framecue.library import Library, Query, SearchOptions
    from framecue.library.search.box import Term

__all__ = ["WHERE_WORDS_ARE_NOT", "blame", "nothing_message", "nowhere", "option_of"]

WHERE_WORDS_ARE_NOT = {
    "said": "nobody says {}",
    "written": "nowhere is {} written",
    "named": "no file or folder has {} in its name",
    "captions": "no caption has {}",
    "meaning": "nothing that is said or written means {}",
}
"""What it says of words that a leg of a search has not found, by the name of the leg."""
# Of a file of queries, so many reasons make a line.
_MOST_REASONS = 3
# Among so many of the nearest the one is looked for that fits best.
_MOST_JUDGED = 100

Count = Callable[[Filters | None], int]


def option_of(field: str, mark: str = "--") -> str:
    """Return the option that sets a field of Filters, or the prompt's command, whose mark is a colon."""
    return mark + field.removesuffix("_seconds").replace("_", "-")


def blame(filters: Filters, count: Count, *, mark: str = "--") -> str | None:
    """Return which of the filters let nothing through, in words; None if together they let something through.

    Args:
        filters: at least one of which is set.
        count: says how many videos pass some filters; None for all videos.
        mark: what stands before the name of an option, or of a command.
    """
    if count(filters):
        return None
    unset = Filters()
    given = [item.name for item in fields(filters) if getattr(filters, item.name) != getattr(unset, item.name)]
    alone = {name: count(Filters(**{name: getattr(filters, name)})) for name in given}
    without = {name: count(replace(filters, **{name: getattr(unset, name)})) for name in given}
    total = count(None)
    empty = [name for name in given if not alone[name]]
    if empty:
        parts = [f"{option_of(name, mark)} leaves 0 of {counted(total, 'video')}" for name in empty]
        if len(given) > 1 and len(empty) == 1:
            parts.append(f"without it {_match(without[empty[0]])}")
        return "; ".join(parts)
    parts = [f"{option_of(name, mark)} leaves {alone[name]}" for name in given]
    every = "both" if len(given) == 2 else "all of them"
    joined = f"{', '.join(parts)} of {counted(total, 'video')}, and no video passes {every}"
    helping = [f"without {option_of(name, mark)} {_match(without[name])}" for name in given if without[name]]
    return "; ".join([joined, *helping])


def nothing_message(
    library: Library, queries: Sequence[Query | InOrder], page: int, options: SearchOptions, *, mark: str = "--"
) -> str:
    """Return why there are no results, with `mark` as above.

    That is an empty library, a filter, --min-score, --min-confidence, a page too far, or words that are nowhere.
    """
    total = library.count_videos()
    if total == 0:
        return f"library {library.uri} is empty; fill it with `framecue index PATH --library {library.uri}`"
    if options.filters is not None and (why := blame(options.filters, library.count_videos, mark=mark)):
        return f"nothing found: {why}"
    every = replace(options, k=1, offset=0, min_score=None, min_confidence=None, explain=False, refine=False)
    if options.min_confidence is not None:
        # The nearest is not always the one that fits best.
        some = replace(every, min_score=options.min_score, k=_MOST_JUDGED)
        found = library.search_many(queries, options=some)
        most = max((hit.confidence or 0.0 for hits in found for hit in hits), default=options.min_confidence)
        if most < options.min_confidence:
            fit, least = share_below(most, options.min_confidence)
            told = f"nothing found: the best result fits {fit}, less than {mark}min-confidence {least}"
            return "; ".join([told, *_later_ones(library, queries, options, mark=mark)])
    if options.min_score is not None:
        every = replace(every, hybrid=False)
        found = library.search_many(queries, options=every)
        best = max((hit.score for hits in found for hit in hits), default=options.min_score)
        if best < options.min_score:
            return f"nothing found: the best result scores {best:.3f}, less than {mark}min-score {options.min_score:g}"
    if page > 1:
        return f"there are no results on page {page}"
    every = replace(every, hybrid=False)
    reasons = dict.fromkeys(reason for query in queries for reason in _reasons(library, query, every, mark=mark))
    shown = "; ".join([*reasons][:_MOST_REASONS])
    return f"nothing found: {shown}" + ("; and so on" if len(reasons) > _MOST_REASONS else "")


def _later_ones(
    library: Library, queries: Sequence[Query | InOrder], options: SearchOptions, *, mark: str
) -> list[str]:
    """Return in a sentence how late something comes that is as sure as was asked for; nothing if nothing does."""
    least = options.min_confidence or 0.0
    sure = replace(options, min_score=None)
    times = [
        seconds
        for query in queries
        if (seconds := least_within(library, query, sure, is_enough=lambda hit: (hit.confidence or 0.0) >= least))
        is not None
    ]
    return [f"with {mark}within {min(times):g} one fits as well"] if times else []


def nowhere(query: Query, only: Sequence[str], *, mark: str = "--") -> str:
    """Return in words which texts of a query which legs have not found, and how to search all that a library has.

    Args:
        query: of which nothing was found. What is seen always has a nearest moment, so legs that look for words were
            asked alone.
        only: the legs that alone were asked; none for all.
        mark: as of :func:`option_of`.
    """
    told: dict[str, None] = {}
    ways: dict[str, None] = {}
    for term, _ in query.wanted_terms:
        for leg in only if term.leg is None else [term.leg]:
            if leg in WHERE_WORDS_ARE_NOT:
                told[WHERE_WORDS_ARE_NOT[leg].format(_wanted(term, leg))] = None
        prefix, _, _ = str(term).partition(":")
        ways[f"{mark}only" if term.leg is None else f"{prefix}:"] = None
    parts = ", and ".join(told) or "the library knows no such words there"
    return f"{parts}; without {' and '.join(ways) or f'{mark}only'} all that the library has is searched"


def _wanted(term: Term, leg: str) -> str:
    """Return what a leg has looked for, as it stands in a sentence that says that it is not there."""
    if term.exact and leg != "meaning":
        # Where there is a phrase in quotes, words beside it are not looked for.
        return " or ".join(f'"{phrase}"' for phrase in term.exact)
    # Of several words one is enough, and a meaning has none.
    return f'any word of "{term.text}"' if len(term.text.split()) > 1 and leg != "meaning" else f'"{term.text}"'


def _reasons(library: Library, query: Query | InOrder, options: SearchOptions, *, mark: str) -> Iterator[str]:
    """Yield why one query has found nothing.

    Args:
        library: that was searched.
        query: of which nothing was found.
        options: of the search, without what leaves weak results out.
        mark: as of :func:`option_of`.
    """
    where = "" if options.filters in (None, Filters()) else "in what passes the filters "
    if not isinstance(query, InOrder):
        yield where + nowhere(query, options.only, mark=mark)
        return
    empty = [part for part in query.queries if not library.search(part, options=options)]
    if empty:
        for part in empty:
            yield where + nowhere(part, options.only, mark=mark)
        return
    seconds = least_within(library, query, options, is_enough=lambda hit: hit.fits is not False)
    if seconds is None:
        seconds = least_within(library, query, options, is_enough=lambda _: True)
    if seconds is not None:
        yield (
            f"{where}no video has one after the other within {query.within_seconds:g} s; "
            f"with {mark}within {seconds:g} one has"
        )
        return
    yield f"{where}each of them is there by itself, but no video has one after the other"


def _match(number: int) -> str:
    return f"{number} {'passes' if number == 1 else 'pass'}"
