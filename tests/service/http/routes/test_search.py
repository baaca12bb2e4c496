from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from framecue.library import Library, Query, SearchResult
from framecue.service.http.dependencies import _searches
from framecue.service.http.problems import CLIENT_LEFT
from framecue.service.http.routes import search
from support.served import SAID, Served


def ask(client: TestClient, **document: Any) -> dict[str, Any]:
    answer = client.post("/api/search", json=document)
    assert answer.status_code == 200, answer.text
    return answer.json()


def upload(client: TestClient, query: dict[str, Any] | None = None, **files: bytes) -> Any:
    data = {} if query is None else {"query": json.dumps(query)}
    return client.post("/api/search", data=data, files={name: (name, file) for name, file in files.items()})


def close_to(document: Any) -> Any:
    """The same document, with numbers that may differ in the last digits: texts may have been encoded together."""
    if isinstance(document, dict):
        return {key: close_to(value) for key, value in document.items()}
    if isinstance(document, list):
        return [close_to(value) for value in document]
    return pytest.approx(document, abs=1e-4) if isinstance(document, float) else document


def test_it_answers_with_the_document_that_the_command_prints(client: TestClient, served: Served) -> None:
    caption = served.clips[0][1]
    found = ask(client, text=caption, k=3)
    hits = Library(served.library).search(Query.parse(caption), k=3)
    assert found == close_to(SearchResult(caption, hits).to_dict())
    assert found["results"][0]["path"] == served.clips[0][0]


def test_what_is_said_is_found_with_its_times(client: TestClient, served: Served) -> None:
    (best, *_) = ask(client, text=f'said:"{SAID[1]}"')["results"]
    assert (best["path"], best["legs"][0]["leg"]) == (served.film, "said")
    assert best["start_seconds"] == pytest.approx(4.5, abs=0.1)


def test_pages_and_filters_and_order(client: TestClient, served: Served) -> None:
    first, second = (ask(client, text="a panda", k=2, offset=offset)["results"] for offset in (0, 2))
    assert [hit["rank"] for hit in (*first, *second)] == [1, 2, 3, 4]
    assert ask(client, text="a panda", offset=9_000)["results"] == []
    assert {hit["path"] for hit in ask(client, text="a", path="film.mp4", all_moments=True)["results"]} == {served.film}
    ordered = ask(client, text=served.scenes[0][2], then=served.scenes[2][2], within=60)
    parts = ordered["results"][0]["parts"]
    assert [part["part"] for part in parts] == [served.scenes[0][2], served.scenes[2][2]]
    assert [[(leg["leg"], leg["score"]) for leg in part["legs"]] for part in parts] == [
        [("seen", part["score"])] for part in parts
    ]


def test_one_video_and_more_like_a_moment(client: TestClient, served: Served) -> None:
    (film, *_) = ask(client, text=f'said:"{SAID[0]}"')["results"]
    strip = ask(client, text=served.scenes[1][2], in_video=film["video_id"], all_moments=True, k=50)["results"]
    assert {hit["video_id"] for hit in strip} == {film["video_id"]}
    assert len(strip) >= len(served.scenes)
    like = ask(client, videos=[{"id": film["video_id"], "at": 5.0}], only="seen", all_moments=True)
    assert like["results"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert like["results"][0]["start_seconds"] <= 5.0 <= like["results"][0]["end_seconds"]
    for document in ({"text": "a", "in_video": "f00d"}, {"videos": [{"id": "f00d"}]}):
        answer = client.post("/api/search", json=document)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
        assert "the library holds no video with" in answer.json()["detail"]


def test_explained_and_refined(client: TestClient, served: Served) -> None:
    (best,) = ask(client, text=served.clips[0][1], k=1, explain=True, refine=True)["results"]
    assert best["explanation"]["frame"]["score"] > 0
    assert best["path"] == served.clips[0][0]


@pytest.mark.parametrize(
    ("document", "status", "says"),
    [
        ({}, 422, "the query is empty"),
        ({"text": "  "}, 422, "the query is empty"),
        ({"text": "a", "k": 0}, 422, "'k' must be at least 1"),
        ({"text": "a", "image": "/etc/passwd"}, 422, "reads no file by its path"),
        ({"text": "a", "where": "nothing = 1"}, 422, "there is no column nothing"),
        ({"text": "a", "where": "1 = "}, 422, "cannot be used"),
        ({"text": "captions:a"}, 422, "captions: there is nothing to search"),
        ({"text": "a", "only": "meaning"}, 422, "meaning: there is nothing to search"),
        ({"text": "a", "library": "no such"}, 404, "there is no library of that name"),
        ({"text": "a", "at": 3}, 422, "at is the moment of a video that is uploaded"),
        ({"videos": [{"id": "f0", "at": 1}], "hybrid": True}, 422, "hybrid search needs a text"),
        (["a"], 422, "it must be a JSON object"),
    ],
)
def test_what_cannot_be_answered_is_told(client: TestClient, document: object, status: int, says: str) -> None:
    answer = client.post("/api/search", json=document)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]


