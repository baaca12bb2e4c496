"""What the prompt of ``framecue search`` searches for, and what its commands make of that; nothing here searches."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from framecue.cli.prompt_commands import FILTERS, Typed
from framecue.cli.query_options import read_filters
from framecue.cli.ranks import read_ranks
from framecue.cli.shares import read_share
from framecue.errors import InputError
from framecue.times import clock, parse_time

if TYPE_CHECKING:
    from framecue.library import Hit, InOrder, Query, SearchOptions

__all__ = ["PromptSearch", "changed", "filters_of", "hits_named", "number_of"]

_NO_FILTERS: dict[str, Any] = {name.replace("-", "_"): None for name in FILTERS}
_UNLIKE_WEIGHT = 0.5
_MARKS = ("right", "wrong")
_SWITCHES = ("hybrid", "all-moments", "refine", "explain")


@dataclass(frozen=True)
class PromptSearch:
    """A search as it stands: what was typed until now.

    Attributes:
        query: what to search for, or what one after another; None before the first text.
        filters: the values of the options of ``filter_options`` by name, None for those that are not set.
        settings: how many results, and which; its ``offset`` and ``filters`` do not count.
        page: which page, 1 for the first.
        right: results that show what is meant; a new text begins without marks.
        wrong: results that do not.
    """

    query: Query | InOrder | None
    settings: SearchOptions
    filters: Mapping[str, Any] = field(default_factory=lambda: dict(_NO_FILTERS))
    page: int = 1
    right: tuple[Hit, ...] = ()
    wrong: tuple[Hit, ...] = ()

    def options(self) -> SearchOptions:
        """Return the options of the search at hand.

        Raises:
            InputError: a filter makes no sense.
        """
        offset = (self.page - 1) * self.settings.k
        return replace(self.settings, offset=offset, filters=read_filters(self.filters))

    def __str__(self) -> str:
        parts = ["nothing yet" if self.query is None else str(self.query)]
        parts += [f"{name.replace('_', '-')} {_shown(name, value)}" for name, value in self.filters.items() if value]
        parts += [name for name in _SWITCHES if getattr(self.settings, name.replace("-", "_"))]
        if self.settings.only:
            parts.append(f"only {', '.join(self.settings.only)}")
        if self.settings.min_score is not None:
            parts.append(f"min-score {self.settings.min_score:g}")
        if self.settings.min_confidence is not None:
            parts.append(f"min-confidence {self.settings.min_confidence:g}")
        parts += [f"{len(marked)} {name}" for name in _MARKS if (marked := getattr(self, name))]
        return "; ".join([*parts, *([f"page {self.page}"] if self.page > 1 else [])])


def filters_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the filters among a command's options, by the options' names."""
    return {name: options[name] for name in _NO_FILTERS}


def changed(search: PromptSearch, typed: Typed, shown: Mapping[int, Hit]) -> PromptSearch | None:
    """Return the search that a command asks for; None if the command is about something else.

    Args:
        search: the search before it.
        typed: the command.
        shown: the results that were shown for that search, by rank.

    Raises:
        InputError: what was typed makes no sense.
    """
    command, rest = typed
    if command in FILTERS:
        return replace(search, filters=_with_filter(search.filters, command, rest), page=1)
    if command == "unfiltered":
        return replace(search, filters=dict(_NO_FILTERS), page=1)
    if command in ("next", "previous", "page"):
        return replace(search, page=_page(search, command, rest))
    if command in ("k", "min-score", "min-confidence", "only", *_SWITCHES):
        return replace(search, settings=_with_setting(search.settings, command, rest), page=1)
    if command in _MARKS:
        return _marked(search, command, rest, shown)
    if command == "search":
        search = replace(search, right=(), wrong=())
    if command in ("search", "with", "without", "image", "video", "like", "unlike"):
        return replace(search, query=_refined(search.query, command, rest, shown), page=1)
    if command in ("then", "within"):
        return replace(search, query=_in_order(search.query, command, rest), page=1)
    return None


def hits_named(shown: Mapping[int, Hit], text: str) -> list[Hit]:
    """Return the results that were shown of ranks as they were typed: ``1,4``.

    Raises:
        InputError: they are no ranks, or there is no such result.
    """
    if not shown:
        raise InputError("there are no results yet; type what to search for")
    return [shown[number_of(shown, str(rank))] for rank in read_ranks(text)]


def number_of(shown: Mapping[int, Hit], text: str) -> int:
    """Return the rank of a result that was shown, of its number as it was typed.

    Raises:
        InputError: it is no number, or there is no such result.
    """
    if not shown:
        raise InputError("there are no results yet; type what to search for")
    rank = _whole(text)
    if rank not in shown:
        raise InputError(f"there is no result {rank}; shown: {min(shown)} to {max(shown)}")
    return rank


def _marked(search: PromptSearch, mark: str, rest: str, shown: Mapping[int, Hit]) -> PromptSearch:
    """Return a search with results marked, in place of other marks that they had; without ranks with no such marks."""
    if not rest and not getattr(search, mark):
        raise InputError(f"nothing is marked {mark}; give the numbers of results, as in :{mark} 1,4")
    if search.query is None:
        raise InputError("there is no search to mark results of; type what to search for")
    given = hits_named(shown, rest) if rest else list(getattr(search, mark))
    # What is marked again is marked anew.
    right, wrong = (
        [hit for hit in marked if not any(_is_same(hit, each) for each in given)]
        for marked in (search.right, search.wrong)
    )
    if rest:
        (right if mark == "right" else wrong).extend(given)
    return replace(search, right=tuple(right), wrong=tuple(wrong), page=1)


