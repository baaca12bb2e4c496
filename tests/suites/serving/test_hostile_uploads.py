"""Hostile uploads to a server that runs: none reads another file, none is an error of the server's own, none stops the
others, and nothing of any stays on the disk."""

from __future__ import annotations

import http.client
import io
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')

from support.served import Served, make_served
from support.server_process import ServerProcess, serve

SECRET = b"the secret that no answer may hold"
SOON = 120.0
MEGABYTE = 1_000_000
LIMIT_MEGABYTES = 5
BOUNDARY = b"frontier"
FORM = f"multipart/form-data; boundary={BOUNDARY.decode()}"


@dataclass
class Target:
    """A running server, its folder of temporary files, and what it serves."""

    server: ServerProcess
    temporary: Path
    served: Served

    def post(
        self, body: bytes, kind: str = FORM, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, object]]:
        """Send a body to the search; return the status and the document."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=SOON)
        try:
            connection.request("POST", "/api/search", body, {"Content-Type": kind, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
            assert SECRET not in content
            return answer.status, json.loads(content)
        finally:
            connection.close()

    def upload(self, content: bytes, *, field: str = "image", name: str = "a.png") -> tuple[int, dict[str, object]]:
        """Upload one file."""
        return self.post(form(part(content, field=field, name=name)))

    def begin(self, head: bytes) -> socket.socket:
        """Begin a request by hand."""
        connection = socket.create_connection(("127.0.0.1", self.server.port), timeout=SOON)
        connection.sendall(head)
        return connection

    def is_well(self) -> None:
        """Have a search answered, as anybody would, and nothing left behind."""
        path, caption = self.served.clips[0]
        status, document = self.post(json.dumps({"text": caption, "k": 1}).encode(), "application/json")
        assert status == 200
        assert document["results"][0]["path"] == path  # type: ignore[index]
        for _ in range(100):
            if not list(self.temporary.iterdir()):
                return
            time.sleep(0.1)
        raise AssertionError(f"left behind: {list(self.temporary.iterdir())}")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "secret.txt").write_bytes(SECRET)
    temporary = folder / "temporary"
    temporary.mkdir()
    (folder / "served").mkdir()
    served = make_served(folder / "served")
    environment = {"TMPDIR": str(temporary)}
    with serve([served.library], "--upload-limit", LIMIT_MEGABYTES, environment=environment) as server:
        target = Target(server, temporary, served)
        target.is_well()
        yield target
        assert server.process.poll() is None
        assert not [line for line in server.lines if "Traceback" in line or "defect" in line]


@pytest.fixture(autouse=True)
def stays_well(target: Target) -> Iterator[None]:
    yield
    target.is_well()


def part(content: bytes, *, field: str = "image", name: str = "a.png", more: bytes = b"") -> bytes:
    disposition = f'Content-Disposition: form-data; name="{field}"; filename="{name}"'.encode("utf-8", "replace")
    return b"--" + BOUNDARY + b"\r\n" + disposition + b"\r\n" + more + b"\r\n" + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


def head(*lines: str) -> bytes:
    usual = ("POST /api/search HTTP/1.1", "Host: 127.0.0.1", f"Content-Type: {FORM}")
    return "\r\n".join((*usual, *lines, "", "")).encode()


def status_of(connection: socket.socket) -> int:
    """The status of the answer; 0 if there is none."""
    with suppress(OSError):
        answer = connection.recv(100)
        return int(answer.split()[1]) if answer else 0
    return 0


def png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def one_colour(side: int) -> bytes:
    return png(side, side, zlib.compress(bytes(side * (1 + -(-side // 8))), 9))


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (220, 30, 30)).save(file, "PNG")
    return file.getvalue()


def test_an_upload_that_says_it_is_huge_is_refused_before_it_comes(target: Target) -> None:
    with target.begin(head(f"Content-Length: {10**12}")) as connection:
        assert status_of(connection) == 413


def test_an_endless_upload_is_ended_at_the_limit(target: Target) -> None:
    with target.begin(head("Transfer-Encoding: chunked")) as connection:
        block = b"x" * 100_000
        sent = 0

        def send(content: bytes) -> None:
            connection.sendall(b"%x\r\n" % len(content) + content + b"\r\n")

        send(part(b"")[:-2])
        with suppress(OSError):  # the server ends it
            while sent < 20 * LIMIT_MEGABYTES * MEGABYTE:
                send(block)
                sent += len(block)
        # What the system keeps for both ends of a connection is sent, too.
        assert sent < 10 * LIMIT_MEGABYTES * MEGABYTE
        assert status_of(connection) in (413, 0)


def test_an_upload_just_above_the_limit_is_told(target: Target) -> None:
    status, document = target.upload(bytes(LIMIT_MEGABYTES * MEGABYTE + 1))
    assert (status, document["status"]) == (413, 413)
    assert "at most" in str(document["detail"])


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM),
        (b"nothing of the kind", FORM),
        (form(part(b"x")), "multipart/form-data"),
        (form(part(b"x")), "multipart/form-data; boundary="),
        (form(part(b"x")), "multipart/form-data; boundary=another"),
        (form(part(b"x")), 'multipart/form-data; boundary="' + "b" * 1000),
        (part(picture()), FORM),
        (part(picture())[:60], FORM),
        (b"--" + BOUNDARY, FORM),
        (b"--" + BOUNDARY + b"\r\n\r\nno head\r\n--" + BOUNDARY + b"--\r\n", FORM),
        (b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data\r\n\r\nx\r\n--" + BOUNDARY + b"--\r\n", FORM),
        (b"--" + BOUNDARY + b"\r\n: \r\n\r\nx\r\n--" + BOUNDARY + b"--\r\n", FORM),
        (form(part(b"x", more=b"X: " + b"y" * 2 * MEGABYTE + b"\r\n")), FORM),
        (form(part(b"x", more=b"X: y\r\n" * 50_000)), FORM),
        (form(*[part(b"x")] * 2_000), FORM),
        (form(*[part(b"x", field=str(number)) for number in range(3)]), FORM),
        (form(part(b'{"text": "a"}', field="query"), part(b"{}", field="query")), FORM),
        (form(part(b"[" * MEGABYTE, field="query")), FORM),
        (form(part(picture(), field="image\0")), FORM),
        (form(part(b"x", more=b"Content-Transfer-Encoding: base64\r\n")), FORM),
    ],
    ids=range(20),
)
def test_a_form_that_is_malformed_is_a_clear_problem(target: Target, body: bytes, kind: str) -> None:
    status, document = target.post(body, kind)
    assert 400 <= status < 500
    assert document["detail"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 100_000,
        b"no picture, and no video",
        SECRET,
        picture()[:-30],
        picture()[:40],
        b"GIF89a" + bytes(range(256)) * 50,
        b"\xff\xd8\xff\xe0" + bytes(10_000),
        b"RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\xff\xff\xff\xffmoov",
        b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file://{secret}'/></svg>",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile 'file:{secret}'\n",
        b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file://{secret}'>]><a>&b;</a>",
        b"%!PS\n({secret}) (r) file\n",
        b"push graphic-context\nimage over 0,0 0,0 'file:{secret}'\npop graphic-context",
    ],
    ids=range(16),
)
@pytest.mark.parametrize("field", ["image", "video"])
def test_what_is_no_picture_is_a_clear_problem(target: Target, content: bytes, field: str) -> None:
    content = content.replace(b"{secret}", bytes(target.temporary.parent / "secret.txt"))
    status, document = target.upload(content, field=field)
    assert status in (415, 422)
    assert "that was uploaded" in str(document["detail"])
    assert "/proc/" not in str(document)


@pytest.mark.parametrize(
    "content",
    [
        one_colour(17_000),
        one_colour(40_000),
        png(2**31 - 1, 2**31 - 1, zlib.compress(bytes(1000))),
        png(64, 48, zlib.compress(bytes(30 * MEGABYTE), 9)),
        png(0, 0, b""),
    ],
    ids=["289 megapixels", "1600 megapixels", "as many as can be said", "more than it says", "none"],
)
def test_a_decompression_bomb_is_refused(target: Target, content: bytes) -> None:
    status, document = target.upload(content)
    assert status in (200, 415)
    # The one that holds more than it says shows what it says.
    assert status == 415 or document["results"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\0b", "x" * 4000, "<script>", "\ud800", "..", ""]
)
def test_what_an_upload_is_called_does_not_matter(target: Target, name: str) -> None:
    status, document = target.upload(picture(), name=name)
    assert status in (200, 422)
    assert len(str(document.get("query", ""))) < 200


def test_compressed_bodies_are_not_unpacked(target: Target) -> None:
    content = zlib.compress(form(part(picture())))
    status, _ = target.post(content, headers={"Content-Encoding": "deflate"})
    assert 400 <= status < 500


def test_slow_ones_and_those_who_leave_hold_up_nobody(target: Target) -> None:
    body = form(part(picture()))
    slow = [target.begin(head(f"Content-Length: {len(body)}") + body[:100]) for _ in range(12)]
    try:
        began = time.monotonic()
        assert target.upload(picture())[0] == 200
        target.is_well()
        assert time.monotonic() - began < SOON
    finally:
        for connection in slow:
            connection.close()


def test_many_at_once_are_answered_or_told_to_come_again(target: Target) -> None:
    contents = [picture(), b"none", Path(target.served.clips[0][0]).read_bytes(), one_colour(3_000)]

    def upload(number: int) -> int:
        return target.upload(contents[number % len(contents)], field="video" if number % 2 else "image")[0]

    with ThreadPoolExecutor(24) as threads:
        statuses = list(threads.map(upload, range(24)))
    assert set(statuses) <= {200, 415, 429}
    assert statuses.count(200) >= 1
