"""``GET /api/libraries`` and ``GET /api/info``: what there is to search in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from framecue.errors import LibraryError
from framecue.library.library import Library
from framecue.service.desk import Desk, Shelf
from framecue.service.documents import InfoDocument
from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.dependencies import DeskOf, LibraryName

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["libraries"])

_GONE = "the library is not there; index something into it, or start the server with another"


@router.get("/libraries")
async def libraries(desk: DeskOf) -> dict[str, Any]:
    """Return the libraries of this server, and how far their models are; the first is meant where none is named."""
    return {"libraries": [await _described(desk, shelf) for shelf in desk.shelves]}


@router.get("/info", response_model=InfoDocument)
async def info(desk: DeskOf, library: LibraryName = None) -> Response:
    """Return what a library holds, as `framecue info --json` prints it."""
    # Written where it is made: it names every file.
    return await desk.ask(library, lambda opened: AsciiJSONResponse(opened.info().to_dict()))


async def _described(desk: Desk, shelf: Shelf) -> dict[str, Any]:
    try:
        held = await desk.ask(shelf.name, _size_of)
        if held is None:
            awaited = _GONE if shelf.following is None else shelf.following.awaited
            held = {"num_videos": 0, "duration_seconds": 0.0, "problem": awaited}
    except LibraryError as error:  # the others are there all the same
        held = {"num_videos": 0, "duration_seconds": 0.0, "problem": str(error)}
    return {"name": shelf.name, **held, "model": {"state": shelf.model.state, "problem": shelf.model.problem}}


def _size_of(library: Library) -> dict[str, Any] | None:
    if not library.exists:
        return None
    known = library.info()
    return {"num_videos": known.num_videos, "duration_seconds": known.duration_seconds, "problem": None}
