"""Connections of clients that send or take nothing: they are ended, so that no number of them stops the others."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.problems import MEDIA_TYPE

__all__ = ["MOST_CONNECTIONS", "PatientProtocol"]

MOST_CONNECTIONS = 512
"""How many connections there may be; a process may have some thousand files open."""

# How long the head of a request may take from its first byte, or from when the connection was made.
HEAD_SECONDS = 15.0
# How much of a body is let go by after its answer, so that whoever sends it comes to read that.
UNREAD_BYTES = 4_000_000
# How long a client may take nothing of an answer. A browser that has paused a video asks for the rest again.
STALL_SECONDS = 120.0
_NO_HTTP = "this is no request in HTTP that can be read"


class PatientProtocol(H11Protocol):
    """One connection; uvicorn itself waits for a request, and for its answer to be taken, for ever."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stall_timer: asyncio.TimerHandle | None = None
        self._num_unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        super().connection_lost(exc)
        self._forget_head()
        self._forget_stall()

    def data_received(self, data: bytes) -> None:
        """Take what the client sends."""
        super().data_received(data)
        self._time_head()
        if self._is_answered_early:
            self._num_unread += len(data)
            if self._num_unread > UNREAD_BYTES:
                self.transport.abort()

    def pause_writing(self) -> None:
        """Wait until the client takes what it was sent."""
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: it has."""
        super().resume_writing()
        self._forget_stall()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP."""
        body = AsciiJSONResponse(
            {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": f"{_NO_HTTP}; send another"}
        ).body
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(body)),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _time_head(self) -> None:
        """Have what is awaited of the client come in time.

        That is the head of a request, and the rest of a body that was answered without it. A body that somebody reads
        has limits elsewhere, and uvicorn has an eye on a connection that is idle between two requests.
        """
        if self.conn.their_state is h11.IDLE or self._is_answered_early:
            if self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)
        else:
            self._forget_head()

    @property
    def _is_answered_early(self) -> bool:
        """Whether a client still sends a body that nobody reads, as the answer did not wait for it."""
        return self.conn.their_state is h11.SEND_BODY and self.cycle is not None and self.cycle.response_complete

    def _forget_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _forget_stall(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
