from __future__ import annotations

import logging

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from framecue.service.http.logs import LoggedRequests, note_query
from support.asgi import answer, says


async def searching(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    note_query(request, "a secret\nFORGED line")
    await PlainTextResponse("found")(scope, receive, send)


@pytest.fixture(autouse=True)
def at_info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "framecue.service.http.logs")


def test_a_request_is_a_line_without_what_it_looks_for(caplog: pytest.LogCaptureFixture) -> None:
    answer(LoggedRequests(searching, level="requests"), "/api/search", method="POST", query="q=secret&token=abc")
    (line,) = caplog.messages
    assert line.startswith("127.0.0.1 POST /api/search 200 5 bytes ")
    assert "secret" not in line
    assert "abc" not in line


@pytest.mark.parametrize(("said", "logged"), [("10.0.0.7", "10.0.0.7"), ('10.0.0.7 "GET / 200" x', "-"), (None, "-")])
def test_what_a_header_makes_of_the_client_forges_no_line(said, logged, caplog: pytest.LogCaptureFixture) -> None:
    async def behind_a_proxy(scope: Scope, receive: Receive, send: Send) -> None:
        scope = {**scope, "client": None if said is None else (said, 0)}
        await LoggedRequests(searching, level="requests")(scope, receive, send)

    answer(behind_a_proxy, "/api/search")
    (line,) = caplog.messages
    assert line.startswith(f"{logged} GET /api/search 200 ")


def test_what_was_looked_for_is_logged_where_that_is_wanted(caplog: pytest.LogCaptureFixture) -> None:
    answer(LoggedRequests(searching, level="queries"), "/api/search")
    (line,) = caplog.messages
    assert line.endswith(r"a secret\nFORGED line")


def test_problems_alone(caplog: pytest.LogCaptureFixture) -> None:
    for status in (200, 404, 429):
        answer(LoggedRequests(says(status=status), level="problems"))
    assert caplog.messages == []
    answer(LoggedRequests(says(status=503), level="problems"))
    assert len(caplog.messages) == 1


def test_no_address_makes_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    answer(LoggedRequests(says(), level="requests"), "/a\n2026 FORGED \x1b[31m" + "x" * 5000)
    (line,) = caplog.messages
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert len(line) < 400


def test_a_client_that_left_is_logged_too(caplog: pytest.LogCaptureFixture) -> None:
    async def leaving(scope: Scope, receive: Receive, send: Send) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        answer(LoggedRequests(leaving, level="requests"))
    assert " left " in caplog.messages[0]