@pytest.mark.parametrize(
    ("kind", "content", "status", "says"),
    [
        ("text/plain", b'{"text": "a"}', 415, "send the search as application/json"),
        ("application/x-www-form-urlencoded", b"text=a", 415, "send the search as application/json"),
        ("application/json", b"{", 422, "is not JSON"),
        ("application/json", b'{"text": "\\ud800"}', 422, "not valid Unicode"),
        ("application/json; charset=utf-8", b'{"k": NaN}', 422, "NaN"),
        ("multipart/form-data", b"", 422, "the form cannot be read (Missing boundary"),
        ("multipart/form-data; boundary=x", b"nothing", 422, "the form cannot be read"),
    ],
)
def test_a_body_that_cannot_be_read_is_told(
    client: TestClient, kind: str, content: bytes, status: int, says: str
) -> None:
    answer = client.post("/api/search", content=content, headers={"content-type": kind})
    assert (answer.status_code, says in answer.json()["detail"]) == (status, True), answer.text


def test_what_is_uploaded_is_searched_with(client: TestClient, served: Served) -> None:
    path, caption = served.clips[3]
    answer = upload(client, {"only": "seen", "k": 1}, video=Path(path).read_bytes())
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"][0]["path"] == path
    assert answer.json()["query"] == "vector of the video video"
    file = io.BytesIO()
    Image.new("RGB", (64, 48), (220, 30, 30)).save(file, "PNG")
    both = upload(client, {"text": caption}, image=file.getvalue()).json()
    assert both["query"] == f"{caption}, vector of the picture image"
    assert both["results"]
    assert upload(client, None, image=file.getvalue()).status_code == 200


@pytest.mark.parametrize(
    ("data", "files", "status", "says"),
    [
        ({}, {"image": b"no picture"}, 415, "the picture that was uploaded cannot be read"),
        ({}, {"video": b""}, 422, "the video that was uploaded is empty"),
        ({"query": "{"}, {"image": b"x"}, 422, "is not JSON"),
        ({"query": '{"at": 3}'}, {"image": b"x"}, 422, "at is the moment of a video"),
        ({"image": "/etc/passwd"}, {"video": b"x"}, 422, "the field image is a text"),
        ({"path": "/etc/passwd"}, {"video": b"x"}, 422, "the form has a field 'path'"),
        ({"query": ['{"text": "a"}', "{}"]}, {"video": b"x"}, 422, "has the field query 2 times"),
        ({"query": '{"text": ""}'}, {"image": b"x"}, 422, "the query is empty"),
        ({"query": f'{{"text": "{"x" * 200_000}"}}'}, {"image": b"x"}, 422, "Part exceeded maximum size"),
    ],
)
def test_an_upload_that_cannot_be_used_is_told(
    client: TestClient, data: dict[str, Any], files: dict[str, bytes], status: int, says: str
) -> None:
    sent = {name: (name, content) for name, content in files.items()}
    answer = client.post("/api/search", data=data, files=sent)
    assert answer.status_code == status, answer.text
    assert says in answer.json()["detail"]


def test_too_many_files_are_told(client: TestClient) -> None:
    answer = client.post("/api/search", files=[("image", (str(number), b"x")) for number in range(5)])
    assert answer.status_code == 422
    assert "not more than 4 in all" in answer.json()["detail"]


def test_a_query_may_come_as_a_file_as_browsers_send_one(client: TestClient, served: Served) -> None:
    query = json.dumps({"text": served.clips[0][1], "k": 1}).encode()
    answer = client.post("/api/search", files={"query": ("blob", query, "application/json")})
    assert answer.json()["results"][0]["path"] == served.clips[0][0]
    large = client.post("/api/search", files={"query": ("blob", b" " * 200_000, "application/json")})
    assert (large.status_code, "131072 bytes" in large.json()["detail"]) == (422, True)


def test_many_hits_are_written_in_a_thread(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_FEW_HITS", 0)
    assert ask(client, text="a panda", k=2)["results"]


def call(app: Any, kind: str, received: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Call the app as a server does, for a client who leaves after what it has sent; return what the app sends."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return received.pop(0) if received else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = {"host": "127.0.0.1:8000", "content-type": kind, "transfer-encoding": "chunked"}
    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http"},
        **{"path": "/api/search", "raw_path": b"/api/search", "query_string": b"", "root_path": ""},
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        **{"client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000)},
    }
    asyncio.run(app(scope, receive, send))
    return sent


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_one_who_leaves_while_sending_is_no_defect(
    client: TestClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    begun = {"type": "http.request", "body": b"--x\r\n", "more_body": True}
    assert call(client.app, kind, [begun])[0]["status"] == CLIENT_LEFT
    assert "defect" not in caplog.text


def test_nobody_searches_for_one_who_has_left(client: TestClient) -> None:
    waits = asyncio.Event()

    class Never:
        cancelled = False

        async def search(self, *args: object, **named: object) -> list[Any]:
            try:
                await waits.wait()
            except asyncio.CancelledError:
                Never.cancelled = True
                raise
            return []

    app: Any = client.app
    app.dependency_overrides[_searches] = Never
    try:
        body = json.dumps({"text": "a"}).encode()
        sent = call(app, "application/json", [{"type": "http.request", "body": body, "more_body": False}])
    finally:
        del app.dependency_overrides[_searches]
    assert Never.cancelled
    assert sent[0]["status"] == CLIENT_LEFT
