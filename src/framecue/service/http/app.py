"""The app: its routes, the page, and what every request goes through."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from framecue._version import __version__
from framecue.service.desk import Desk
from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.description import PROBLEMS
from framecue.service.http.guard import Guard
from framecue.service.http.headers import SafeHeaders
from framecue.service.http.limits import Limits
from framecue.service.http.logs import LoggedRequests
from framecue.service.http.metrics import MeasuredRequests, Metrics
from framecue.service.http.options import ServeOptions
from framecue.service.http.problems import CatchDefects, handle_errors
from framecue.service.http.routes.every import ROUTERS
from framecue.service.http.routes.names import refusing, teaching

__all__ = ["create_app"]


def create_app(desk: Desk, options: ServeOptions | None = None) -> FastAPI:
    """Return the app that answers for a desk.

    Args:
        desk: the libraries.
        options: how it is to be run; by default for this machine alone.
    """
    options = options or ServeOptions()
    app = FastAPI(
        title="framecue",
        version=__version__,
        summary="Search videos by what they show, what is said in them and what is written.",
        # They load scripts from elsewhere; /docs is our own.
        docs_url=None,
        redoc_url=None,
        default_response_class=AsciiJSONResponse,
        responses=PROBLEMS,
    )
    app.state.desk, app.state.options, app.state.metrics = desk, options, Metrics()
    handle_errors(app)
    for router in (*ROUTERS, teaching if options.allow_teach else refusing):
        app.include_router(router)
    folder = _page()
    paths = _page_paths(folder)
    # Last, as it takes every other path.
    app.mount("/", StaticFiles(directory=folder, html=True), name="page")
    # The last is the first that a request comes to.
    app.add_middleware(CatchDefects)
    app.add_middleware(Limits, options=options, page_paths=paths)
    app.add_middleware(Guard, options=options, page_paths=paths)
    app.add_middleware(SafeHeaders, page_paths=paths)
    app.add_middleware(MeasuredRequests, metrics=app.state.metrics, page_paths=paths)
    app.add_middleware(LoggedRequests, level=options.log)
    return app


def _page() -> Path:
    """Return the folder of the page's files, which are installed as files."""
    return Path(str(files("framecue.service") / "page"))


def _page_paths(folder: Path) -> frozenset[str]:
    """Return the addresses of the page's files."""
    names = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return frozenset(("/", *(f"/{name}" for name in names)))
