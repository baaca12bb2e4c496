"""What routes are given: the desk, and which library a request means.

A route says ``desk: DeskOf`` and ``library: LibraryName``, and asks ``await desk.ask(library, question)``.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from framecue.service.desk import Desk

__all__ = ["DeskOf", "LibraryName"]


def _desk(request: Request) -> Desk:
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk


DeskOf = Annotated[Desk, Depends(_desk)]
"""The desk of the server."""

LibraryName = Annotated[str | None, Query(alias="library", description="Which library; the first if left out.")]
"""Which library a GET means: ``?library=NAME``."""
