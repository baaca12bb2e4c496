"""Asking an app as a server does, with any headers, and a body that comes in any pieces."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Answer", "answer", "ask", "says"]

Headers = Sequence[tuple[str, str]]
OWN_HOST = ("host", "127.0.0.1:8000")


@dataclass
class Answer:
    """What an app has answered.

    Attributes:
        status: of HTTP; 0 if it has not answered.
        headers: in small letters.
        body: all of it.
        read: how many pieces of the request's body were taken.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    read: int = 0

    @property
    def detail(self) -> str:
        """What a problem says."""
        assert self.headers["content-type"] == "application/problem+json"
        told = json.loads(self.body)["detail"]
        assert isinstance(told, str)
        return told


def scope_of(
    path: str = "/api/info", *, method: str = "GET", query: str = "", headers: Headers = (), scheme: str = "http"
) -> Scope:
    """Return the scope of a request, with the server's own Host unless the headers say one."""
    if not any(name.lower() == "host" for name, _ in headers):
        headers = [OWN_HOST, *headers]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


async def ask(app: ASGIApp, path: str = "/api/info", *, pieces: Iterable[bytes] = (), **scope: Any) -> Answer:
    """Ask an app, and return its answer.

    Args:
        app: is asked.
        path: what for.
        pieces: of the body; after the last one nothing more comes, and the app waits in vain if it wants more.
        **scope: as for `scope_of`.
    """
    waiting = list(pieces)
    found = Answer()

    async def receive() -> Message:
        if not waiting and (pieces or found.read):
            await asyncio.Event().wait()
        body = waiting.pop(0) if waiting else b""
        found.read += 1
        return {"type": "http.request", "body": body, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            found.status = message["status"]
            found.headers = {name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            found.body += message.get("body", b"")

    await app(scope_of(path, **scope), receive, send)
    return found


def answer(app: ASGIApp, path: str = "/api/info", **scope: Any) -> Answer:
    """Ask an app as `ask` does, where nothing else goes on."""
    return asyncio.run(ask(app, path, **scope))


def says(text: str = "hello", *, status: int = 200, headers: Headers = ()) -> ASGIApp:
    """Return an app that says something to everybody."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        own = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": own})
        await send({"type": "http.response.body", "body": text.encode()})

    return app
