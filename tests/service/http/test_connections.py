"""Connections as sockets: what a client sends byte for byte, and when."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from framecue.service.http import connections as module
from framecue.service.http.connections import PatientProtocol
from support.asgi import says

PATIENCE_SECONDS = 60.0
Connect = Callable[[ASGIApp], socket.socket]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Connects to a server of an app that runs in a thread."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []
    sockets: list[socket.socket] = []

    def start(app: ASGIApp) -> socket.socket:
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=PatientProtocol, ws="none", lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        sockets.append(socket.create_connection(listening.getsockname(), timeout=PATIENCE_SECONDS))
        return sockets[-1]

    yield start
    for each in sockets:
        each.close()
    for server, thread in running:
        server.should_exit = server.force_exit = True
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()


def all_of(connection: socket.socket) -> bytes:
    """Return what comes until the server ends the connection."""
    parts = []
    try:
        while part := connection.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def drip(connection: socket.socket, piece: bytes) -> None:
    """Send a piece after another until the server ends the connection."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS * 50)):
        try:
            connection.sendall(piece)
        except OSError:
            return
        pause.wait(0.02)
    raise AssertionError("the connection is still there")


def test_a_request_is_answered_and_the_connection_kept(connect: Connect) -> None:
    connection = connect(says("hello"))
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert all_of(connection).count(b"hello") == 2


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX: "])
def test_a_head_that_does_not_come_is_not_waited_for(connect: Connect, sent: bytes, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.1)
    connection = connect(says())
    connection.sendall(sent)
    assert all_of(connection) == b""


def test_dripping_bytes_do_not_prolong_it(connect: Connect, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.2)
    drip(connect(says()), b"X")


def test_an_answer_that_takes_its_time_is_no_head(connect: Connect, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.1)
    may_answer = threading.Event()

    async def later(scope: Scope, receive: Receive, send: Send) -> None:
        import asyncio

        await asyncio.get_running_loop().run_in_executor(None, may_answer.wait, 0.4)
        await says("late")(scope, receive, send)

    connection = connect(later)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert b"late" in all_of(connection)


def test_a_body_that_nobody_reads_is_not_taken_for_ever(connect: Connect, monkeypatch) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS", 0.2)
    connection = connect(says("no", status=413))
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(connection, b"1\r\nx\r\n")


def test_a_body_that_nobody_reads_may_have_so_many_bytes(connect: Connect, monkeypatch) -> None:
    monkeypatch.setattr(module, "UNREAD_BYTES", 1000)
    connection = connect(says("no", status=413))
    connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    drip(connection, b"100\r\n" + b"x" * 0x100 + b"\r\n")


def test_a_client_that_takes_nothing_of_an_answer_is_let_go(connect: Connect, monkeypatch) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 0.1)
    ended = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10_000):
            message = {"type": "http.response.body", "body": b"x" * 100_000, "more_body": True}
            await send(message)
            if (await receive_now(receive)) == "http.disconnect":
                break
        ended.set()

    async def receive_now(receive: Receive) -> str:
        import anyio

        with anyio.move_on_after(0):
            return str((await receive())["type"])
        return ""

    connection = connect(endless)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert ended.wait(PATIENCE_SECONDS)


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # no Host
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000,  # and no end
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
    ],
)
def test_what_is_no_http_is_a_problem_like_others(connect: Connect, sent: bytes) -> None:
    connection = connect(says())
    connection.sendall(sent)
    head, _, body = all_of(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["status"] == 400
