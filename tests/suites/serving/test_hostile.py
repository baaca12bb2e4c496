"""Hostile requests to a server that runs, byte for byte: none is told what it may not know, none is an error of the
server's own, none stops the others. (What is uploaded has tests of its own.)"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')

from support.served import Served, make_served
from support.server_process import ServerProcess, serve

PATIENCE_SECONDS = 120.0
TOKEN = "a-token-of-some-length"
SECRET = "the secret that no answer may hold"
NUM_SLOW = 100
"""Clients that do nothing useful at once: more than the requests that are answered at once."""


@dataclass(frozen=True)
class Answer:
    """What came back: status 0 if the server ended the connection without a word."""

    status: int
    head: str
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Target:
    """A running server and what it serves."""

    server: ServerProcess
    served: Served

    def raw(self, sent: bytes) -> Answer:
        """Send bytes, and return the first answer; its end is that of the connection."""
        with self.connect() as connection:
            with suppress(OSError):  # the server has ended it, perhaps after an answer
                connection.sendall(sent)
            parts = []
            with suppress(OSError):
                while part := connection.recv(1 << 16):
                    parts.append(part)
        head, _, body = b"".join(parts).partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1]) if head else 0
        return Answer(status, head.decode("latin-1").lower(), body)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE_SECONDS)

    def ask(
        self, target: str, method: str = "GET", *, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Make a request with the server's own Host, unless the headers have one."""
        if not any(name.lower() == "host" for name, _ in headers):
            headers = [("Host", f"127.0.0.1:{self.server.port}"), *headers]
        if body:
            headers = [*headers, ("Content-Length", str(len(body)))]
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "Connection: close"]
        return self.raw("\r\n".join([*lines, "", ""]).encode("utf-8") + body)

    def search(self, body: bytes) -> Answer:
        return self.ask("/api/search", "POST", headers=[("Content-Type", "application/json")], body=body)

    def is_well(self) -> None:
        """Have a search answered, as anybody would."""
        path, caption = self.served.clips[0]
        found = self.search(json.dumps({"text": caption, "k": 1}).encode())
        assert found.status == 200, found
        assert found.document["results"][0]["path"] == path
        assert self.server.process.poll() is None
        assert not [line for line in self.server.lines if "Traceback" in line or "defect" in line]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    folder = tmp_path_factory.mktemp("served")
    (folder / "secret.txt").write_text(SECRET)
    return make_served(folder)


@pytest.fixture(scope="module")
def running(served: Served) -> Iterator[Target]:
    with serve([served.library], "--log", "requests") as server:
        yield Target(server, served)


@pytest.fixture
def target(running: Target) -> Iterator[Target]:
    """The server, which is well before and after."""
    yield running
    running.is_well()


@pytest.fixture(scope="module")
def addresses(running: Target) -> list[tuple[str, str]]:
    """Every (method, address) of the API, with a video's id and a time where it wants one."""
    described = running.ask("/openapi.json").document
    video_id = running.ask("/api/videos?limit=1").document["videos"][0]["id"]
    found = []
    for path, methods in described["paths"].items():
        address = path
        for name in ("id", "video_id"):
            address = address.replace(f"{{{name}}}", video_id)
        found += [(method.upper(), address.replace("{segment}", "0")) for method in methods]
    assert len(found) > 8
    assert not [address for _, address in found if "{" in address]
    return found


def head_of(num_bytes: int) -> bytes:
    """Return the head of a search whose body has so many bytes."""
    lines = ("POST /api/search HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json")
    return "\r\n".join([*lines, f"Content-Length: {num_bytes}", "", ""]).encode()


def is_refusal(found: Answer, statuses: set[int]) -> bool:
    """Whether an answer is a problem that says no more than it should."""
    assert found.status in statuses, found
    assert "content-type: application/problem+json" in found.head
    assert "x-content-type-options: nosniff" in found.head
    assert SECRET.encode() not in found.body
    assert b"<" not in found.body
    detail = found.document["detail"]
    return isinstance(detail, str) and detail.strip() != "" and "\n" not in detail


