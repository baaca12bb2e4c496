"""What routes are given: the desk, what it has for its videos, and which library a request means.

A route says ``desk: DeskOf`` and ``library: LibraryName``, and asks ``await desk.ask(library, question)``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request

from framecue.service.desk import Desk
from framecue.service.media.media import Media

__all__ = ["DeskOf", "LibraryName", "MediaOf", "close_media"]


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


LibraryName = Annotated[str | None, Query(alias="library", description="Which library; the first if left out.")]
"""Which library a GET means: ``?library=NAME``."""
