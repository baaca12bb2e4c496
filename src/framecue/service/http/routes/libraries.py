"""``GET /api/libraries`` and ``GET /api/info``: what there is to search in."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from framecue.library.library import Library
from framecue.service.http.dependencies import DeskOf, LibraryName

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["libraries"])


@router.get("/libraries")
async def libraries(desk: DeskOf) -> dict[str, Any]:
    """Return the libraries of this server; the first is meant where a request names none."""
    return {
        "libraries": [{"name": shelf.name, **await desk.ask(shelf.name, _size_of)} for shelf in desk.shelves],
    }


@router.get("/info")
async def info(desk: DeskOf, library: LibraryName = None) -> dict[str, Any]:
    """Return what a library holds."""
    return await desk.ask(library, lambda opened: opened.info().to_dict())


def _size_of(library: Library) -> dict[str, Any]:
    known = library.info()
    return {"num_videos": known.num_videos, "duration_seconds": known.duration_seconds}