@pytest.mark.parametrize("host", ["evil.com", "evil.com:8000", "localhost.evil.com", "10.0.0.1", "[2001:db8::1]", ""])
def test_no_address_answers_under_another_name(target: Target, addresses: list[tuple[str, str]], host: str) -> None:
    for method, address in [*addresses, ("GET", "/")]:
        assert is_refusal(target.ask(address, method, headers=[("Host", host)]), {403, 400})


@pytest.mark.parametrize(
    "headers",
    [
        [("Origin", "http://evil.com")],
        [("Origin", "null")],
        [("Origin", "http://127.0.0.1:1")],
        [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
        [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")],
    ],
)
def test_no_address_answers_another_sites_page(target: Target, addresses, headers) -> None:
    for method, address in [*addresses, ("OPTIONS", "/api/search"), ("POST", "/")]:
        found = target.ask(address, method, headers=headers)
        assert is_refusal(found, {403})
        assert "access-control-allow" not in found.head


def test_no_address_answers_without_the_token(served: Served, addresses) -> None:
    with serve([served.library], "--token", TOKEN) as server:
        target = Target(server, served)
        for headers in ([], [("Authorization", "Bearer wrong")], [("Cookie", f"framecue={TOKEN}")]):
            for method, address in addresses:
                if address != "/healthz":
                    assert is_refusal(target.ask(address, method, headers=headers), {401})
        assert is_refusal(target.ask(f"/?token={TOKEN[:-1]}"), {401})
        opened = target.ask(f"/?token={TOKEN}&q=a")
        assert opened.status == 303
        cookie = opened.head.partition("set-cookie: ")[2].partition(";")[0]
        assert target.ask("/api/info", headers=[("Cookie", cookie)]).status == 200
        assert target.ask("/api/info", headers=[("Authorization", f"Bearer {TOKEN}")]).status == 200
        assert not [line for line in server.lines if TOKEN in line]


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /api/info HTTP/1.1\r\n\r\n",
        b"GET /api/info HTTP/1.0\r\n\r\n",
        b"GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n",
        b"GET /api/info HTTP/1.1\r\nHost: evil.com\r\nX-Forwarded-Host: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET http://evil.com/api/info HTTP/1.1\r\nHost: evil.com\r\nConnection: close\r\n\r\n",
        b"GET http://127.0.0.1/api/info HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /api/info\tHTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\n folded: x\r\nConnection: close\r\n\r\n",
        b"GET /api/info HTTP/1.1\nHost: evil.com\nConnection: close\n\n",
        b"GET /api/\xffinfo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET /api/in\x00fo HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"GET  HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"CONNECT evil.com:443 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        b"TRACE /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Secret: abc\r\nConnection: close\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 200_000 + b"\r\n",
        b"GET /" + b"a" * 200_000,
        b"GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X: y\r\n" * 20_000,
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n0\r\n\r\nGET /api/info HTTP/1.1\r\nHost: evil.com\r\n\r\n",
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Origin: http://evil.com\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        b"\x00" * 1000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\r\n" * 5000,
    ],
    ids=lambda sent: repr(sent[:60]),
)
def test_odd_heads_are_refused(target: Target, sent: bytes) -> None:
    found = target.raw(sent)
    assert found.status == 0 or 400 <= found.status < 500, found
    assert b"X-Secret" not in found.body
    assert b'"fingerprint"' not in found.body
    if found.status:
        assert "content-type: application/problem+json" in found.head


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "PROPFIND", "get", "A" * 100])
def test_no_other_method_does_anything(target: Target, addresses, method: str) -> None:
    for _, address in [*addresses, ("GET", "/")]:
        # Names are changed in this way, by a server that was started for it; this one was not.
        is_change = address == "/api/names" and method in ("DELETE", "PATCH")
        assert is_refusal(target.ask(address, method), {403} if is_change else {405, 400, 404})


