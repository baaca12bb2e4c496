"""An open file as a response: what RFC 9110 says of ranges, conditions and HEAD."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, BinaryIO

import pytest

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')

from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.responses import Response

from framecue.service.http import file_response
from framecue.service.http.file_response import OpenFileResponse, content_disposition

CONTENT = bytes(range(256)) * 4
ETAG = '"abc"'
MODIFIED = "Sat, 03 Jan 1970 00:00:00 GMT"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], BinaryIO]:
    (tmp_path / "film.mp4").write_bytes(CONTENT)
    return lambda: (tmp_path / "film.mp4").open("rb", buffering=0)


@pytest.fixture
def client(opened: Callable[[], BinaryIO], monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(file_response, "_CHUNK_BYTES", 100)
    app = FastAPI()

    @app.api_route("/", methods=["GET", "HEAD"])
    async def film() -> Response:
        return OpenFileResponse(opened(), "video/mp4", etag="abc", modified_seconds=172_800.0, headers={"x-it": "is"})

    return TestClient(app)


def test_a_whole_file(client: TestClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.content) == (200, CONTENT)
    expected = {"content-type": "video/mp4", "content-length": "1024", "accept-ranges": "bytes", "etag": ETAG}
    assert expected | {"last-modified": MODIFIED, "x-it": "is"} == dict(answer.headers)


def test_head_has_the_headers_alone_and_knows_no_ranges(client: TestClient) -> None:
    answer = client.head("/", headers={"range": "bytes=0-9"})
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "1024")
    assert "content-range" not in answer.headers


@pytest.mark.parametrize(("wanted", "start", "stop"), [("0-", 0, 1024), ("250-549", 250, 550), ("-10", 1014, 1024)])
def test_a_range(client: TestClient, wanted: str, start: int, stop: int) -> None:
    answer = client.get("/", headers={"range": f"bytes={wanted}"})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:stop])
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/1024"
    assert (answer.headers["content-length"], answer.headers["content-type"]) == (str(stop - start), "video/mp4")


def test_several_ranges_in_the_order_that_is_wanted(client: TestClient) -> None:
    answer = client.get("/", headers={"range": "bytes=500-504, 0-2"})
    assert answer.status_code == 206
    kind, _, boundary = answer.headers["content-type"].partition("; boundary=")
    assert kind == "multipart/byteranges"
    assert len(answer.content) == int(answer.headers["content-length"])
    parts = answer.content.split(f"\r\n--{boundary}".encode())
    assert (parts[0], parts[-1]) == (b"", b"--\r\n")
    found = [part.strip(b"\r\n").split(b"\r\n\r\n", 1) for part in parts[1:-1]]
    assert [body for _, body in found] == [CONTENT[500:505], CONTENT[:3]]
    assert found[0][0] == b"Content-Type: video/mp4\r\nContent-Range: bytes 500-504/1024"


def test_a_range_that_is_not_in_the_file(client: TestClient) -> None:
    answer = client.get("/", headers={"range": "bytes=1024-"})
    assert (answer.status_code, answer.content) == (416, b"")
    assert answer.headers["content-range"] == "bytes */1024"


@pytest.mark.parametrize("nonsense", ["bytes=5-3", "bytes=a-", "rows=0-1", "bytes=0-,0-,0-", "bytes"])
def test_nonsense_is_as_if_it_were_not_there(client: TestClient, nonsense: str) -> None:
    answer = client.get("/", headers={"range": nonsense})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("if_range", "status"),
    [(ETAG, 206), (MODIFIED, 206), ('"other"', 200), (f"W/{ETAG}", 200), ("Sat, 03 Jan 1970 00:00:01 GMT", 200)],
)
def test_if_range_gives_the_whole_of_what_has_changed(client: TestClient, if_range: str, status: int) -> None:
    answer = client.get("/", headers={"range": "bytes=0-9", "if-range": if_range})
    assert answer.status_code == status
    assert answer.content == (CONTENT[:10] if status == 206 else CONTENT)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-none-match": ETAG}, 304),
        ({"if-none-match": f'"x", W/{ETAG}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"', "if-modified-since": MODIFIED}, 200),  # the former counts
        ({"if-modified-since": MODIFIED}, 304),
        ({"if-modified-since": "Fri, 02 Jan 1970 00:00:00 GMT"}, 200),
        ({"if-modified-since": "some day"}, 200),
        ({"if-match": ETAG}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": '"x"'}, 412),
    ],
)
def test_conditions(client: TestClient, headers: dict[str, str], status: int) -> None:
    for ask in (client.get, client.head):
        answer = ask("/", headers=headers)
        assert answer.status_code == status
        assert answer.headers["etag"] == ETAG
    assert client.get("/", headers=headers).content == (CONTENT if status == 200 else b"")


class Client:
    """A client that takes what is sent at its own pace."""

    def __init__(self, take: Callable[[MutableMapping[str, Any]], Any]) -> None:
        self.gone = asyncio.Event()
        self.messages: list[MutableMapping[str, Any]] = []
        self._take = take

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.messages.append(message)
        await self._take(message)


def ask_for_it(file: BinaryIO, make: Callable[[], Client]) -> Client:
    async def run() -> Client:
        client = make()
        scope = {"type": "http", "method": "GET", "headers": []}
        response = OpenFileResponse(file, "video/mp4", etag="abc")
        await asyncio.wait_for(response(scope, client.receive, client.send), 30)
        return client

    return asyncio.run(run())


def test_nothing_more_is_read_when_the_client_is_gone(opened: Callable[[], BinaryIO]) -> None:
    file = opened()

    def leaving() -> Client:
        async def take(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.body":
                client.gone.set()
                await asyncio.sleep(3600)

        client = Client(take)
        return client

    client = ask_for_it(file, leaving)
    assert len(client.messages) == 2
    assert file.closed


def test_a_client_that_takes_nothing_is_left(opened: Callable[[], BinaryIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_response, "_STALL_SECONDS", 0.01)
    file = opened()

    async def take(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.sleep(3600)

    client = ask_for_it(file, lambda: Client(take))
    assert len(client.messages) == 2
    assert file.closed


def test_a_file_that_is_cut_off_meanwhile_has_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_response, "_CHUNK_BYTES", 100)
    path = tmp_path / "film.mp4"
    path.write_bytes(CONTENT)
    file = path.open("rb", buffering=0)

    async def take(message: MutableMapping[str, Any]) -> None:
        path.write_bytes(CONTENT[:150])

    client = ask_for_it(file, lambda: Client(take))
    assert b"".join(message.get("body", b"") for message in client.messages) == CONTENT[:150]
    assert all(message.get("more_body", True) for message in client.messages)
    assert file.closed


def test_names_of_files_in_headers() -> None:
    assert content_disposition("inline", "a dog.mp4") == "inline; filename=\"a dog.mp4\"; filename*=UTF-8''a%20dog.mp4"
    made = content_disposition("attachment", 'h\u00fcnd "x"\r\nSet-Cookie: a\\b\udc80.mp4')
    assert made == (
        'attachment; filename="h_nd _x___Set-Cookie: a_b?.mp4"; '
        "filename*=UTF-8''h%C3%BCnd%20%22x%22%0D%0ASet-Cookie%3A%20a%5Cb%3F.mp4"
    )
    made.encode("latin-1")
