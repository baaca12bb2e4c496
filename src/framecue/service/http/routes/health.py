"""``GET /healthz`` and ``GET /metrics``: whether the server can answer, and what it has done."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from framecue.errors import LibraryError
from framecue.service.http.dependencies import DeskOf
from framecue.service.http.metrics import CONTENT_TYPE, Metrics

__all__ = ["router"]

router = APIRouter(tags=["server"])

# Whoever has no token may ask as well, and is not told where things are on this machine.
_NOT_WELL = "the first library cannot be opened; /api/info says why"


@router.get("/healthz")
async def health(desk: DeskOf) -> dict[str, Any]:
    """Say that the first library can be opened, and how far its model is; a problem of status 503 if it cannot.

    A library that is being made need not be there yet.
    """
    shelf = desk.shelf()
    try:
        exists = await desk.ask(None, lambda library: library.exists)
    except LibraryError as error:
        raise LibraryError(_NOT_WELL) from error
    if not exists and shelf.following is None:
        raise LibraryError(_NOT_WELL)
    return {"status": "ok", "model": shelf.model.state}


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def metrics(request: Request, desk: DeskOf) -> Response:
    """Return numbers in Prometheus' form of text."""
    numbers = request.app.state.metrics
    assert isinstance(numbers, Metrics)
    for shelf in desk.shelves:
        numbers.models.labels(shelf.name).set(shelf.model.state == "ready")
    return Response(numbers.document(), media_type=CONTENT_TYPE)
