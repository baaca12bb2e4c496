"""Hostile requests for files, to a server that runs: none reads another file, none is an error of the server's own, and
none stops the others."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')

from support.playing import make_film, write_library
from support.server_process import ServerProcess, serve

SECRET = b"the secret that no answer may hold"
SOON = 60.0


@dataclass
class Target:
    """A running server, and what it may and may not give."""

    server: ServerProcess
    folder: Path
    ids: dict[str, str]

    def ask(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a path as it stands, and return status, headers and content."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=SOON)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, content
        finally:
            connection.close()

    def is_well(self) -> None:
        """Have a file sent, as anybody would."""
        status, _, content = self.ask(f"/media/{self.ids['film']}", headers={"Range": "bytes=0-9"})
        assert (status, content) == (206, (self.folder / "film.mp4").read_bytes()[:10])


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("target")
    (folder / "secret.txt").write_bytes(SECRET)
    files = {
        "film": make_film(folder / "film.mp4", num_frames=100),
        "avi": make_film(folder / "film.avi", "mpeg4", "libmp3lame", num_frames=50),
        "swapped": make_film(folder / "swapped.mp4"),
        "linked": make_film(folder / "linked.avi", "mpeg4", None),
        "gone": make_film(folder / "gone.mp4"),
        "pipe": make_film(folder / "pipe.mp4"),
        "text": folder / "text.avi",
        "bomb": folder / "bomb.avi",
        "picture bomb": folder / "bomb.png",
    }
    files["text"].write_bytes(b"no film at all " * 99)
    make_film(files["bomb"], "rawvideo", None, num_frames=2)
    files["bomb"].write_bytes(huge_avi(files["bomb"].read_bytes()))
    files["picture bomb"].write_bytes(huge_png())
    ids = write_library(folder / "videos.lance", files, seconds=10.0)
    # Since it was indexed, much has changed.
    files["swapped"].unlink()
    files["swapped"].symlink_to(folder / "secret.txt")
    files["linked"].unlink()
    files["linked"].symlink_to(folder / "film.avi")
    files["gone"].unlink()
    files["pipe"].unlink()
    os.mkfifo(files["pipe"])
    environment = {"FRAMECUE_CACHE": str(folder / "cache"), "FRAMECUE_GRAPHS": "off"}
    with serve([folder / "videos.lance"], environment=environment) as server:
        yield Target(server, folder, ids)
    assert not [line for line in server.lines if "Traceback" in line or "defect" in line]


def huge_avi(content: bytes) -> bytes:
    """Say that pictures are 30 000 pixels wide and high, and that there are a million."""
    place = content.index(b"avih") + 8
    content = content[: place + 16] + struct.pack("<I", 1_000_000) + content[place + 20 :]
    content = content[: place + 32] + struct.pack("<II", 30_000, 30_000) + content[place + 40 :]
    place = content.index(b"strf") + 12
    return content[:place] + struct.pack("<ii", 30_000, 30_000) + content[place + 8 :]


def huge_png() -> bytes:
    """Return a picture of 60 000 x 60 000 pixels, in a few hundred kilobytes."""
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" * (1 + 60_000 // 8)
    head = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 60_000)) + chunk(b"IEND", b"")
    )


PLACES = ["/media/{}", "/media/{}?converted=1", "/clips/{}?start=0&end=1", "/thumbnails/{}/0", "/api/videos/{}"]
NAMES = [
    *(
        "..",
        "../secret.txt",
        "../../../../../../etc/passwd",
        "..%2fsecret.txt",
        "%2e%2e%2fsecret.txt",
        "..%252fsecret.txt",
    ),
    *(
        "..\\secret.txt",
        "..%5csecret.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "file:///etc/passwd",
        "%00",
        "film.mp4%00",
    ),
    *(
        "%c0%ae%c0%ae%2fsecret.txt",
        "%ff%fe",
        "~",
        "%7e%2fsecret.txt",
        "C:%5cwindows%5cwin.ini",
        "proc%2fself%2fenviron",
    ),
    *("'%20OR%201=1--", "'", '"', "*", "%25", "a" * 5000, "%F0%9F%92%A9", ".", "con", "nul", "-1", "null"),
]


@pytest.mark.parametrize("place", PLACES)
def test_no_name_leads_out_of_the_library(target: Target, place: str) -> None:
    for name in (*NAMES, str(target.folder / "secret.txt"), str(target.folder / "film.mp4").replace("/", "%2f")):
        for method in ("GET", "HEAD"):
            status, _, content = target.ask(place.format(name), method=method)
            # Of two dots, HEAD for a clip is no route of the API: the page's files send to the folder with a slash.
            assert 400 <= status < 500 or (name, method, status) in (("..", "HEAD", 307), (".", "HEAD", 307)), name
            assert SECRET not in content
            assert b"root:" not in content
    target.is_well()


@pytest.mark.parametrize("name", ["swapped", "linked", "gone", "pipe"])
def test_what_took_the_place_of_a_file_is_not_given(target: Target, name: str) -> None:
    for query in ("", "?converted=1"):
        status, headers, content = target.ask(f"/media/{target.ids[name]}{query}")
        assert (status, headers["content-type"]) == (410, "application/problem+json")
        assert SECRET not in content
        assert str(target.folder).encode() not in content
    assert target.ask(f"/clips/{target.ids[name]}?start=0&end=1")[0] == 410
    target.is_well()


@pytest.mark.parametrize("name", ["text", "bomb", "picture bomb"])
def test_bombs_cost_themselves_alone(target: Target, name: str) -> None:
    assert target.ask(f"/media/{target.ids[name]}", headers={"Range": "bytes=0-3"})[0] == 206
    for path in (f"/media/{target.ids[name]}?converted=1", f"/clips/{target.ids[name]}?start=0&end=1"):
        status = 202
        deadline = time.monotonic() + 10 * SOON
        while status == 202 and time.monotonic() < deadline:
            status, headers, content = target.ask(path)
        assert status in (415, 422, 503)
        assert headers["content-type"] == "application/problem+json"
        assert b"defect" not in content
        target.is_well()
    left = [path.name for path in (target.folder / "cache" / "media").iterdir()]
    assert not [name for name in left if name.startswith(".")]


RANGES = [
    *(
        "bytes=0-",
        "bytes=-1",
        "bytes=-0",
        "bytes=99999999999-",
        "bytes=5-1",
        "bytes=--1",
        "bytes=a-b",
        "bytes=",
        "bytes",
    ),
    *("bytes=0-0,-1", "bytes=" + ",".join(["0-"] * 2000), "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 4000, 2))),
    *(
        "bytes=0-18446744073709551616",
        "bytes=" + "9" * 5000 + "-",
        "chunks=1-2",
        "bytes=0x0-0xff",
        "bytes=0-1;q=1",
        "=1-2",
    ),
    *("bytes=1e3-", "bytes=\xb2-\xb3", "items=0-5, bytes=0-5"),
]


def test_ranges(target: Target) -> None:
    whole = (target.folder / "film.mp4").read_bytes()
    for wanted in RANGES:
        status, headers, content = target.ask(f"/media/{target.ids['film']}", headers={"Range": wanted})
        assert status in (200, 206, 416), (wanted[:40], status)
        assert int(headers["content-length"]) == len(content) <= len(whole) + 4000
        if status == 200:
            assert content == whole
        if status == 416:
            assert headers["content-range"] == f"bytes */{len(whole)}"
        if "content-range" in headers and status == 206:
            start, stop = map(int, re.findall(r"\d+", headers["content-range"])[:2])
            assert content == whole[start : stop + 1]


def test_headers_that_mean_nothing(target: Target) -> None:
    for headers in (
        {"If-Range": "\x7f" * 100, "Range": "bytes=0-1"},
        {"If-None-Match": '"' * 5000},
        {"If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT"},
        {"If-Match": '"x"'},
        {"Prefer": "wait=" + "9" * 999},
        {"Accept": "\xff" * 500},
    ):
        for query in ("", "?converted=1&start=0&end=1"):
            assert target.ask(f"/media/{target.ids['film']}{query}", headers=headers)[0] in (200, 202, 206, 304, 412)
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"):
        assert target.ask(f"/media/{target.ids['film']}", method=method)[0] == 405
    target.is_well()


def test_numbers_that_mean_nothing(target: Target) -> None:
    for start, end in (
        ("nan", "nan"),
        ("0", "inf"),
        ("-1", "1"),
        ("1e400", "2"),
        ("0", "1e308"),
        ("x", ""),
        ("5", "1"),
    ):
        query = f"start={start}&end={end}"
        assert target.ask(f"/media/{target.ids['film']}?converted=1&{query}")[0] == 422
        assert target.ask(f"/clips/{target.ids['film']}?{query}")[0] == 422
    for segment in ("nan", "inf", "-1", "1e400", "x", "9" * 400, "0;drop"):
        assert target.ask(f"/thumbnails/{target.ids['film']}/{segment}")[0] in (404, 422)
    assert target.ask(f"/media/{target.ids['film']}?converted=perhaps")[0] == 422
    assert target.ask(f"/media/{target.ids['film']}?library=../other")[0] == 404
    target.is_well()


def test_slow_readers_stop_nobody(target: Target) -> None:
    large = target.folder / "large.mp4"
    with large.open("wb") as file:
        file.truncate(1 << 30)
    other = target.folder / "large.lance"
    ids = write_library(other, {"large": large})
    environment = {"FRAMECUE_CACHE": str(target.folder / "cache"), "FRAMECUE_GRAPHS": "off"}
    with serve([other], environment=environment) as server:
        readers = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(40)]
        try:
            for number, reader in enumerate(readers):
                request = f"GET /media/{ids['large']} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"
                # Some never even end their request.
                reader.sendall(request.encode() if number % 4 else request[:30].encode())
            assert readers[1].recv(10) == b"HTTP/1.1 2"
            before = memory_bytes(server.process.pid)
            slow = Target(server, target.folder, {"film": ids["large"]})
            for _ in range(5):
                status, _, content = slow.ask(f"/media/{ids['large']}", headers={"Range": "bytes=-100000"})
                assert (status, len(content)) == (206, 100_000)
            assert memory_bytes(server.process.pid) - before < 50_000_000  # what they do not take is not read
        finally:
            for reader in readers:
                reader.close()
        assert Target(server, target.folder, {}).ask("/healthz")[0] in (200, 503)
    large.unlink()
    shutil.rmtree(other)


def memory_bytes(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1024


def test_who_leaves_midway_leaves_nothing_behind(target: Target) -> None:
    for path in ("/clips/{}?start=0&end=9", "/media/{}?converted=1&start=0.25&end=4"):
        for _ in range(5):
            with socket.create_connection(("127.0.0.1", target.server.port)) as reader:
                asked = path.format(target.ids["avi"])
                reader.sendall(f"GET {asked} HTTP/1.1\r\nHost: 127.0.0.1:{target.server.port}\r\n\r\n".encode())
                time.sleep(0.05)
    target.is_well()
    deadline = time.monotonic() + SOON
    folder = target.folder / "cache" / "media"
    while (
        left := [file.name for file in folder.iterdir() if file.name.startswith(".")]
    ) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert left == []
    # There is room again.
    while (status := target.ask(f"/clips/{target.ids['avi']}?start=0&end=1")[0]) == 429:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert status == 200


def test_many_want_one_conversion(target: Target) -> None:
    path = f"/media/{target.ids['avi']}?converted=1&start=0.5&end=4.5"
    found: list[tuple[int, bytes]] = []

    def ask() -> None:
        status, _, content = target.ask(path)
        found.append((status, content))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * SOON)
    assert {status for status, _ in found} <= {200, 202}
    done = {content for status, content in found if status == 200}
    assert len(done) <= 1
    status = 202
    while status == 202:
        status, _, _ = target.ask(path)
    assert status == 200


def test_many_conversions_at_once_are_bounded(target: Target) -> None:
    wanted = [f"/media/{target.ids['film']}?converted=1&start=0&end={1 + number / 10}" for number in range(30)]
    statuses = [target.ask(path, headers={"Prefer": "respond-async"})[0] for path in wanted]
    assert set(statuses) <= {200, 202, 429}
    assert 429 in statuses
    assert statuses[0] in (200, 202)
    target.is_well()
    # Nobody asks for them again, so they make room.
    deadline = time.monotonic() + 3 * SOON
    while target.ask(wanted[-1], headers={"Prefer": "respond-async"})[0] == 429 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert time.monotonic() < deadline
