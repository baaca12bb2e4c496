"""Names over HTTP: listed by everybody, changed where the server was started with `--allow-teach`."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from framecue.library import Library
from framecue.library.store.lock import library_lock
from framecue.names.taught import Lesson, TaughtTokens
from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from framecue.service.http.options import ServeOptions
from support.asgi import answer
from support.colour_rows import write_colours
from support.colours import COLOURS, LearningColours

RED, YELLOW, BLUE = (
    {"id": f"id-of-{name}", "start_seconds": 0.0, "end_seconds": 2.0} for name in ("red", "yellow", "blue")
)
REX = {"name": "Rex", "like": [RED, YELLOW], "unlike": [BLUE], "coarse": "red"}
JSON = ("content-type", "application/json")


@pytest.fixture(scope="module")
def model() -> LearningColours:
    return LearningColours()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, model: LearningColours) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("names")
    places = [write_colours(folder / name, *COLOURS) for name in ("one.lance", "two.lance")]
    desk = Desk([str(place) for place in places], load_model=lambda library: model)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def app(desk: Desk) -> Any:
    return create_app(desk, ServeOptions(allow_teach=True))


@pytest.fixture
def client(app: Any, desk: Desk) -> Iterator[TestClient]:
    """A client of a server that teaches; both libraries have no names afterwards."""
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
        yield client
    for shelf in desk.shelves:
        library = Library(shelf.uri)
        for name in library.taught_names():
            library.forget_name(name.name)


def names(client: TestClient, **asked: str) -> list[str]:
    return [name["name"] for name in client.get("/api/names", params=asked).json()["names"]]


def test_a_name_is_taught_found_renamed_and_forgotten(client: TestClient) -> None:
    assert client.get("/api/names").json() == {"may_teach": True, "teaching": None, "names": []}
    taught = client.post("/api/names", json=REX)
    assert taught.status_code == 201
    document = taught.json()
    assert [each["video_id"] for each in document["examples"]] == ["id-of-red", "id-of-yellow"]
    assert [each["video_id"] for each in document["unlike"]] == ["id-of-blue"]
    assert client.get("/api/names").json()["names"] == [document]
    found = client.post("/api/search", json={"text": "rex", "k": 2}).json()
    assert found["names"] == ["Rex"]
    assert {hit["video_id"] for hit in found["results"]} == {"id-of-red", "id-of-yellow"}
    assert found["results"][0]["names"] == ["Rex"]
    # None is found, and the name was understood all the same.
    none = client.post("/api/search", json={"text": "Rex", "min_score": 1.0, "folder": "/nowhere"}).json()
    assert (none["results"], none["names"]) == ([], ["Rex"])
    assert "names" not in client.post("/api/search", json={"text": "blue", "k": 1}).json()
    renamed = client.patch("/api/names", json={"name": "rex", "new_name": "AC/DC & ../x?"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "AC/DC & ../x?")
    assert client.post("/api/search", json={"text": "ac/dc & ../x?", "k": 1}).json()["names"] == ["AC/DC & ../x?"]
    assert client.delete("/api/names", params={"name": "AC/DC & ../x?"}).status_code == 204
    assert names(client) == []
    for gone in (
        client.delete("/api/names", params={"name": "Rex"}),
        client.patch("/api/names", json={"name": "Rex", "new_name": "Max"}),
        client.get("/api/names/picture", params={"name": "Rex"}),
    ):
        assert gone.status_code == 404, gone.json()


def test_a_search_takes_what_was_right_and_wrong(client: TestClient) -> None:
    def found(**marks: Any) -> list[str]:
        answer = client.post("/api/search", json={"text": "red", "k": 3, **marks})
        assert answer.status_code == 200, answer.json()
        return [hit["video_id"] for hit in answer.json()["results"]]

    plain = found()
    moved = found(right=[YELLOW], wrong=[1])
    assert (plain[0], moved[0]) == ("id-of-red", "id-of-yellow")
    assert "id-of-red" not in moved
    assert found(right=[YELLOW], wrong=[RED]) == moved
    assert found() == plain
    for marks, status in (({"right": [99]}, 422), ({"wrong": [{"id": "nowhere", "start_seconds": 1}]}, 404)):
        assert client.post("/api/search", json={"text": "red", **marks}).status_code == status


def test_what_is_said_of_an_example_is_taught(client: TestClient, model: LearningColours) -> None:
    told = [{**RED, "text": "Rex catches a frisbee"}, {**YELLOW, "text": "a red runs"}]
    assert client.post("/api/names", json=REX | {"like": told}).status_code == 201
    assert {("{} catches a frisbee", 0), ("a {} runs", 1)} <= set(model.lessons[-1].texts)


def test_each_library_has_names_of_its_own(client: TestClient) -> None:
    assert client.post("/api/names", json={**REX, "library": "two"}).status_code == 201
    assert (names(client), names(client, library="two")) == ([], ["Rex"])
    assert client.post("/api/search", json={"text": "Rex blue", "k": 1, "library": "two"}).json()["names"] == ["Rex"]
    assert client.delete("/api/names", params={"name": "Rex"}).status_code == 404
    for asked in (
        client.get("/api/names", params={"library": "three"}),
        client.post("/api/names", json={**REX, "library": "three"}),
    ):
        assert (asked.status_code, "there are: one, two" in asked.json()["detail"]) == (404, True)


def test_pictures_are_examples_and_the_picture_of_a_name(client: TestClient) -> None:
    def picture(colour: str, kind: str) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (2000, 1000), COLOURS[colour]).save(file, kind)
        return file.getvalue()

    files = [("image", ("a.jpg", picture("red", "JPEG")))]
    taught = client.post("/api/names", data={"lesson": json.dumps({"name": "Rex"})}, files=files)
    assert taught.status_code == 201, taught.json()
    assert [(each["kind"], each["path"], each["video_id"]) for each in taught.json()["examples"]] == [
        ("image", None, None)
    ]
    assert client.post("/api/search", json={"text": "Rex", "k": 1}).json()["results"][0]["video_id"] == "id-of-red"
    shown = client.get("/api/names/picture", params={"name": "rex"})
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
    assert max(Image.open(io.BytesIO(shown.content)).size) <= 512
    again = client.get("/api/names/picture", params={"name": "rex"}, headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    bad = client.post("/api/names", data={"lesson": '{"name": "Max"}'}, files=[("image", ("a.png", b"no picture"))])
    assert bad.status_code == 415
    assert "/proc" not in bad.text
    assert names(client) == ["Rex"]


@pytest.mark.parametrize(
    ("changes", "status", "told"),
    [
        ({"name": " "}, 422, "name"),
        ({"name": "x" * 101}, 422, "has 101 characters; give at most"),
        ({"name": "?!"}, 422, "name"),
        ({"like": []}, 422, "example"),
        ({"like": [{"id": "nowhere", "start_seconds": 1}]}, 404, "nowhere"),
        ({"like": [{"id": "id-of-red", "start_seconds": 99}]}, 404, "99"),
        ({"like": [{"path": "/etc/passwd"}]}, 422, "unknown key 'like.0.path'"),
        ({"like": ["/etc/passwd"]}, 422, "it must be a moment"),
        ({"unlike": [RED]}, 422, "take it out of one of the two"),
        ({"like": [{**RED, "text": "somebody runs"}]}, 422, "it must have 'Rex' or 'red' in it"),
        ({"coarse": "nonsense"}, 422, "no word that this model knows"),
        ({"num_tokens": 9}, 422, "num_tokens"),
        ({"more": 1}, 422, "unknown key 'more'"),
    ],
)
def test_what_cannot_be_taught_is_told_in_a_sentence(
    client: TestClient, changes: dict[str, Any], status: int, told: str
) -> None:
    asked = client.post("/api/names", json=REX | changes)
    assert (asked.status_code, asked.headers["content-type"]) == (status, "application/problem+json")
    assert told in asked.json()["detail"]
    assert names(client) == []


def test_an_ordinary_word_may_be_asked_for_once_more(client: TestClient) -> None:
    asked = client.post("/api/names", json={**REX, "name": "dog"})
    assert (asked.status_code, asked.json()["ordinary"]) == (409, True)
    assert '"allow_ordinary": true' in asked.json()["detail"]
    assert client.post("/api/names", json={**REX, "name": "dog", "allow_ordinary": True}).status_code == 201
    assert client.patch("/api/names", json={"name": "dog", "new_name": "cat"}).status_code == 409


def test_what_is_wrong_with_a_new_name_is_told_once(client: TestClient) -> None:
    asked = client.patch("/api/names", json={"name": "Rex", "new_name": 7})
    assert (asked.status_code, asked.json()["detail"]) == (422, "new_name is 7; it must be a text")


def test_a_server_that_does_not_teach_says_so_and_lists(client: TestClient, desk: Desk) -> None:
    assert client.post("/api/names", json=REX).status_code == 201
    silent = create_app(desk)
    listed = answer(silent, "/api/names")
    assert json.loads(listed.body)["may_teach"] is False
    assert [name["name"] for name in json.loads(listed.body)["names"]] == ["Rex"]
    for request in (
        {"method": "POST", "pieces": [json.dumps(REX).encode()], "headers": [JSON]},
        {"method": "PATCH", "pieces": [b'{"name": "Rex", "new_name": "Max"}'], "headers": [JSON]},
        {"method": "DELETE", "query": "name=Rex"},
    ):
        refused = answer(silent, "/api/names", **request)
        assert (refused.status, "--allow-teach" in refused.detail) == (403, True)
    described = {app: json.loads(answer(app, "/openapi.json").body)["paths"] for app in (silent, client.app)}
    assert described[silent]["/api/names"].keys() == {"get"}
    assert described[client.app]["/api/names"].keys() == {"get", "post", "patch", "delete"}
    assert names(client) == ["Rex"]


@pytest.mark.parametrize(
    "headers",
    [
        [("origin", "https://evil.example")],
        [("sec-fetch-site", "cross-site")],
        [("host", "evil.example")],
    ],
)
def test_pages_of_other_sites_change_nothing(client: TestClient, app: Any, headers: list[tuple[str, str]]) -> None:
    assert client.post("/api/names", json=REX).status_code == 201
    for request in (
        {"method": "POST", "pieces": [json.dumps(REX | {"name": "Max"}).encode()], "headers": [JSON, *headers]},
        {"method": "DELETE", "query": "name=Rex", "headers": headers},
    ):
        assert answer(app, "/api/names", **request).status == 403
    assert names(client) == ["Rex"]


def test_nothing_is_changed_without_the_token(desk: Desk) -> None:
    app = create_app(desk, ServeOptions(allow_teach=True, token="a-token-of-some-length"))
    for method in ("POST", "PATCH", "DELETE"):
        assert answer(app, "/api/names", method=method, query="name=Rex").status == 401


def test_a_run_that_indexes_is_told_and_can_be_waited_for(
    client: TestClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.app.state.teachings, "_lock_seconds", 0.05)  # type: ignore[attr-defined]
    with library_lock(desk.shelf().uri):
        busy = client.post("/api/names", json=REX)
    assert (busy.status_code, busy.headers["retry-after"]) == (429, "10")
    assert "another run is writing" in busy.json()["detail"]


def test_who_leaves_ends_the_learning_and_all_is_counted(
    desk: Desk, model: LearningColours, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def learn_for_ever(lesson: Lesson, *, on_step: Callable[[int, int], None]) -> TaughtTokens:
        while True:
            on_step(1, 5)

    caplog.set_level(logging.INFO)
    options = ServeOptions(allow_teach=True, log="requests")
    app, hasty = create_app(desk, options), create_app(desk, replace(options, teach_seconds=0.3))
    body = {"method": "POST", "pieces": [json.dumps(REX).encode()], "headers": [JSON]}
    assert answer(app, "/api/names", **body).status == 201
    monkeypatch.setattr(model, "learn_name", learn_for_ever)
    late = answer(hasty, "/api/names", **body)
    assert late.status == 504
    assert "0.3 seconds that are allowed" in late.detail
    bad = {**body, "pieces": [json.dumps(REX | {"name": "?!"}).encode()]}
    assert answer(app, "/api/names", **bad).status == 422
    assert answer(app, "/api/names", method="DELETE", query="name=Rex").status == 204
    counted = answer(app, "/metrics").body + answer(hasty, "/metrics").body
    for line in (
        b'framecue_teachings_total{library="one",result="taught"} 1.0',
        b'framecue_teachings_total{library="one",result="refused"} 1.0',
        b'framecue_teachings_total{library="one",result="left"} 1.0',
        b'framecue_teaching_seconds_count{library="one"} 1.0',
        b'framecue_requests_total{method="DELETE",route="/api/names",status="204"} 1.0',
    ):
        assert line in counted
    assert "Rex" not in caplog.text
