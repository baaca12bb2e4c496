"""A line in the log for each request, without what it looks for, unless that is asked for."""

from __future__ import annotations

import logging
from ipaddress import ip_address
from time import monotonic

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from framecue.log import printable
from framecue.service.http.options import LogLevel

__all__ = ["LoggedRequests", "logger", "note_query"]

logger = logging.getLogger(__name__)

_NOTE = "framecue.query"
_LONGEST_SHOWN = 200  # characters


def note_query(request: Request, query: str) -> None:
    """Note what a request looks for; it is in the log where that is wanted.

    Args:
        request: the request at hand.
        query: in words for a person.
    """
    request.scope[_NOTE] = query


class LoggedRequests:
    """Logs requests to an app.

    Args:
        app: answers.
        level: which requests, and what of them. What has gone wrong in the server is logged in any case.
    """

    def __init__(self, app: ASGIApp, *, level: LogLevel) -> None:
        self._app, self._level = app, level

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, num_bytes = monotonic(), 0, 0

        async def noting(message: Message) -> None:
            nonlocal status, num_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                num_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            if self._level != "problems" or status >= 500:
                level = logging.WARNING if status >= 500 else logging.INFO
                logger.log(level, "%s", self._line(scope, status, num_bytes, monotonic() - began))

    def _line(self, scope: Scope, status: int, num_bytes: int, seconds: float) -> str:
        client = _address_of(scope)
        # The part after "?" may hold a query, or the token.
        path = printable(scope["path"])[:_LONGEST_SHOWN]
        line = f"{client} {scope['method']} {path} {status or 'left'} {num_bytes} bytes {1000 * seconds:.0f} ms"
        query = scope.get(_NOTE) if self._level == "queries" else None
        return line if query is None else f"{line} {printable(query)[:_LONGEST_SHOWN]}"


def _address_of(scope: Scope) -> str:
    """Return where a request comes from; what a header of it says, and is no address, is not taken for one."""
    try:
        return str(ip_address(scope["client"][0]))
    except (TypeError, ValueError):
        return "-"
