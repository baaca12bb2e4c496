"""What routes are given: the desk, what it has for its videos, and which library a request means.

A route says ``desk: DeskOf`` and ``library: LibraryName``, and asks ``await desk.ask(library, question)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, FastAPI, Query, Request
from starlette.datastructures import State

from framecue.errors import InputError
from framecue.service.batching import Searches
from framecue.service.desk import Desk
from framecue.service.media.media import Media
from framecue.service.teaching import Teachings
from framecue.service.uploads import Uploads

__all__ = [
    "ALL_IN_BODY",
    "DeskOf",
    "LibraryName",
    "MediaOf",
    "SearchesOf",
    "TeachingsOf",
    "UploadsOf",
    "close_media",
    "close_teachings",
]

T = TypeVar("T")

_LONGEST_NAMES = 60


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]
"""The desk of the server."""


def _kept(state: State, name: str, make: Callable[[], T]) -> T:
    """Return what the app keeps under a name; it is made when it is first needed.

    Ask for it on the event loop alone, so that it is made once.
    """
    if getattr(state, name, None) is None:
        setattr(state, name, make())
    kept: T = getattr(state, name)
    return kept


async def _media(request: Request) -> Media:
    return _kept(request.app.state, "media", Media)


MediaOf = Annotated[Media, Depends(_media)]
"""What the server has for its videos."""


def close_media(app: FastAPI) -> None:
    """Give up what is being made of videos, so that nobody waits for it at the end."""
    media = getattr(app.state, "media", None)
    if media is not None:
        media.close()


async def _searches(request: Request) -> Searches:
    state = request.app.state
    return _kept(state, "searches", lambda: Searches(state.desk))


SearchesOf = Annotated[Searches, Depends(_searches)]
"""What answers searches, those that come together together."""


async def _teachings(request: Request) -> Teachings:
    state = request.app.state
    return _kept(state, "teachings", lambda: Teachings(state.desk))


TeachingsOf = Annotated[Teachings, Depends(_teachings)]
"""What teaches the libraries names."""


def close_teachings(app: FastAPI) -> None:
    """End what is being learnt, with nothing written, so that nobody waits for it at the end."""
    teachings = getattr(app.state, "teachings", None)
    if teachings is not None:
        teachings.close()


async def _uploads(request: Request) -> Uploads:
    state = request.app.state
    return _kept(state, "uploads", lambda: Uploads(state.desk))


UploadsOf = Annotated[Uploads, Depends(_uploads)]
"""What encodes pictures and videos that come with a request."""

LibraryName = Annotated[str | None, Query(alias="library", description="Which library; the first if left out.")]
"""Which library a GET means: ``?library=NAME``."""


async def _all_in_body(request: Request) -> None:
    if request.query_params:
        names = ", ".join(sorted(request.query_params))[:_LONGEST_NAMES]
        raise InputError(f"{names}: all that this address takes is in the body; put what stands behind the ? there")


ALL_IN_BODY = [Depends(_all_in_body)]
"""The dependencies of a route whose requests have a body: what their address says besides would change nothing."""
