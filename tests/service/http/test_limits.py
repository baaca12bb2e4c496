from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from framecue.service.http import limits as module
from framecue.service.http.limits import Limits
from framecue.service.http.options import ServeOptions
from framecue.service.http.problems import handle_errors
from support.asgi import Answer, answer, ask, says, scope_of

JSON = ("content-type", "application/json")
FORM = ("content-type", "multipart/form-data; boundary=x")


def limited(app: ASGIApp, **options) -> Limits:
    return Limits(app, options=ServeOptions(**options), page_paths=frozenset(("/",)))


def taking() -> FastAPI:
    """An app that takes a body."""
    app = FastAPI()
    handle_errors(app)

    @app.post("/api/search")
    @app.post("/api/export")
    @app.post("/media/abc")
    async def take(request: Request) -> int:
        return len(await request.body())

    return app


class Held:
    """An app whose answers wait."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.num_begun = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/":
            await says("the page")(scope, receive, send)
            return
        message: Message = {"more_body": True}
        while message["more_body"]:
            message = await receive()
        self.num_begun += 1
        await self.may_end.wait()
        await says()(scope, receive, send)

    async def have_begun(self, number: int) -> None:
        while self.num_begun < number:
            await asyncio.sleep(0)


def test_a_body_may_have_so_many_bytes() -> None:
    app = limited(taking(), body_bytes=10, upload_bytes=20)

    def send(*pieces: bytes, headers) -> Answer:
        return answer(app, "/api/search", method="POST", pieces=pieces, headers=headers)

    chunked = ("transfer-encoding", "chunked")
    assert send(b"12345", b"67890", headers=[JSON, ("content-length", "10")]).body == b"10"
    assert send(b"12345", b"67890", headers=[JSON, chunked]).body == b"10"
    assert send(b"x" * 20, headers=[FORM, chunked]).body == b"20"
    for headers, pieces, most in (
        ([JSON, chunked], [b"12345", b"67890", b"1"], "a request may have at most 10 bytes"),
        ([FORM, chunked], [b"x" * 11, b"x" * 11], "an upload may have at most 20 bytes"),
        ([("content-type", "MULTIPART/form-data"), chunked], [b"x" * 30], "an upload may have at most 20 bytes"),
    ):
        found = send(*pieces, headers=headers)
        assert found.status == 413
        assert most in found.detail


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/api/export", ["multipart/form-data; boundary=x"]),
        ("/api/search", ["multipart/x"]),
        ("/api/search", ["application/json", "multipart/form-data; boundary=x"]),
        ("/api/search", ["multipart/form-data; boundary=x", "application/json"]),
    ],
)
def test_what_is_held_in_memory_is_no_upload_whatever_it_says(path: str, kinds) -> None:
    app = limited(taking(), body_bytes=10, upload_bytes=20)
    headers = [*(("content-type", kind) for kind in kinds), ("transfer-encoding", "chunked")]
    found = answer(app, path, method="POST", pieces=[b"x" * 11], headers=headers)
    assert found.status == 413
    assert "a request may have at most 10 bytes" in found.detail


def test_what_says_that_it_is_too_large_is_not_read_at_all() -> None:
    app = limited(taking(), body_bytes=10)
    found = answer(app, "/api/search", method="POST", pieces=[b"x"], headers=[JSON, ("content-length", "11")])
    assert (found.status, found.read) == (413, 0)
    # A length that lies is counted.
    found = answer(app, "/api/search", method="POST", pieces=[b"x" * 11], headers=[JSON, ("content-length", "1")])
    assert found.status == 413
    for odd in ("-1", "1e3", "9" * 30, "ten"):
        assert answer(app, "/api/search", method="POST", pieces=[b"x"], headers=[("content-length", odd)]).body == b"1"


def test_an_endless_body_is_read_no_further_than_it_may_be() -> None:
    found = answer(
        limited(taking(), body_bytes=1000),
        "/api/search",
        method="POST",
        pieces=[b"x" * 100] * 500,
        headers=[("transfer-encoding", "chunked")],
    )
    assert (found.status, found.read) == (413, 11)


def test_a_body_that_comes_too_slowly_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BODY_SECONDS", 0.05)

    async def slow() -> Answer:
        found = Answer()

        async def receive() -> Message:
            found.read += 1
            if found.read > 1:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def send(message: Message) -> None:
            found.status = message.get("status", found.status)
            found.body += message.get("body", b"")

        scope = scope_of("/api/search", method="POST", headers=[("transfer-encoding", "chunked")])
        await limited(taking())(scope, receive, send)
        return found

    found = asyncio.run(slow())
    assert found.status == 408
    assert b"too slowly" in found.body


async def many(app: ASGIApp, number: int, path: str = "/api/info", **scope) -> list[asyncio.Task[Answer]]:
    tasks = [asyncio.create_task(ask(app, path, **scope)) for _ in range(number)]
    await asyncio.sleep(0)
    return tasks


@pytest.mark.parametrize(
    ("path", "scope", "options"),
    [
        ("/api/info", {}, {"max_requests": 3}),
        ("/thumbnails/abc/0", {}, {"max_requests": 3}),
        ("/media/abc", {}, {"max_streams": 3}),
        ("/clips/abc", {}, {"max_streams": 3}),
        ("/api/search", {"method": "POST", "pieces": [b"x"], "headers": [FORM]}, {"max_uploads": 3}),
    ],
)
def test_past_what_is_answered_at_once_others_are_told_to_come_again(path: str, scope, options) -> None:
    async def asked() -> None:
        held = Held()
        app = limited(held, **options)
        first = await many(app, 3, path, **scope)
        await held.have_begun(3)
        refused = await ask(app, path, **scope)
        assert refused.status == 429
        assert refused.headers["retry-after"] == "1"
        assert "again in a moment" in refused.detail
        assert (await ask(app, "/")).body == b"the page"
        held.may_end.set()
        assert [answer.status for answer in await asyncio.gather(*first)] == [200] * 3
        assert (await ask(app, path, **scope)).status == 200

    asyncio.run(asked())


def test_slow_bodies_take_no_place_from_others() -> None:
    async def asked() -> None:
        app = limited(taking(), max_requests=1)
        more = asyncio.Event()

        async def slow_receive() -> Message:
            await more.wait()
            return {"type": "http.request", "body": b"", "more_body": False}

        statuses: list[int] = []

        async def send(message: Message) -> None:
            if "status" in message:
                statuses.append(message["status"])

        scope = scope_of("/api/search", method="POST", headers=[JSON, ("content-length", "5")])
        slow = [asyncio.create_task(app(scope, slow_receive, send)) for _ in range(20)]
        await asyncio.sleep(0)
        for _ in range(3):
            found = await ask(
                app, "/api/search", method="POST", pieces=[b"12345"], headers=[JSON, ("content-length", "5")]
            )
            assert (found.status, found.body) == (200, b"5")
        more.set()
        await asyncio.gather(*slow)
        assert set(statuses) <= {200, 429}

    asyncio.run(asked())


def test_a_body_that_comes_when_there_is_no_room_is_told_so() -> None:
    async def asked() -> None:
        held = Held()

        async def either(scope: Scope, receive: Receive, send: Send) -> None:
            await (held if scope["path"] == "/api/info" else taking())(scope, receive, send)

        app = limited(either, max_requests=1)
        first = await many(app, 1)
        await held.have_begun(1)
        found = await ask(
            app, "/api/search", method="POST", pieces=[b"1", b"2"], headers=[("transfer-encoding", "chunked")]
        )
        assert found.status == 429
        assert found.headers["retry-after"] == "1"
        held.may_end.set()
        await asyncio.gather(*first)
        found = await ask(
            app, "/api/search", method="POST", pieces=[b"1", b"2"], headers=[("transfer-encoding", "chunked")]
        )
        assert found.body == b"2"

    asyncio.run(asked())


def test_an_answer_that_takes_too_long_is_ended() -> None:
    async def asked() -> None:
        held = Held()
        app = limited(held, answer_seconds=0.05)
        for scope in (
            {},
            {"path": "/api/search", "method": "POST", "pieces": [b"x"], "headers": [JSON, ("content-length", "1")]},
        ):
            found = await ask(app, **scope)
            assert found.status == 504
            assert "0.05 seconds that are allowed" in found.detail
        assert app.requests.in_use == 0

    asyncio.run(asked())


def test_pictures_to_teach_from_are_uploads() -> None:
    app = limited(says("taught"), body_bytes=10, upload_bytes=100)
    body = {"method": "POST", "pieces": [b"x" * 50], "headers": [FORM, ("content-length", "50")]}
    assert answer(app, "/api/names", **body).body == b"taught"
    assert answer(app, "/api/export", **body).status == 413


def test_teaching_takes_longer_where_it_is_allowed() -> None:
    async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(0.1)
        await says("taught")(scope, receive, send)

    body = {"method": "POST", "pieces": [b"x"], "headers": [JSON, ("content-length", "1")]}
    allowed, not_allowed = (limited(slowly, answer_seconds=0.02, allow_teach=allow) for allow in (True, False))
    assert answer(allowed, "/api/names", **body).body == b"taught"
    assert answer(not_allowed, "/api/names", **body).status == 504
    assert answer(allowed, "/api/search", **body).status == 504
    assert answer(allowed, "/api/names", method="DELETE").status == 504


def test_an_answer_that_has_begun_takes_as_long_as_its_reader() -> None:
    async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.1)
        await send({"type": "http.response.body", "body": b"all of it"})

    assert answer(limited(slowly, answer_seconds=0.02)).body == b"all of it"


def test_videos_have_no_time_to_keep_to() -> None:
    async def slowly(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        await says("a film")(scope, receive, send)

    assert answer(limited(slowly, answer_seconds=0.02), "/media/abc").body == b"a film"


def test_a_defect_gives_its_place_back() -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    app = limited(broken, max_requests=1)
    for path in ("/api/info", "/media/a"):
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                answer(app, path)
    assert app.requests.in_use == app.streams.in_use == 0
