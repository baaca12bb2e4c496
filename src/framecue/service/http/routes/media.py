"""``GET /media/{id}``: a video or a picture of a library, as it is or as browsers play it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import anyio.to_thread
from fastapi import APIRouter, Header, Query
from starlette.responses import JSONResponse, Response

from framecue.errors import FramecueError
from framecue.library.library import Library
from framecue.service.http.dependencies import DeskOf, LibraryName, MediaOf
from framecue.service.http.file_response import OpenFileResponse, content_disposition
from framecue.service.media.converting import Order, order_converted
from framecue.service.media.library_files import LibraryFile, file_of, open_library_file, type_by_head
from framecue.service.media.making import Making

__all__ = ["router"]

router = APIRouter(tags=["media"])

# A `<video>` element waits like this; what can ask again does not have to.
_WAIT_SECONDS = 15.0
_RETRY_SECONDS = 1
# The hash names the content, so what has come once stays right; it is nobody else's.
_CACHING = {"cache-control": "private, max-age=3600", "x-content-type-options": "nosniff"}
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,4})")

Seconds = Annotated[float | None, Query(ge=0, allow_inf_nan=False)]

_DONE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/*": {}, "image/*": {}}, "description": "The file."},
    206: {"description": "The ranges that were asked for."},
    202: {"description": "It is being converted; ask again.", "content": {"application/json": {}}},
    304: {"description": "The client has it."},
    410: {"description": "The file is gone, or has changed since it was indexed."},
    503: {"description": "Its store cannot be reached, or does not give it."},
    416: {"description": "The range is not in the file."},
}


@router.head("/media/{video_id}", response_class=Response, include_in_schema=False)
@router.get("/media/{video_id}", response_class=Response, responses=_DONE)
async def media_file(
    desk: DeskOf,
    media: MediaOf,
    video_id: str,
    library: LibraryName = None,
    converted: Annotated[bool, Query(description="What browsers play in place of the file.")] = False,
    start: Seconds = None,
    end: Seconds = None,
    prefer: Annotated[str, Header(description="`respond-async`, or `wait=SECONDS`: how long to wait.")] = "",
) -> Response:
    """Return a file of the library, whole or in ranges.

    With ``converted=1`` it is what browsers play in place of it, which is made when it is first asked for; until it is
    there, the answer is 202, with how far it has come. ``start`` and ``end`` convert a part alone.
    """
    if not converted:
        file, opened, media_type = await desk.ask(library, lambda asked: _opened(asked, video_id))
        return OpenFileResponse(
            opened,
            media_type,
            etag=file.content.video_id,
            modified_seconds=file.state.modified_seconds,
            headers={**_CACHING, "content-disposition": content_disposition("inline", file.name)},
        )

    def order(asked: Library) -> Order:
        return order_converted(media, file_of(asked, video_id), start_seconds=start, end_seconds=end)

    ordered = await desk.ask(library, order)
    found = ordered.found
    if not isinstance(found, Making):
        return await _made(found, ordered)
    place = await found.wait(_patience(prefer))
    return _not_yet(found, ordered.reason) if place is None else await _made(place, ordered)


async def _made(place: Path, ordered: Order) -> Response:
    try:
        made = await anyio.to_thread.run_sync(lambda: place.open("rb", buffering=0))
    except OSError as error:
        raise FramecueError("what was converted is gone from the cache already; ask again") from error
    headers = {**_CACHING, "content-disposition": content_disposition("inline", ordered.file_name)}
    return OpenFileResponse(made, ordered.media_type, etag=ordered.name.partition(".")[0], headers=headers)


def _opened(library: Library, video_id: str) -> tuple[LibraryFile, BinaryIO, str]:
    file, opened = open_library_file(library, video_id)
    try:
        return file, opened, type_by_head(file, opened)
    except BaseException:
        opened.close()
        raise


def _patience(prefer: str) -> float:
    """Return how long to wait for a file that is being made (RFC 7240)."""
    if "respond-async" in prefer:
        return 0.0
    wanted = _WAIT.search(prefer)
    return _WAIT_SECONDS if wanted is None else min(_WAIT_SECONDS, float(wanted[1]))


def _not_yet(making: Making, reason: str | None) -> JSONResponse:
    document = {
        "state": "converting" if making.is_begun else "waiting",
        "share": round(making.share, 4),
        "reason": reason,
    }
    return JSONResponse(document, 202, {"retry-after": str(_RETRY_SECONDS), "cache-control": "no-store"})
