"""Buckets for tests: an S3 server in a process of its own, on the loopback, that can be made to fail.

A test takes the fixture `bucket`: an empty bucket, whose environment is set. One server a test process is started when
the first test needs it (a second or two). `object_server` is the server itself, to be told of faults:

    def test_it_waits(bucket, object_server):
        object_server.fault("status", status=503, method="PUT", key=r"\\.manifest$", times=3)
        ...
        assert [request.key for request in object_server.requests("GET")] == [...]
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import pytest

__all__ = ["Bucket", "ObjectServer", "Request", "bucket", "object_server", "run_object_server"]

START_SECONDS = 120
"""How long the server may take to begin; only a machine with much else to do comes near it."""

# Whose request it is; the server does not check the signature.
_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=tests/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"

FaultKind = Literal["status", "stall", "lost", "cut"]


@dataclass(frozen=True)
class Request:
    """A request that the server got.

    Attributes:
        method: GET, PUT, POST, DELETE or HEAD.
        bucket: the bucket's name.
        key: the object's key; empty for a listing.
        query: what follows the question mark.
        range: the header Range; empty for a whole object.
        received: bytes of its body.
        sent: bytes of the answer's body.
        status: of the answer as the store made it; 0 if it made none.
        fault: the kind of fault that it met; empty if none.
    """

    method: str
    bucket: str
    key: str
    query: str
    range: str
    received: int
    sent: int
    status: int
    fault: str


@dataclass(frozen=True)
class ObjectServer:
    """A running S3 server.

    Attributes:
        process: the program.
        endpoint: its address.
    """

    process: subprocess.Popen[bytes]
    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which obstore and LanceDB reach it. Set them in processes that a test starts, too."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def fault(
        self,
        kind: FaultKind,
        *,
        status: int = 503,
        code: str = "SlowDown",
        method: str = "",
        key: str = "",
        query: str = "",
        after: int = 0,
        times: int | None = 1,
        seconds: float = 1.0,
        lasts_seconds: float | None = None,
    ) -> None:
        """Let requests fail from now on. The first fault that a request meets is the one that it gets.

        Args:
            kind: "status": answered with an error, nothing is done. "stall": answered late, `seconds` later. "lost":
                done, but answered with `status`, or, if that is 0, the connection is ended without an answer. "cut":
                done, but the connection ends after half of the answer's bytes.
            status: 503, 429, 403, ... of "status" and "lost".
            code: what S3 calls it: SlowDown, AccessDenied, ...
            method: which requests, by a regular expression for the whole method; empty for all.
            key: a regular expression that is looked for in the object's key (without the bucket).
            query: likewise in the query.
            after: how many such requests are let through first.
            times: how many then fail; None for all.
            seconds: how long a "stall" takes; :meth:`heal` ends it sooner.
            lasts_seconds: how long from now requests fail; None for as long as `times` says.
        """
        told = {
            **{"kind": kind, "status": status, "code": code, "method": method, "key": key, "query": query},
            **{"after": after, "times": times, "seconds": seconds, "lasts_seconds": lasts_seconds},
        }
        self._tell("fault", told)

    def ignore_conditions(self, *kinds: Literal["absent", "match"]) -> None:
        """Ignore If-None-Match ("absent") or If-Match ("match"), as stores do that do not know them."""
        self._tell("ignore", kinds)

    def heal(self) -> None:
        """End all faults, and honour conditions again."""
        self._tell("heal")

    def requests(self, method: str = "", *, key: str = "") -> list[Request]:
        """Return what was asked since :meth:`forget_requests`, in order.

        Args:
            method: of one kind alone; empty for all.
            key: of objects with this in their key alone.
        """
        asked = [Request(**each) for each in self._tell("requests")]
        return [each for each in asked if (not method or each.method == method) and key in each.key]

    def forget_requests(self) -> None:
        """Begin the log of requests anew."""
        self._tell("forget")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Keep the server from doing anything within the block, as if the network were gone."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def make_bucket(self, name: str = "") -> Bucket:
        """Make an empty bucket.

        Args:
            name: its name; empty for one that no other bucket has.
        """
        made = Bucket(self, name or f"tests-{uuid.uuid4().hex[:12]}")
        made.ask("PUT", "")
        return made

    def _tell(self, name: str, told: object = None) -> Any:
        request = urllib.request.Request(
            f"{self.endpoint}/_control/{name}", data=json.dumps(told).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Bucket:
    """A bucket of the server. What a test asks of it here meets no fault and is not in the log.

    Attributes:
        server: where it is.
        name: the bucket's name.
    """

    server: ObjectServer
    name: str

    @property
    def url(self) -> str:
        """``s3://name``, without a slash at the end."""
        return f"s3://{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which it is reached; this process has them."""
        return self.server.environment

    def put(self, key: str, content: bytes | Path) -> str:
        """Store an object; return its URL."""
        self.ask("PUT", key, content.read_bytes() if isinstance(content, Path) else content)
        return f"{self.url}/{key}"

    def get(self, key: str) -> bytes:
        """Return an object's content.

        Raises:
            KeyError: there is none.
        """
        return self.ask("GET", key)

    def delete(self, key: str) -> None:
        """Remove an object; it need not be there."""
        self.ask("DELETE", key)

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of all objects, sorted."""
        return list(self.sizes(prefix))

    def sizes(self, prefix: str = "") -> dict[str, int]:
        """Return the sizes in bytes of all objects, by key, in the order of the keys."""
        found: dict[str, int] = {}
        more: dict[str, str] = {}
        while True:
            asked = {"list-type": "2", "prefix": prefix, **more}
            listed = ElementTree.fromstring(self.ask("GET", "", query=urllib.parse.urlencode(asked)))
            space = listed.tag.removesuffix("ListBucketResult")
            for each in listed.iter(f"{space}Contents"):
                found[str(each.findtext(f"{space}Key"))] = int(each.findtext(f"{space}Size") or 0)
            token = listed.findtext(f"{space}NextContinuationToken")
            if not token:
                return dict(sorted(found.items()))
            more = {"continuation-token": token}

    def ask(self, method: str, key: str, content: bytes | None = None, *, query: str = "") -> bytes:
        """Send a request of the test's own; return the answer's body.

        Raises:
            KeyError: there is no such object.
        """
        place = f"{self.server.endpoint}/{self.name}/{urllib.parse.quote(key)}".rstrip("/")
        request = urllib.request.Request(
            f"{place}?{query}" if query else place,
            data=content if content is not None else (b"" if method == "PUT" else None),
            method=method,
            headers={"X-Tests-Own": "1", "Content-Type": "application/octet-stream", "Authorization": _AUTHORIZATION},
        )
        try:
            with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    raise KeyError(key) from error
                raise


@contextmanager
def run_object_server() -> Iterator[ObjectServer]:
    """Run a server until the context ends; it ends too if this process is killed.

    Raises:
        AssertionError: it does not begin.
    """
    support = Path(__file__).parents[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "support.object_server_program"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(support), os.environ.get("PYTHONPATH", "")])},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process, process.stdin, process.stdout:
        port = process.stdout.readline().strip()
        try:
            assert port.isdigit(), "the S3 server did not begin"
            yield ObjectServer(process, f"http://127.0.0.1:{int(port)}")
        finally:
            process.kill()


@pytest.fixture(scope="session")
def session_object_server() -> Iterator[ObjectServer]:
    """The server of all tests of this process."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip('needs an S3 server: pip install "framecue[dev]" brings moto')
    with run_object_server() as server:
        yield server


@pytest.fixture
def object_server(session_object_server: ObjectServer) -> Iterator[ObjectServer]:
    """An S3 server without faults and with an empty log."""
    session_object_server.heal()
    session_object_server.forget_requests()
    yield session_object_server
    session_object_server.heal()


@pytest.fixture
def bucket(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """An empty bucket, by `bucket.url`; the environment of this process leads there."""
    set_environment(monkeypatch, object_server.environment)
    return object_server.make_bucket()


def set_environment(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Let this process reach a server, and no other one that the environment may speak of."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
