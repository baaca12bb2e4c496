"""An open file as a response, whole or in ranges (RFC 9110): read piece by piece, as fast as it is taken.

Starlette's own ``FileResponse`` opens a file by its name, which may be another file's by then, knows no
``If-None-Match``, and refuses a ``Range`` that the RFC has ignored.
"""

from __future__ import annotations

import os
from collections.abc import Coroutine, Iterable, Mapping
from contextlib import suppress
from email.utils import formatdate, parsedate_to_datetime
from secrets import token_hex
from typing import BinaryIO
from urllib.parse import quote

import anyio
import anyio.to_thread
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from framecue.errors import FramecueError
from framecue.service.media.ranges import ByteRange, UnsatisfiableError, parse_ranges

__all__ = ["OpenFileResponse", "content_disposition", "is_known"]

_CHUNK_BYTES = 256 * 1024
# A player that is paused takes nothing for minutes; what takes nothing for longer is gone.
_STALL_SECONDS = 600.0


class OpenFileResponse(Response):
    """An open file as a response; it is closed when the response has been sent, or cannot be.

    Args:
        file: the open file; where it stands does not matter.
        media_type: of its content.
        etag: a strong validator, without quotation marks: the same for the same bytes alone.
        modified_seconds: when it was changed last, seconds since 1970; None if that says nothing.
        headers: more headers.
    """

    def __init__(
        self,
        file: BinaryIO,
        media_type: str,
        *,
        etag: str,
        modified_seconds: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._file = file
        self._size_bytes = file.seek(0, os.SEEK_END)
        self._media_type = media_type
        self._validators = {"etag": f'"{etag}"'}
        if modified_seconds is not None:
            self._validators["last-modified"] = formatdate(modified_seconds, usegmt=True)
        self.status_code = 200
        self.background = None
        self.init_headers({"accept-ranges": "bytes", **self._validators, **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it as the request wants it."""
        request = Headers(scope=scope)
        try:
            if not self._precondition_holds(request):
                await self._send_alone(send, 412)
            elif is_known(request, self._validators):
                await self._send_alone(send, 304)
            else:
                await self._send_file(scope["method"], request, receive, send)
        finally:
            self._file.close()

    def _precondition_holds(self, request: Headers) -> bool:
        wanted = request.get("if-match")
        return wanted is None or wanted.strip() == "*" or self._validators["etag"] in _tags(wanted)

    async def _send_file(self, method: str, request: Headers, receive: Receive, send: Send) -> None:
        ranges: list[ByteRange] | None = None
        # For other methods the RFC has no ranges.
        if method == "GET" and self._may_be_part(request.get("if-range")):
            try:
                ranges = parse_ranges(request.get("range"), self._size_bytes)
            except UnsatisfiableError:
                await self._send_alone(send, 416, {"content-range": f"bytes */{self._size_bytes}"})
                return
        if ranges is None:
            parts: list[bytes | ByteRange] = [ByteRange(0, self._size_bytes)]
            await self._begin(send, 200, self._media_type, self._size_bytes)
        elif len(ranges) == 1:
            parts = [ranges[0]]
            length = ranges[0].stop - ranges[0].start
            await self._begin(send, 206, self._media_type, length, {"content-range": self._said(ranges[0])})
        else:
            boundary = token_hex(16)
            parts = list(self._multipart(ranges, boundary))
            length = sum(len(part) if isinstance(part, bytes) else part.stop - part.start for part in parts)
            await self._begin(send, 206, f"multipart/byteranges; boundary={boundary}", length)
        if method == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return
        await _until_gone(self._send_parts(parts, send), receive)

    def _may_be_part(self, if_range: str | None) -> bool:
        """Whether what the client has a part of is this very content."""
        return if_range is None or if_range.strip() in self._validators.values()

    def _said(self, part: ByteRange) -> str:
        return f"bytes {part.start}-{part.stop - 1}/{self._size_bytes}"

    def _multipart(self, ranges: Iterable[ByteRange], boundary: str) -> Iterable[bytes | ByteRange]:
        for part in ranges:
            head = f"\r\n--{boundary}\r\nContent-Type: {self._media_type}\r\nContent-Range: {self._said(part)}\r\n\r\n"
            yield head.encode("latin-1")
            yield part
        yield f"\r\n--{boundary}--\r\n".encode("latin-1")

    async def _begin(
        self, send: Send, status: int, media_type: str, length: int, headers: Mapping[str, str] | None = None
    ) -> None:
        said = {"content-type": media_type, "content-length": str(length), **(headers or {})}
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in said.items()]
        await send({"type": "http.response.start", "status": status, "headers": [*self._own_headers(), *raw]})

    async def _send_alone(self, send: Send, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Send an answer without the file."""
        extra = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
        if status != 304:
            extra.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": status, "headers": [*self._own_headers(), *extra]})
        await send({"type": "http.response.body", "body": b""})

    def _own_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of any answer; those that tell of what follows come with that."""
        return [(name, value) for name, value in self.raw_headers if name not in (b"content-length", b"content-type")]

    async def _send_parts(self, parts: Iterable[bytes | ByteRange], send: Send) -> None:
        for part in parts:
            if isinstance(part, bytes):
                await _sent(send, part)
                continue
            place = part.start
            while place < part.stop:
                chunk = await anyio.to_thread.run_sync(self._read, place, min(_CHUNK_BYTES, part.stop - place))
                if not chunk:
                    # It was cut off meanwhile: the client sees that something is missing, as there is no end.
                    return
                place += len(chunk)
                await _sent(send, chunk)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _read(self, place: int, num_bytes: int) -> bytes:
        try:
            self._file.seek(place)
            return self._file.read(num_bytes)
        except (OSError, ValueError, FramecueError):
            return b""


async def _sent(send: Send, body: bytes) -> None:
    with anyio.fail_after(_STALL_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": True})


async def _until_gone(sending: Coroutine[object, object, None], receive: Receive) -> None:
    """Send until all is sent, or the client is gone or takes nothing."""
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            await _disconnected(receive)
            group.cancel_scope.cancel()

        group.start_soon(watch)
        with suppress(TimeoutError, OSError):
            await sending
        group.cancel_scope.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def is_known(request: Headers, validators: Mapping[str, str]) -> bool:
    """Whether the client says that it has this very content.

    Args:
        request: its headers.
        validators: the headers ``etag`` and, where there is one, ``last-modified`` of the response.
    """
    none_match = request.get("if-none-match")
    if none_match is not None:
        # Compared weakly, as the RFC has it.
        tags = {tag.removeprefix("W/") for tag in _tags(none_match)}
        return none_match.strip() == "*" or validators["etag"] in tags
    since, modified = request.get("if-modified-since"), validators.get("last-modified")
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def content_disposition(kind: str, name: str) -> str:
    """Return the value of ``Content-Disposition`` with a file's name, whatever characters it has (RFC 6266).

    Args:
        kind: "inline" or "attachment".
        name: of the file.
    """
    # Names of files may hold what is no character.
    name = name.encode("utf-8", "replace").decode("utf-8")
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _tags(header: str) -> set[str]:
    return {tag.strip() for tag in header.split(",")}
