"""``POST /api/export`` and ``GET /api/export/formats``: chosen moments as files that other programs open."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from framecue.service.exporting import ExportRequest, export, formats_document, picks_for
from framecue.service.http.dependencies import ALL_IN_BODY, DeskOf

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["export"])

# Writing timelines keeps the interpreter busy: many at once would hold up every search.
_AT_ONCE = 2
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The file, of the format's own kind; an archive where there are several.",
    },
    404: {"description": "The library holds no video with one of the ids, or there is no such library."},
}


async def _room(request: Request) -> asyncio.Semaphore:
    state = request.app.state
    if getattr(state, "exports", None) is None:
        state.exports = asyncio.Semaphore(_AT_ONCE)
    room = state.exports
    assert isinstance(room, asyncio.Semaphore)
    return room


@router.get("/export/formats")
async def formats() -> dict[str, Any]:
    """Return which formats there are: the name that a request gives, the suffix, and what it is for people."""
    return await asyncio.to_thread(formats_document)


@router.post("/export", response_class=Response, responses=_ANSWERS, dependencies=ALL_IN_BODY)
async def export_hits(
    desk: DeskOf, request: ExportRequest, room: Annotated[asyncio.Semaphore, Depends(_room)]
) -> Response:
    """Return moments as a timeline for editing, a table, a playlist or subtitles, in the order in which they come."""
    picks = await desk.ask(request.library, lambda library: picks_for(library, request.hits))
    # Beside the desk, as nothing of a library is needed any more, and files may be slow.
    async with room:
        file = await asyncio.to_thread(export, picks, request.format)
    headers = {"content-disposition": f'attachment; filename="{file.name}"', "cache-control": "no-store"}
    return Response(file.content, media_type=file.media_type, headers=headers)
