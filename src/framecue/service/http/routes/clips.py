"""``GET /clips/{id}?start=&end=``: a moment of a video as a file to save."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from framecue.errors import FramecueError
from framecue.service.http.dependencies import DeskOf, LibraryName, MediaOf
from framecue.service.http.file_response import OpenFileResponse, content_disposition
from framecue.service.media.cache import cache_key
from framecue.service.media.clips import check_clip, clip_name
from framecue.service.media.library_files import file_of
from framecue.video.isolate.isolated import IsolatedReader

__all__ = ["router"]

router = APIRouter(tags=["media"])

_LOOK_SECONDS = 1.0
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_DONE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": {}}, "description": "The clip."},
    410: {"description": "The file is gone, or has changed since it was indexed."},
    429: {"description": "Other clips are being cut; ask again."},
}

Seconds = Annotated[float, Query(ge=0, allow_inf_nan=False)]


@router.get("/clips/{video_id}", response_class=Response, responses=_DONE)
async def clip(
    request: Request,
    desk: DeskOf,
    media: MediaOf,
    video_id: str,
    start: Seconds,
    end: Seconds,
    library: LibraryName = None,
) -> Response:
    """Cut a moment out of a video, without encoding it anew where that can be."""
    file = await desk.ask(library, lambda asked: file_of(asked, video_id))
    check_clip(file, start, end)
    reader = IsolatedReader()
    try:
        cutting = asyncio.ensure_future(asyncio.to_thread(media.clips.cut, file, start, end, reader=reader))
        made = await _unless_gone(request, cutting, reader)
    finally:
        await asyncio.to_thread(reader.close)
    name = clip_name(file, start, end)
    headers = {**_HEADERS, "content-disposition": content_disposition("attachment", name)}
    return OpenFileResponse(made, "video/mp4", etag=cache_key(video_id, start, end), headers=headers)


async def _unless_gone(request: Request, cutting: asyncio.Future[BinaryIO], reader: IsolatedReader) -> BinaryIO:
    """Return the clip; where the client has gone before it is there, nobody goes on cutting."""
    while not cutting.done():
        await asyncio.wait({cutting}, timeout=_LOOK_SECONDS)
        if not cutting.done() and await request.is_disconnected():
            await asyncio.to_thread(reader.close)
            with suppress(RuntimeError, FramecueError):  # it was closed, or was closed while it read
                return await cutting
            raise ClientDisconnect
    return await cutting
