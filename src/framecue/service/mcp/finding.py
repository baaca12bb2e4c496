"""What finds moments: `search` in a whole library, `moments_of` in one video."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from framecue.dates import iso_time
from framecue.library.library import Library
from framecue.library.results import Hit, LegHit, PartHit, SearchResult
from framecue.library.search.query import Query
from framecue.library.search.then import InOrder
from framecue.service.mcp.answer import Answer, Service
from framecue.service.mcp.arguments import MomentsArguments, SearchArguments
from framecue.service.mcp.results import FoundMoment, Moment, MomentsAnswer, SearchAnswer, Why
from framecue.service.mcp.untrusted import marked
from framecue.service.requests import SearchRequest

__all__ = ["find_moments", "search"]

# A line of what is said, and no more: the assistant can ask for what stands about it.
_LONGEST_WHY = 240


async def search(service: Service, asked: SearchArguments) -> Answer:
    """Answer `search`.

    Raises:
        AbsentError: there is no such library, or no such video to search with.
        InputError: the search makes no sense.
        FramecueError: the library or its model cannot be used.
    """

    def answer(library: Library) -> SearchAnswer:
        found, query = _found(library, _request(asked), asked.k, asked.offset)
        hits, next_offset = _page(found.hits, asked.k, asked.offset)
        names = found.names or library.names_in(query)
        return SearchAnswer(
            query=found.query,
            names=tuple(marked(name) for name in names) or None,
            fits=SearchResult(found.query, hits).fits,
            hits=tuple(_found_moment(hit) for hit in hits),
            next_offset=next_offset,
        )

    return Answer(await service.desk.ask(asked.library, answer))


async def find_moments(service: Service, asked: MomentsArguments) -> Answer:
    """Answer `moments_of`: in the order of time, or ranked by how well they match a text.

    Raises:
        AbsentError: there is no such library, or no such video.
        FramecueError: the library or its model cannot be used.
    """

    def answer(library: Library) -> MomentsAnswer:
        video = library.video(asked.video)
        if asked.text is None:
            held = library.moments_of(asked.video)
            page, next_offset = _page(held[asked.offset :], asked.limit, asked.offset)
            moments = [
                Moment(
                    start_seconds=each.start_seconds,
                    end_seconds=each.end_seconds,
                    caption=None if each.caption is None else marked(each.caption),
                )
                for each in page
            ]
        else:
            request = {"text": asked.text, "in_video": asked.video, "all_moments": True}
            found, _ = _found(library, request, asked.limit, asked.offset)
            hits, next_offset = _page(found.hits, asked.limit, asked.offset)
            moments = [_moment(hit) for hit in hits]
        return MomentsAnswer(
            video=video.video_id,
            name=marked(PurePath(video.path).name),
            kind=video.kind,
            duration_seconds=video.duration_seconds,
            moments=tuple(moments),
            next_offset=next_offset,
        )

    return Answer(await service.desk.ask(asked.library, answer))


def _request(asked: SearchArguments) -> dict[str, Any]:
    """Return what was asked for as a request of the service says it."""
    given = asked.model_dump(
        exclude_unset=True, mode="json", exclude={"library", "like", "k", "offset", "right", "wrong"}
    )
    if asked.like:
        given["videos"] = [each.model_dump(exclude_none=True) for each in asked.like]
    for name, marks in (("right", asked.right), ("wrong", asked.wrong)):
        given[name] = [{"id": each.id, "start_seconds": each.at} for each in marks]
    return given


def _found(library: Library, given: dict[str, Any], number: int, offset: int) -> tuple[SearchResult, Query | InOrder]:
    """Return one hit more than are asked for, which tells whether there is another page, and what was asked."""
    request = SearchRequest.parse({**given, "k": number + 1, "offset": offset})
    asked = request.query()
    hits = library.search(asked.query, options=request.options(), right=request.right, wrong=request.wrong)
    return SearchResult(asked.label, hits), asked.query


def _page(found: Sequence[Any], number: int, offset: int) -> tuple[Sequence[Any], int | None]:
    """Return so many of what was found, and the offset of the next page; None if this is the last."""
    return found[:number], offset + number if len(found) > number else None


def _found_moment(hit: Hit) -> FoundMoment:
    return FoundMoment(
        **dict(_moment(hit)),
        rank=hit.rank,
        video=hit.video_id,
        name=marked(PurePath(hit.path).name),
        kind=hit.kind,
        recorded=None if hit.recorded_seconds is None else iso_time(hit.recorded_seconds),
        parts=tuple(_part(part) for part in hit.parts) or None,
    )


def _part(part: PartHit) -> Moment:
    return Moment(
        start_seconds=part.start_seconds,
        end_seconds=part.end_seconds,
        score=part.score,
        confidence=part.confidence,
        why=_why(part.legs),
    )


def _moment(hit: Hit) -> Moment:
    return Moment(
        start_seconds=hit.start_seconds,
        end_seconds=hit.end_seconds,
        score=hit.score,
        confidence=hit.confidence,
        fits=hit.fits,
        why=_why(hit.legs),
    )


def _why(legs: Sequence[LegHit]) -> tuple[Why, ...] | None:
    found = (
        Why(
            leg=leg.leg,
            text=None if leg.text is None else marked(leg.text, longest=_LONGEST_WHY),
            confidence=leg.confidence,
        )
        for leg in legs
    )
    return tuple(found) or None