def _is_same(one: Hit, other: Hit) -> bool:
    """Whether two results are one moment."""
    return (one.video_id, one.start_seconds, one.end_seconds) == (
        other.video_id,
        other.start_seconds,
        other.end_seconds,
    )


def _in_order(query: Query | InOrder | None, command: str, rest: str) -> InOrder:
    """Return a query with what comes after it, or with how soon."""
    from framecue.library import InOrder, Query

    if query is None:
        raise InputError("nothing comes first yet; type what to search for, and then :then TEXT")
    if command == "within":
        if not isinstance(query, InOrder):
            raise InputError(":within is how soon the next thing comes; say with :then TEXT what comes then")
        return replace(query, within_seconds=parse_time(rest) if rest else None)
    before = query if isinstance(query, InOrder) else None
    parts = [*(before.queries if before else [query]), Query.parse(rest)]
    # A part is asked for as it stands: its own words for an order would divide it once more.
    return InOrder([replace(part, order=()) for part in parts], before.within_seconds if before else None)


def _refined(query: Query | InOrder | None, command: str, rest: str, shown: Mapping[int, Hit]) -> Query | InOrder:
    from framecue.library import InOrder, Query

    if command == "search":
        return Query.parse(rest)
    if isinstance(query, InOrder):
        # What was typed last is what somebody refines.
        *before, last = query.queries
        return replace(query, parts=[*before, _with_part(last, command, rest, shown)])
    return _with_part(query, command, rest, shown)


def _with_part(query: Query | None, command: str, rest: str, shown: Mapping[int, Hit]) -> Query:
    """Return a query with one part more."""
    from framecue.library import Query, VideoMoment
    from framecue.library.search.told_query import typed_texts, weighted_text

    texts: list[Any] = [] if query is None else [*query.texts]  # type: ignore[misc]
    images: list[Any] = [] if query is None else [*query.images]  # type: ignore[misc]
    videos: list[Any] = [] if query is None else [*query.videos]  # type: ignore[misc]
    if command in ("with", "without"):
        text, weight = weighted_text(rest, away="--without")
        texts += typed_texts(text, weight if command == "with" else -weight)
    elif command == "image":
        images.append(rest)
    elif command == "video":
        path, at_seconds = _moment(rest)
        videos.append(VideoMoment(path, at_seconds))
    else:
        number, weight = weighted_text(rest, away="--without")
        if command == "unlike":
            weight = -(weight if "^" in rest else _UNLIKE_WEIGHT)
        hit = shown[number_of(shown, number)]
        if hit.kind == "image":
            images.append((hit.path, weight))
        else:
            videos.append((VideoMoment(hit.path, (hit.start_seconds + hit.end_seconds) / 2), weight))
    return Query(texts, images, videos)


def _moment(text: str) -> tuple[str, float | None]:
    """Return the file and the moment of ``FILE @TIME``; a file's name may have the sign in it."""
    match = re.fullmatch(r"(.+?)\s+@\s*([\d:.]+)", text)
    return (match[1], parse_time(match[2])) if match else (text, None)


def _with_filter(filters: Mapping[str, Any], command: str, rest: str) -> dict[str, Any]:
    name = command.replace("-", "_")
    value: Any = rest or None
    if value is not None and command in ("longer-than", "shorter-than"):
        value = parse_time(rest)
    made = {**filters, name: value}
    read_filters(made)
    return made


def _with_setting(settings: SearchOptions, command: str, rest: str) -> SearchOptions:
    name = command.replace("-", "_")
    # By their names, as their types differ.
    values: dict[str, Any] = {item.name: getattr(settings, item.name) for item in fields(settings)}
    if command == "k":
        values[name] = _whole(rest)
    elif command == "min-score":
        values[name] = _number(rest) if rest else None
    elif command == "min-confidence":
        values[name] = read_share(rest) if rest else None
    elif command == "only":
        values[name] = tuple(rest.replace(",", " ").split())
    else:
        values[name] = _switched(rest, values[name])
    return type(settings)(**values)


def _switched(text: str, before: bool) -> bool:
    """Return what a switch is set to; without a word it is turned.

    Raises:
        InputError: it is neither on nor off.
    """
    if text.lower() not in ("", "on", "off"):
        raise InputError(f"{text[:80]!r} is neither on nor off")
    return not before if not text else text.lower() == "on"


def _page(search: PromptSearch, command: str, rest: str) -> int:
    page = search.page + 1 if command == "next" else search.page - 1 if command == "previous" else _whole(rest)
    if page < 1:
        raise InputError("this is the first page" if command == "previous" else "pages count from 1")
    return page


def _whole(text: str) -> int:
    if not re.fullmatch(r"\d{1,9}", text.strip(), flags=re.ASCII):
        raise InputError(f"{text[:80]!r} is no whole number")
    return int(text)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{text[:80]!r} is no number") from None


def _shown(name: str, value: Any) -> str:
    return clock(value) if name in ("longer_than", "shorter_than") else str(value)
