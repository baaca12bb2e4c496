"""Errors as problem documents (RFC 9457): what is wrong and what to do, in one sentence."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from framecue.errors import (
    AbsentError,
    AdapterError,
    AwayError,
    BusyError,
    FramecueError,
    GoneError,
    InputError,
    ModelError,
    OrdinaryWordError,
    TooLargeError,
    TooSlowError,
    UnsupportedError,
)
from framecue.service.http.answers import AsciiJSONResponse

__all__ = [
    "CLIENT_LEFT",
    "DEFECT",
    "MEDIA_TYPE",
    "CatchDefects",
    "ProblemResponse",
    "handle_errors",
    "problem",
    "status_of",
]

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
CLIENT_LEFT = 499
"""The status of an answer that nobody gets, as other servers log it."""
DEFECT = "framecue has a defect here; the server's log says where"

# From the special to the general: the first that an error is an instance of.
_STATUSES: tuple[tuple[type[FramecueError], int], ...] = (
    (AwayError, 503),
    (GoneError, 410),
    (AbsentError, 404),
    (TooLargeError, 413),
    (UnsupportedError, 415),
    # What a server was started with, not what it is asked.
    (ModelError, 503),
    (AdapterError, 503),
    # Of all that can be wrong with a request, it may be asked again with one word more.
    (OrdinaryWordError, 409),
    (InputError, 422),
    (BusyError, 429),
    (TooSlowError, 504),
    (FramecueError, 503),
)

# What starlette and FastAPI say in a word.
_SENTENCES = {
    400: "the request cannot be read; send JSON that is not nested too deeply and has no number of thousands of digits",
    404: "there is nothing at this address; /docs lists what can be asked",
    405: "this address does not take requests of this method; /docs lists what can be asked",
}
_PLACES = frozenset(("body", "query", "path", "header", "cookie"))
_LONGEST_PLACE = 60


class ProblemResponse(AsciiJSONResponse):
    """A problem document."""

    media_type = MEDIA_TYPE


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> ProblemResponse:
    """Return a problem document as a response.

    Args:
        status: of HTTP.
        detail: what is wrong and what to do, in one sentence.
        headers: more headers of the response.
        members: more members of the document, for programs.
    """
    title = HTTPStatus(status).phrase
    document = {"type": "about:blank", "title": title, "status": status, "detail": detail, **(members or {})}
    return ProblemResponse(document, status_code=status, headers=dict(headers or {}))


def status_of(error: FramecueError) -> int:
    """Return the status that says what kind of error it is."""
    return next(status for kind, status in _STATUSES if isinstance(error, kind))


def handle_errors(app: FastAPI) -> None:
    """Have an app answer every error that is raised on purpose with a problem document."""

    @app.exception_handler(FramecueError)
    async def told(_: Request, error: FramecueError) -> ProblemResponse:
        headers = {"Retry-After": str(error.retry_seconds)} if isinstance(error, BusyError) else None
        if isinstance(error, OrdinaryWordError):
            detail = str(OrdinaryWordError(error.name, '"allow_ordinary": true'))
            return problem(status_of(error), detail, members={"ordinary": True})
        return problem(status_of(error), str(error), headers=headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> ProblemResponse:
        return problem(422, _sentence_of(error.errors()))

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> ProblemResponse:
        phrase = HTTPStatus(error.status_code).phrase
        is_bare = error.detail == phrase or error.status_code == 400
        detail = _SENTENCES.get(error.status_code, phrase) if is_bare else str(error.detail)
        return problem(error.status_code, detail, headers=error.headers)

    @app.exception_handler(ClientDisconnect)
    async def left(_: Request, error: ClientDisconnect) -> Response:
        return Response(status_code=CLIENT_LEFT)


class CatchDefects:
    """Answers what nobody expected with a problem document, and logs where it was; the server goes on.

    Args:
        app: answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer.

        Raises:
            Exception: it happened when a part of the answer had been sent; the connection has to be closed.
        """
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            if scope["type"] == "http":
                logger.exception("a request ended in a defect of framecue: %s", scope["method"])
            if scope["type"] != "http" or has_begun:
                raise
            await problem(500, DEFECT)(scope, receive, send)


def _sentence_of(errors: Sequence[Any]) -> str:
    """Return the first of pydantic's errors as a sentence; what was given is not repeated."""
    if not errors:
        return "the request cannot be read"
    first = errors[0]
    parts = [str(part) for part in first["loc"]]
    if first["type"] == "json_invalid":
        return f"the body is not JSON: {str(first.get('ctx', {}).get('error', 'it cannot be read')).lower()}"
    named = parts[1:] if parts and parts[0] in _PLACES else parts
    place = ".".join(named)[:_LONGEST_PLACE] or "the body"
    told = str(first["msg"])
    if first["type"] == "told":  # our own words, which name the key
        return told
    return f"{place}: {told[:1].lower()}{told[1:]}"
