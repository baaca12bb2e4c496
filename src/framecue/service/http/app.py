"""The app: its routes, the page, and how errors are answered."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from framecue._version import __version__
from framecue.service.desk import Desk
from framecue.service.http.options import ServeOptions
from framecue.service.http.problems import handle_errors
from framecue.service.http.routes.every import ROUTERS

__all__ = ["create_app"]


def create_app(desk: Desk, options: ServeOptions | None = None) -> FastAPI:
    """Return the app that answers for a desk.

    Args:
        desk: the libraries.
        options: how it is to be run; by default for this machine alone.
    """
    app = FastAPI(title="framecue", version=__version__, docs_url=None, redoc_url=None)
    app.state.desk = desk
    app.state.options = options or ServeOptions()
    handle_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    # Last, as it takes every other path.
    app.mount("/", StaticFiles(directory=_page(), html=True), name="page")
    return app


def _page() -> Path:
    """Return the folder of the page's files, which are installed as files."""
    return Path(str(files("framecue.service") / "page"))
