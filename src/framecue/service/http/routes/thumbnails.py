"""``GET /thumbnails/{id}/{segment}``: the small picture that the library keeps of a segment."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from framecue.errors import AbsentError
from framecue.library.library import Library
from framecue.service.http.dependencies import DeskOf, LibraryName
from framecue.service.http.file_response import is_known
from framecue.service.media.library_files import content_of

__all__ = ["router"]

router = APIRouter(tags=["media"])

_TYPE = "image/webp"
# A day: another reading of the same content may choose other frames, which an asking browser then gets.
_CACHING = "private, max-age=86400"
_DONE: dict[int | str, dict[str, Any]] = {
    200: {"content": {_TYPE: {}}, "description": "The picture."},
    304: {"description": "The client has it."},
    404: {"description": "There is no such segment, or it has no picture."},
}


@router.head("/thumbnails/{video_id}/{segment}", response_class=Response, include_in_schema=False)
@router.get("/thumbnails/{video_id}/{segment}", response_class=Response, responses=_DONE)
async def thumbnail(
    request: Request, desk: DeskOf, video_id: str, segment: float, library: LibraryName = None
) -> Response:
    """Return the small picture of a segment, which is named by its start in seconds, exactly as hits have it."""
    picture = await desk.ask(library, lambda asked: _picture(asked, video_id, segment))
    validators = {"etag": f'"{blake2b(picture, digest_size=16).hexdigest()}"'}
    headers = {**validators, "cache-control": _CACHING, "x-content-type-options": "nosniff"}
    if is_known(request.headers, validators):
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type=_TYPE, headers=headers)


def _picture(library: Library, video_id: str, start_seconds: float) -> bytes:
    content_of(library, video_id)
    picture = library.thumbnail(video_id, start_seconds) if math.isfinite(start_seconds) else None
    if picture is None:
        raise AbsentError("no segment with a picture starts there; give the start of a hit's segment as it stands")
    return picture
