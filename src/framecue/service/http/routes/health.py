"""``GET /healthz``: whether the server can answer."""

from __future__ import annotations

from fastapi import APIRouter

from framecue.service.http.dependencies import DeskOf

__all__ = ["router"]

router = APIRouter(tags=["server"])


@router.get("/healthz")
async def health(desk: DeskOf) -> dict[str, str]:
    """Say whether the first library can be opened."""
    await desk.ask(None, lambda library: library.fingerprint)
    return {"status": "ok"}
