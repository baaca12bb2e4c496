"""``GET /api/indexing``: how far indexing is while the server runs, and what was skipped and why."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from framecue.service.following import indexing_document
from framecue.service.http.dependencies import DeskOf, LibraryName

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["libraries"])


@router.get("/indexing")
async def indexing(desk: DeskOf, library: LibraryName = None) -> dict[str, Any]:
    """Return which folders are followed, how far that is, and which files could not be indexed."""
    return indexing_document(desk.shelf(library))
