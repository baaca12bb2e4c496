"""Every router of the API; a new one is one line here."""

from __future__ import annotations

from fastapi import APIRouter

from framecue.service.http.routes import (
    clips,
    export,
    health,
    indexing,
    libraries,
    limits,
    media,
    names,
    reference,
    search,
    thumbnails,
    videos,
)

__all__ = ["ROUTERS"]

ROUTERS: tuple[APIRouter, ...] = (
    export.router,
    health.router,
    reference.router,
    indexing.router,
    libraries.router,
    limits.router,
    search.router,
    names.router,
    videos.router,
    media.router,
    clips.router,
    thumbnails.router,
)
