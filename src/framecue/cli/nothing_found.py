"""Why a search has found nothing: which filter is to blame, and what there would be without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from framecue.counts import counted
from framecue.library import Filters, InOrder

if TYPE_CHECKING:
    from framecue.library import Library, Query, SearchOptions

__all__ = ["blame", "nothing_message", "option_of"]

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
        found = library.search_many(queries, options=replace(every, min_score=options.min_score))
        most = max((hit.confidence or 0.0 for hits in found for hit in hits), default=options.min_confidence)
        if most < options.min_confidence:
            return (
                f"nothing found: the confidence of the best result is {most:.2f}, "
                f"less than {mark}min-confidence {options.min_confidence:g}"
            )
    if options.min_score is not None:
        every = replace(every, hybrid=False)
        found = library.search_many(queries, options=every)
        best = max((hit.score for hits in found for hit in hits), default=options.min_score)
        if best < options.min_score:
            return f"nothing found: the best result scores {best:.3f}, less than {mark}min-score {options.min_score:g}"
    if page > 1:
        return f"there are no results on page {page}"
    if any(isinstance(query, InOrder) for query in queries):
        return "nothing found: no video has one after the other"
    # What is seen always has a nearest moment, so legs that look for words were asked alone.
    return (
        "nothing found: the library knows no such words there; without a prefix such as said: and without "
        f"{mark}only, all that it has is searched"
    )


def _match(number: int) -> str:
    return f"{number} {'passes' if number == 1 else 'pass'}"
