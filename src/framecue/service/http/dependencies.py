"""What routes are given: the desk, what it has for its videos, and which library a request means.

A route says ``desk: DeskOf`` and ``library: LibraryName``, and asks ``await desk.ask(library, question)``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request

from framecue.service.batching import Searches
from framecue.service.desk import Desk
from framecue.service.media.media import Media
from framecue.service.uploads import Uploads

__all__ = ["DeskOf", "LibraryName", "MediaOf", "SearchesOf", "UploadsOf", "close_media"]


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]
"""The desk of the server."""


async def _media(request: Request) -> Media:
    state = request.app.state
    # Made when it is first needed: most requests are not about files.
    if getattr(state, "media", None) is None:
        state.media = Media()
    media = state.media
    assert isinstance(media, Media)
    return media


MediaOf = Annotated[Media, Depends(_media)]
"""What the server has for its videos."""


def close_media(app: FastAPI) -> None:
    """Give up what is being made of videos, so that nobody waits for it at the end."""
    media = getattr(app.state, "media", None)
    if media is not None:
        media.close()


async def _searches(request: Request) -> Searches:
    state = request.app.state
    if getattr(state, "searches", None) is None:
        state.searches = Searches(state.desk)
    searches = state.searches
    assert isinstance(searches, Searches)
    return searches


SearchesOf = Annotated[Searches, Depends(_searches)]
"""What answers searches, those that come together together."""


async def _uploads(request: Request) -> Uploads:
    state = request.app.state
    if getattr(state, "uploads", None) is None:
        state.uploads = Uploads(state.desk)
    uploads = state.uploads
    assert isinstance(uploads, Uploads)
    return uploads


UploadsOf = Annotated[Uploads, Depends(_uploads)]
"""What encodes pictures and videos that come with a request."""

LibraryName = Annotated[str | None, Query(alias="library", description="Which library; the first if left out.")]
"""Which library a GET means: ``?library=NAME``."""
