"""``GET /api/videos`` and ``GET /api/videos/{id}``: what a library holds, and all that it has of a video."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from framecue.library.library import Library
from framecue.service.documents import VideoDocument, VideosDocument
from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.dependencies import DeskOf, LibraryName, MediaOf
from framecue.service.media.document import media_document
from framecue.service.videos import list_videos, video_document

__all__ = ["router"]

router = APIRouter(prefix="/api/videos", tags=["videos"])

MOST_VIDEOS, LARGEST_OFFSET = 500, 1_000_000_000

Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET, description="How many to leave out at the beginning.")]
Limit = Annotated[int, Query(ge=1, le=MOST_VIDEOS, description="How many at most.")]


@router.get("", response_model=VideosDocument)
async def videos(desk: DeskOf, library: LibraryName = None, offset: Offset = 0, limit: Limit = 100) -> Response:
    """Return the videos and pictures of a library in the order of their paths, a page at a time.

    A page past the end has no videos, and says how many there are in all. A library that is still to be made of the
    folders that are followed has none.
    """
    is_awaited = desk.shelf(library).following is not None

    def listed(opened: Library) -> Response:
        if is_awaited and not opened.exists:
            return AsciiJSONResponse({"total": 0, "videos": []})
        return AsciiJSONResponse(list_videos(opened, offset=offset, limit=limit))

    return await desk.ask(library, listed)


@router.get("/{video_id}", response_model=VideoDocument)
async def video(desk: DeskOf, media: MediaOf, video_id: str, library: LibraryName = None) -> Response:
    """Return what a library has of a video: its files, its moments, what is said and written in it, how it plays."""

    def described(opened: Library) -> Response:
        document = video_document(opened, video_id)
        document["media"] = media_document(media, opened, video_id, library_name=library)
        return AsciiJSONResponse(document)

    return await desk.ask(library, described)
