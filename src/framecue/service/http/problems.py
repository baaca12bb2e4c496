"""Errors as problem documents (RFC 9457): what is wrong and what to do, in one sentence, and never what was sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from framecue.errors import (
    AbsentError,
    BusyError,
    FramecueError,
    InputError,
    LibraryError,
    RuntimeMissingError,
    TooLargeError,
    TooSlowError,
    UnsupportedError,
)

__all__ = ["MEDIA_TYPE", "ProblemResponse", "handle_errors", "problem", "status_of"]

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# From the special to the general: the first that an error is an instance of.
_STATUSES: tuple[tuple[type[FramecueError], int], ...] = (
    (AbsentError, 404),
    (TooLargeError, 413),
    (UnsupportedError, 415),
    (RuntimeMissingError, 503),
    (InputError, 422),
    (BusyError, 429),
    (TooSlowError, 504),
    (LibraryError, 503),
    (FramecueError, 503),
)


class ProblemResponse(JSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None) -> ProblemResponse:
    """Return a problem document as a response.

    Args:
        status: of HTTP.
        detail: what is wrong and what to do, in one sentence.
        headers: more headers of the response.
    """
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return ProblemResponse(document, status_code=status, headers=dict(headers or {}))


def status_of(error: FramecueError) -> int:
    """Return the status that says what kind of error it is."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def handle_errors(app: FastAPI) -> None:
    """Have an app answer every error with a problem document."""

    @app.exception_handler(FramecueError)
    async def told(_: Request, error: FramecueError) -> ProblemResponse:
        headers = {"Retry-After": str(error.retry_seconds)} if isinstance(error, BusyError) else None
        return problem(status_of(error), str(error), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> ProblemResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem(422, f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> ProblemResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    @app.exception_handler(Exception)
    async def defect(_: Request, error: Exception) -> ProblemResponse:
        logger.error("a request ended in a defect of framecue", exc_info=error)
        return problem(500, "framecue has a defect here; the server's log says where")
