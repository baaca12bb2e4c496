from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from framecue.service.http.forms import MOST_DOCUMENT_BYTES, FormFields, read_body
from framecue.service.http.problems import handle_errors

FIELDS = FormFields("the lesson", "lesson", ("image",), 2, "send a form with lesson and image")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """Asks an app that says what it was brought."""
    app = FastAPI()
    handle_errors(app)

    @app.post("/")
    async def said(request: Request) -> dict[str, object]:
        async with read_body(request, FIELDS) as brought:
            files = [[name, file.filename, (await file.read()).decode()] for name, file in brought.files]
            return {"document": brought.document, "files": files, "is_form": brought.is_form}

    with TestClient(app) as client:
        yield client


def test_a_document_comes_by_itself(client: TestClient) -> None:
    assert client.post("/", json={"name": "Rex"}).json() == {
        "document": {"name": "Rex"},
        "files": [],
        "is_form": False,
    }


def test_a_document_comes_with_files_beside_it(client: TestClient) -> None:
    files = [("image", ("a.png", b"one")), ("image", ("b.png", b"two"))]
    told = {"files": [["image", "a.png", "one"], ["image", "b.png", "two"]], "is_form": True}
    # As a text, as a browser's Blob, and not at all.
    answers = [
        client.post("/", data={"lesson": '{"name": "Rex"}'}, files=files),
        client.post("/", files=[*files, ("lesson", ("blob", b'{"name": "Rex"}', "application/json"))][:2]),
    ]
    assert [each.json() for each in answers] == [{"document": {"name": "Rex"}, **told}, {"document": {}, **told}]
    blob = client.post("/", files=[("lesson", ("blob", b'{"name": "Rex"}')), files[0]])
    assert blob.json()["document"] == {"name": "Rex"}


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        ({"content": b"{}", "headers": {"Content-Type": "text/plain"}}, 415, "send the lesson as application/json"),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 422, "the request is not JSON"),
        ({"files": [("video", ("a.mp4", b"x"))]}, 422, "the form has a field 'video'; send a form with"),
        ({"files": [("image", ("a.png", b"x"))] * 3}, 422, "the form cannot be read"),
        ({"data": {"image": "/etc/passwd"}, "files": [("image", ("a", b"x"))]}, 422, "a server reads no file by its"),
        ({"data": {"lesson": ["{}", "{}"]}, "files": [("image", ("a", b"x"))]}, 422, "the field lesson 2 times"),
        (
            {"files": [("lesson", ("blob", json.dumps(["x" * MOST_DOCUMENT_BYTES]).encode()))]},
            422,
            f"the field lesson has more than {MOST_DOCUMENT_BYTES} bytes",
        ),
    ],
)
def test_anything_else_is_told_in_a_sentence(
    client: TestClient, sent: dict[str, object], status: int, told: str
) -> None:
    answer = client.post("/", **sent)  # type: ignore[arg-type]
    assert answer.status_code == status
    assert told in answer.json()["detail"]
