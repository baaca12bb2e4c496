"""``GET /api/limits``: what a request may bring, so that a page says so before anything is sent."""

from __future__ import annotations

from fastapi import APIRouter, Request

from framecue.service.http.options import ServeOptions

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["search"])


@router.get("/limits")
async def limits(request: Request) -> dict[str, int]:
    """Return how many bytes a picture and a video to search with may have."""
    options = request.app.state.options
    assert isinstance(options, ServeOptions)
    return {"image_bytes": options.upload_bytes, "video_bytes": options.upload_bytes}