@pytest.mark.parametrize("beginning", ["", "/media", "/clips", "/thumbnails", "/api/videos", "/js", "/css"])
def test_no_path_leads_to_a_file(target: Target, beginning: str) -> None:
    secret = Path(target.served.folder) / "secret.txt"
    up = "../" * 12
    for path in (
        *(
            f"/{up}etc/passwd",
            f"/{up[:-1]}{secret}",
            f"/{secret}",
            f"//{secret}",
            f"/{up}{secret}".replace("../", "..%2f"),
        ),
        *(f"/{secret}".replace("/", "%2f"), f"/{secret}".replace("/", "%252f"), "/%2e%2e/%2e%2e/app.py", "/..;/app.py"),
        *("/..%5c..%5capp.py", "/....//....//app.py", "/%c0%ae%c0%ae/app.py", "/.%00./app.py", f"/file://{secret}"),
        *(f"/?path={secret}", f"/{target.served.film}", "/served.json", "/__init__.py", "/~root/.ssh", "/%ff%fe", "/%"),
        *("/CON", "/" + "a" * 9000, "/" + "a/" * 3000, "/%0d%0aSet-Cookie:%20a=b"),
    ):
        found = target.ask(f"{beginning}{path}")
        assert SECRET.encode() not in found.body
        assert b"root:" not in found.body
        assert b"from __future__" not in found.body
        assert "set-cookie" not in found.head
        if path != f"/?path={secret}":
            assert is_refusal(found, {400, 404, 422}), path


@pytest.mark.parametrize(
    "value", ["", "-1", "1e999", "NaN", "9" * 5000, "%00", "%ED%A0%80", "%FF", "../..", "a" * 9000, "[]"]
)
def test_values_in_addresses_are_refused_or_taken_and_never_a_defect(target: Target, addresses, value: str) -> None:
    for method, address in addresses:
        for name in ("library", "offset", "limit", "start", "end", "converted", "nonsense"):
            found = target.ask(f"{address}?{name}={value}&{name}={value}", method)
            assert 200 <= found.status < 500, (address, name, found)
            if found.status >= 400:
                assert is_refusal(found, {found.status})


NESTED = b'{"a":' * 50_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{",
        b"}",
        b"{]",
        b"{'text': 1}",
        b'{"text"',
        b"\xff\xfe{}",
        b"\x00",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        NESTED,
        NESTED + b"1" + b"}" * 50_000,
        b'{"text": "a", "k": ' + b"9" * 100_000 + b"}",
        b'{"text": "a", "min_score": NaN}',
        b'{"text": "a", "min_score": Infinity}',
        b'{"text": "a", "k": 1e400}',
        b'{"text": "a", "k": true}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\u0000"}',
        b'{"text": ""}',
        b'{"text": "   "}',
        b'{"text": {"$ne": 1}}',
        b'{"text": "a", "text": 7}',
        b'{"text": ["a"]}',
        b'{"__proto__": {"k": 1}}',
        b'{"text": "' + b"a" * 500_000 + b'"}',
        b'{"text": "a", "where": "1=1; DROP TABLE segments"}',
        b'{"text": "a", "where": "repeat(path, 1000000000) = 1"}',
        b'{"text": "a", "where": "' + b"(" * 5000 + b'"}',
        b'{"text": "a", "library": "../../etc"}',
        b'{"image": "/etc/passwd"}',
        b'{"video": "/etc/passwd"}',
        b'{"videos": [{"id": "/etc/passwd"}]}',
        b'{"videos": [{"id": "x", "at": -1}]}',
        b'{"in_video": "../x", "text": "a"}',
        b'{"text": "a", "then": ["b"], "within": -1}',
        b'{"text": "a", "weights": {"said": "many"}}',
        b'{"text": "a", "k": 0}',
        b'{"text": "a", "k": 100000000}',
        b'{"text": "a", "offset": -1}',
        b'{"text": "a", "only": ["x"]}',
        b'{"text": "a", "after": "yesterdayish"}',
        b'{"text": "a", "longer_than_seconds": "x"}',
        b'{"text": "<script>"',
    ],
    ids=lambda body: repr(body[:50]),
)
def test_a_search_that_makes_no_sense_is_told_so(target: Target, body: bytes) -> None:
    assert is_refusal(target.search(body), {400, 404, 413, 422})


def test_a_pattern_of_any_length_is_answered(target: Target) -> None:
    for pattern in ("**/" * 200 + "x", "*" * 1000, "[" * 500, "{a,b}" * 200, "?" * 1000):
        found = target.search(json.dumps({"text": "a", "path": pattern}).encode())
        assert found.status == 200 or is_refusal(found, {422})


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16", "x" * 5000]
)
def test_a_search_in_another_form_is_refused(target: Target, kind: str) -> None:
    body = b'{"text": "a", "k": "ten"}'
    headers = [("Content-Type", kind)] if kind else []
    assert is_refusal(target.ask("/api/search", "POST", headers=headers, body=body), {400, 415, 422})


