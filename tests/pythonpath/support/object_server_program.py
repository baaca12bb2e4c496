"""An S3 server on the loopback, with faults that are switched on: `python -m support.object_server_program`.

It is moto's, behind a layer that a test steers over HTTP (`/_control`; see `support.object_server`, which starts it).
It ends when its standard input does, so that it never outlives the tests that started it, however these end.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from moto.moto_server.werkzeug_app import create_backend_app
from werkzeug.serving import make_server

CONTROL = "/_control/"
# Requests with this header are the test's own: they meet no fault and are not logged.
OWN = "HTTP_X_TESTS_OWN"
CONDITIONS = {"absent": "HTTP_IF_NONE_MATCH", "match": "HTTP_IF_MATCH"}

Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass
class Rule:
    """A fault and what it is still to meet; see `support.object_server.ObjectServer.fault`."""

    kind: str
    status: int
    code: str
    method: str
    key: str
    query: str
    after: int
    times: int | None
    seconds: float
    until: float | None

    def meets(self, method: str, key: str, query: str) -> bool:
        if self.until is not None and monotonic() > self.until:
            return False
        if not re.fullmatch(self.method or ".*", method):
            return False
        return re.search(self.key, key) is not None and re.search(self.query, query) is not None

    def take(self) -> bool:
        """Whether the fault is for this request, which counts."""
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class Switchboard:
    """moto's application behind faults and a log."""

    def __init__(self) -> None:
        self.inner = create_backend_app("s3")
        self.rules: list[Rule] = []
        self.requests: list[dict[str, Any]] = []
        self.ignored: set[str] = set()
        self.lock = threading.Lock()
        # moto looks and then writes; a store does both in one.
        self.conditional = threading.Lock()
        self.healed = threading.Event()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        # A body that comes in chunks ends by itself.
        size = -1 if environ.get("wsgi.input_terminated") else int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(size)
        if path.startswith(CONTROL):
            return self._control(path.removeprefix(CONTROL), body, start)
        environ["wsgi.input"] = _Body(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if OWN in environ:
            return self._answer(environ)(start)
        return self._faulty(environ, start, len(body))

    def _control(self, name: str, body: bytes, start: Start) -> Iterable[bytes]:
        told = json.loads(body or b"null")
        answer: object = None
        with self.lock:
            if name == "fault":
                lasts = told.pop("lasts_seconds")
                self.rules.append(Rule(**told, until=None if lasts is None else monotonic() + lasts))
            elif name == "heal":
                self.rules.clear()
                self.ignored = set()
                self.healed.set()
                self.healed = threading.Event()
            elif name == "ignore":
                self.ignored = set(told)
            elif name == "requests":
                answer = list(self.requests)
            elif name == "forget":
                self.requests.clear()
        content = json.dumps(answer).encode()
        start("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]

    def _faulty(self, environ: Environ, start: Start, received: int) -> Iterator[bytes]:
        method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
        bucket, _, key = _text(environ["PATH_INFO"]).lstrip("/").partition("/")
        with self.lock:
            rule = next((rule for rule in self.rules if rule.meets(method, key, query) and rule.take()), None)
            healed = self.healed
            for kind in self.ignored:
                environ.pop(CONDITIONS[kind], None)
        noted = {
            **{"method": method, "bucket": bucket, "key": key, "query": query},
            **{"range": environ.get("HTTP_RANGE", ""), "received": received, "sent": 0, "status": 0},
            "fault": rule.kind if rule else "",
        }
        with self.lock:
            self.requests.append(noted)
        if rule is not None and rule.kind == "stall":
            healed.wait(rule.seconds)
        if rule is not None and rule.kind == "status":
            content = _error(rule.code)
            noted |= {"status": rule.status, "sent": len(content)}
            start(
                f"{rule.status} {rule.code}",
                [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))],
            )
            yield content
            return
        heard: list[Any] = []
        content = b"".join(self._answer(environ)(lambda *told: heard.extend(told)))
        status, headers = heard[0], heard[1]
        noted["status"] = int(status.split()[0])
        if rule is not None and rule.kind == "lost":
            if rule.status == 0:
                _hang_up(environ)
            content = _error(rule.code)
            start(
                f"{rule.status} {rule.code}",
                [("Content-Type", "application/xml"), ("Content-Length", str(len(content)))],
            )
            yield content
            return
        start(status, headers)
        if rule is not None and rule.kind == "cut":
            noted["sent"] = len(content) // 2
            yield content[: len(content) // 2]
            _hang_up(environ)
        noted["sent"] = len(content)
        yield content

    def _answer(self, environ: Environ) -> Callable[[Start], list[bytes]]:
        def answer(start: Start) -> list[bytes]:
            if any(name in environ for name in CONDITIONS.values()):
                with self.conditional:
                    return list(self.inner(environ, start))
            return list(self.inner(environ, start))

        return answer


class _Body:
    """A request's body that was read already."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def read(self, size: int | None = -1) -> bytes:
        end = len(self._content) if size is None or size < 0 else self._at + size
        part, self._at = self._content[self._at : end], min(end, len(self._content))
        return part

    def readline(self, size: int = -1) -> bytes:
        end = self._content.find(b"\n", self._at)
        return self.read(len(self._content) - self._at if end < 0 else end + 1 - self._at)


def _text(place: str) -> str:
    """Return a place as it is written; WSGI gives its bytes as Latin-1."""
    return place.encode("latin-1").decode(errors="replace")


def _error(code: str) -> bytes:
    """Return what S3 says of an error."""
    return f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'.encode()


def _hang_up(environ: Environ) -> None:
    """End the connection; nothing more of the answer is sent."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionResetError


def _end_with_input() -> None:
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


def main() -> None:
    """Serve until standard input ends; the first line that is printed is the port."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = make_server("127.0.0.1", 0, Switchboard(), threaded=True)
    print(server.port, flush=True)
    threading.Thread(target=_end_with_input, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
