"""How much may be asked at once, how large it may be, and how long it may take.

A slow client holds a connection and no more: a request counts as being answered from when all of it is there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import anyio
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from framecue.service.http.options import ServeOptions
from framecue.service.http.problems import problem

__all__ = ["Lane", "Limits"]

_STREAMS = ("/media/", "/clips/")
# The addresses that take files, which they keep on the disk; any other holds a body in memory.
_UPLOADS = frozenset(("/api/search", "/api/names"))
_TEACHES = "/api/names"
# A body has this long, and as much longer as it takes at this rate.
_BODY_SECONDS, _BODY_BYTES_PER_SECOND = 30.0, 20_000
_RETRY_SECONDS = 1


@dataclass
class Lane:
    """What is answered at once of one kind of request.

    Args:
        room: for how many.
    """

    room: int
    in_use: int = 0

    def enter(self) -> bool:
        """Take a place, and return whether there was one."""
        if self.in_use >= self.room:
            return False
        self.in_use += 1
        return True

    def leave(self) -> None:
        """Give the place back."""
        self.in_use -= 1


class Limits:
    """Holds requests to the limits of a server.

    Args:
        app: answers.
        options: the limits.
        page_paths: where the page's files are, which cost nothing.
    """

    def __init__(self, app: ASGIApp, *, options: ServeOptions, page_paths: frozenset[str]) -> None:
        self._app, self._options, self._page_paths = app, options, page_paths
        self.requests, self.uploads = Lane(options.max_requests), Lane(options.max_uploads)
        self.streams = Lane(options.max_streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http" or scope["path"] in self._page_paths:
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(_STREAMS):
            # Watched for as long as people like; a connection that takes nothing is ended elsewhere.
            await self._stream(scope, receive, send)
            return
        request = _Request(self, scope, receive, send, self._options)
        await request.answer(self._app)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.streams.enter():
            await _busy("videos are sent to as many as this server can at once")(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self.streams.leave()


class _Request:
    """One request on its way through the limits."""

    def __init__(self, limits: Limits, scope: Scope, receive: Receive, send: Send, options: ServeOptions) -> None:
        self._limits, self._scope, self._receive, self._send = limits, scope, receive, send
        self._options = options
        headers = dict(scope["headers"])
        self._is_upload = _is_upload(scope)
        self._most_bytes = options.upload_bytes if self._is_upload else options.body_bytes
        is_long = options.allow_teach and scope["method"] == "POST" and scope["path"] == _TEACHES
        self._answer_seconds = options.teach_seconds if is_long else options.answer_seconds
        self._length = _number(headers.get(b"content-length"))
        self._has_body = bool(self._length) or b"transfer-encoding" in headers
        self._num_bytes = 0
        self._began = anyio.current_time()
        self._time = anyio.CancelScope()
        self._is_counted = self._has_begun = False

    async def answer(self, app: ASGIApp) -> None:
        """Have an app answer it, or say why not."""
        scope, receive, send = self._scope, self._receive, self._send
        if self._length is not None and self._length > self._most_bytes:
            await problem(413, self._too_large())(scope, receive, send)
            return
        lane = self._limits.uploads if self._is_upload else None
        if lane is not None and not lane.enter():
            await _busy("as many uploads as this server takes at once are on their way")(scope, receive, send)
            return
        try:
            with self._time:
                if not self._has_body:
                    self._count()
                await app(scope, self._limited_receive, self._noting_send)
        except HTTPException as error:  # of one that has no body to wait for; else the app has answered it
            await problem(error.status_code, str(error.detail), headers=error.headers)(scope, receive, send)
        finally:
            if self._is_counted:
                self._limits.requests.leave()
            if lane is not None:
                lane.leave()
        if self._time.cancelled_caught and not self._has_begun:
            await problem(
                504,
                f"the answer takes longer than the {self._answer_seconds:g} seconds that are allowed; ask for "
                "less, or again in a moment",
            )(scope, receive, send)

    def _count(self) -> None:
        """Count it as being answered, from now on, for which it has a time.

        Raises:
            HTTPException: there is no room for it.
        """
        if self._is_counted:
            return
        if not self._limits.requests.enter():
            raise HTTPException(
                429,
                f"this server answers {self._limits.requests.room} requests at once, which it is doing; ask again in a "
                "moment",
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        self._is_counted = True
        self._time.deadline = anyio.current_time() + self._answer_seconds

    async def _limited_receive(self) -> Message:
        if self._is_counted:  # all of it is there; what may still come is that the client leaves
            return await self._receive()
        ends_at = self._began + _BODY_SECONDS + self._num_bytes / _BODY_BYTES_PER_SECOND
        message: Message | None = None
        with anyio.CancelScope(deadline=ends_at):
            message = await self._receive()
        if message is None:
            raise HTTPException(408, "the request comes too slowly; send it again over a faster connection")
        if message["type"] == "http.request":
            self._num_bytes += len(message.get("body", b""))
            if self._num_bytes > self._most_bytes:
                raise HTTPException(413, self._too_large())
            if not message.get("more_body", False):
                self._count()
        return message

    async def _noting_send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._has_begun = True
            self._time.deadline = math.inf  # how long it takes to be read is the reader's matter
        await self._send(message)

    def _too_large(self) -> str:
        what = "an upload" if self._is_upload else "a request"
        return f"{what} may have at most {self._most_bytes:,} bytes here; send less"


def _is_upload(scope: Scope) -> bool:
    """Whether a request brings files; one that says of its body that it is two things is taken for neither."""
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    is_form = len(kinds) == 1 and kinds[0].partition(b";")[0].strip().lower() == b"multipart/form-data"
    return is_form and scope["path"] in _UPLOADS


def _busy(what: str) -> ASGIApp:
    return problem(429, f"{what}; ask again in a moment", headers={"Retry-After": str(_RETRY_SECONDS)})


def _number(value: bytes | None) -> int | None:
    """Return a length that a client says; None if it says none."""
    return int(value) if value is not None and value.isdigit() and len(value) < 20 else None