def test_no_sentence_repeats_what_could_run(target: Target) -> None:
    markup = "<img src=x onerror=alert(1)>"
    for body in (
        {"text": "a", "where": markup},
        {markup: 1},
        {"text": "a", "library": markup},
        {"text": "a", "kind": markup},
    ):
        found = target.search(json.dumps(body).encode())
        assert is_refusal(found, {404, 422})
    for address in (f"/{markup.replace(' ', '%20')}", f"/api/info?library={markup.replace(' ', '%20')}"):
        assert is_refusal(target.ask(address), {400, 404, 422})


def test_what_is_too_large_is_refused_unread(target: Target) -> None:
    with target.connect() as connection:
        connection.sendall(head_of(10**12))
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 413 ")


def test_an_endless_body_ends(target: Target) -> None:
    with target.connect() as connection:
        connection.sendall(
            b"POST /api/search HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        piece = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
        sent = 0
        try:
            while sent < 10_000:  # 650 MB; it is far sooner
                connection.sendall(piece)
                sent += 1
        except OSError:
            pass
    assert sent < 10_000


def test_clients_that_send_nothing_more_stop_nobody(target: Target) -> None:
    heads = [
        b"",
        b"GET /api/info HT",
        b"GET /api/info HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
        head_of(100) + b"{",
    ]
    with ExitStack() as stack:
        for number in range(NUM_SLOW):
            connection = stack.enter_context(target.connect())
            connection.sendall(heads[number % len(heads)])
        for _ in range(5):
            target.is_well()


def test_clients_that_drip_stop_nobody(target: Target) -> None:
    is_over = threading.Event()

    def drip(connection: socket.socket) -> None:
        try:
            while not is_over.wait(0.5):
                connection.sendall(b" ")
        except OSError:
            pass

    with ExitStack() as stack, ThreadPoolExecutor(NUM_SLOW) as threads:
        for _ in range(NUM_SLOW):
            connection = stack.enter_context(target.connect())
            connection.sendall(head_of(900_000))
            threads.submit(drip, connection)
        try:
            for _ in range(5):
                target.is_well()
        finally:
            is_over.set()


def test_clients_that_take_nothing_stop_nobody(target: Target) -> None:
    video_id = target.ask("/api/videos?limit=1").document["videos"][0]["id"]
    asked = f"GET /media/{video_id} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode() * 20
    with ExitStack() as stack:
        for _ in range(NUM_SLOW):
            connection = stack.enter_context(target.connect())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(asked)
        for _ in range(5):
            target.is_well()


def test_clients_that_leave_at_once_stop_nobody(target: Target) -> None:
    body = json.dumps({"text": "a cat rises", "k": 50}).encode()
    for _ in range(NUM_SLOW):
        with target.connect() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            connection.sendall(head_of(len(body)) + body)


def test_many_requests_in_one_piece_are_all_answered(target: Target) -> None:
    one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    last = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with target.connect() as connection:
        connection.sendall(one * 99 + last)
        parts = []
        while part := connection.recv(1 << 16):
            parts.append(part)
    assert b"".join(parts).count(b'"status":"ok"') == 100


def test_more_at_once_than_are_answered_are_told_to_come_again(target: Target) -> None:
    body = json.dumps({"text": "a cat rises", "k": 20, "explain": True}).encode()
    with ThreadPoolExecutor(150) as threads:
        found = list(threads.map(lambda _: target.search(body), range(150)))
    statuses = {answer.status for answer in found}
    assert statuses <= {200, 429, 503, 504}
    assert 200 in statuses
    for answer in found:
        if answer.status == 429:
            assert "retry-after: " in answer.head
            assert is_refusal(answer, {429})


def test_what_was_looked_for_is_in_no_log(target: Target) -> None:
    target.search(b'{"text": "something quite private"}')
    target.ask("/api/info?library=something-private")
    assert any("/api/search 200" in line for line in target.server.lines)
    assert not [line for line in target.server.lines if "private" in line]
