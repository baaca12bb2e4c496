from __future__ import annotations

import json

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from framecue import errors
from framecue.service.http.problems import CatchDefects, handle_errors, problem, status_of
from support.asgi import answer

CASES = [
    (errors.AbsentError("it is gone; ask for another"), 404),
    (errors.GoneError("it has changed; index it again"), 410),
    (errors.AwayError("its store is too busy; try again later"), 503),
    (errors.TooLargeError("it is too large; send less"), 413),
    (errors.UnsupportedError("it is no picture; send one"), 415),
    (errors.InputError("k is 0; give at least 1"), 422),
    (errors.VideoError("/a.mp4", "it cannot be read"), 422),
    (errors.UnknownNameError("leg", "heard", ["said"]), 422),
    (errors.BusyError("all are busy; ask again", 7), 429),
    (errors.ModelError("the model is not there"), 503),
    (errors.ModelAbsentError("the model has to be downloaded"), 503),
    (errors.AdapterError("the adapter is not there"), 503),
    (errors.RuntimeMissingError("ONNX Runtime is not installed"), 503),
    (errors.LibraryError("the library cannot be read"), 503),
    (errors.LibraryNotFoundError("no library at /a.lance"), 503),
    (errors.FingerprintError("another model made it"), 503),
    (errors.TooSlowError("it takes too long; ask for less"), 504),
]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    k: int = 10
    words: list[str] = []


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    handle_errors(app)
    app.add_middleware(CatchDefects)

    @app.get("/error/{number}")
    async def fail(number: int) -> None:
        raise CASES[number][0]

    @app.get("/refused/{status}")
    async def refuse(status: int) -> None:
        raise HTTPException(status, "there is no such moment; ask for another" if status == 410 else None)

    @app.get("/defect")
    async def defect() -> None:
        raise ZeroDivisionError("a secret")

    @app.get("/limited")
    async def limited(limit: int = Query(10, ge=1, le=100)) -> int:
        return limit

    @app.post("/body")
    async def body(body: Body) -> int:
        return body.k

    return app


@pytest.mark.parametrize("number", range(len(CASES)))
def test_each_error_has_the_status_of_its_kind_and_its_own_sentence(app: FastAPI, number: int) -> None:
    error, status = CASES[number]
    assert status_of(error) == status
    found = answer(app, f"/error/{number}")
    assert found.status == status
    document = json.loads(found.body)
    assert document == {"type": "about:blank", "title": document["title"], "status": status, "detail": str(error)}
    assert found.headers.get("retry-after") == ("7" if status == 429 else None)


def test_every_kind_of_error_has_a_status() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert {status_of(kind.__new__(kind)) for kind in kinds} == {404, 409, 410, 413, 415, 422, 429, 503, 504}


@pytest.mark.parametrize(
    ("path", "method", "status", "sentence"),
    [
        ("/nowhere", "GET", 404, "nothing at this address"),
        ("/body", "GET", 405, "does not take requests of this method"),
        ("/refused/410", "GET", 410, "there is no such moment; ask for another"),
        ("/refused/403", "GET", 403, "Forbidden"),
        ("/error/many", "GET", 422, "number: input should be a valid integer"),
    ],
)
def test_what_the_framework_refuses_is_told_in_a_sentence(
    app, path: str, method: str, status: int, sentence: str
) -> None:
    found = answer(app, path, method=method)
    assert found.status == status
    assert sentence in found.detail
    if status == 405:
        assert found.headers["allow"] == "POST"


@pytest.mark.parametrize("value", ["0", "101", "ten", "1.5", "", "9" * 5000, "<script>alert(1)</script>"])
def test_a_value_that_makes_no_sense_is_named_and_not_repeated(app: FastAPI, value: str) -> None:
    found = answer(app, "/limited", query=f"limit={value}")
    assert found.status == 422
    assert found.detail.startswith("limit: ")
    assert b"script" not in found.body


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (b"{", 422, "the body is not JSON: expecting property name"),
        (b"", 422, "the body: field required"),
        (b"\xff{", 400, "cannot be read"),
        (b'{"k": "ten"}', 422, "k: input should be a valid integer"),
        (b'{"words": ["a", 2]}', 422, "words.1: input should be a valid string"),
        (b'{"many": 1}', 422, "many: extra inputs are not permitted"),
        (b'{"' + b"m" * 500 + b'": 1}', 422, "m: extra inputs"),
        (b"[]", 422, "the body: input should be a valid dictionary"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"k": ' + b"9" * 10_000 + b"}", 400, "thousands of digits"),
    ],
)
def test_a_body_that_makes_no_sense_is_told_in_a_sentence(
    app: FastAPI, body: bytes, status: int, sentence: str
) -> None:
    headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
    found = answer(app, "/body", method="POST", pieces=[body] if body else [], headers=headers)
    assert found.status == status
    assert sentence in found.detail
    assert len(found.detail) < 200


def test_a_defect_is_logged_and_not_told(app: FastAPI, caplog: pytest.LogCaptureFixture) -> None:
    found = answer(app, "/defect")
    assert found.status == 500
    assert "secret" not in found.detail
    assert "ZeroDivisionError: a secret" in caplog.text


def test_a_defect_in_the_midst_of_an_answer_ends_the_connection() -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer(CatchDefects(half))


def test_a_problem_is_of_its_own_kind_and_holds_no_html() -> None:
    made = problem(422, "<b>no</b>", headers={"Retry-After": "3"})
    assert made.headers["content-type"] == "application/problem+json"
    assert made.headers["retry-after"] == "3"
    assert b"<" not in bytes(made.body)
    assert json.loads(bytes(made.body))["detail"] == "<b>no</b>"
