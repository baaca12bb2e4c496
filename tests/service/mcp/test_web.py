from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("mcp", reason='tools for assistants need the extra: pip install "framecue[mcp]"')

from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.http.options import ServeOptions
from framecue.service.mcp.server import make_server
from framecue.service.mcp.tools import TOOLS
from framecue.service.mcp.web import PATH, create_web_app

TOKEN = "0123456789abcdef-a-token"
HEADERS = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture(scope="module")
def web(desk: Desk) -> Iterator[TestClient]:
    """Asks the app for this machine alone."""
    app = create_web_app(make_server(desk), ServeOptions())
    with TestClient(app, base_url="http://127.0.0.1:8001") as client:
        yield client


def post(client: TestClient, document: Any = LIST, **headers: str) -> Any:
    return client.post(PATH, json=document, headers={**HEADERS, **headers})


def test_the_tools_are_listed_without_a_session(web: TestClient) -> None:
    answer = post(web)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert "mcp-session-id" not in answer.headers
    assert [tool["name"] for tool in answer.json()["result"]["tools"]] == list(TOOLS)
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8001"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_pages_of_other_sites_are_refused(web: TestClient, headers: dict[str, str]) -> None:
    answer = post(web, **headers)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_no_call_is_refused_and_the_server_goes_on(web: TestClient) -> None:
    for content, kind in ((b"{", "application/json"), (b"[]", "application/json"), (b"a=1", "text/plain")):
        answer = web.post(PATH, content=content, headers={**HEADERS, "Content-Type": kind})
        assert 400 <= answer.status_code < 500
    assert web.post(PATH, content=b" " * 1_100_000, headers=HEADERS).status_code == 413
    assert web.get("/").status_code == 404
    assert web.get("/../../etc/passwd").status_code == 404
    assert post(web).status_code == 200


def test_another_address_wants_a_token(desk: Desk) -> None:
    app = create_web_app(make_server(desk), ServeOptions(host="0.0.0.0", token=TOKEN, allowed_hosts=("films.example",)))
    with TestClient(app, base_url="http://films.example") as client:
        assert post(client).status_code == 401
        assert post(client, Authorization="Bearer wrong").status_code == 401
        assert post(client, Authorization=f"Bearer {TOKEN}").status_code == 200
        assert post(client, Authorization=f"Bearer {TOKEN}", Host="other.example").status_code == 403
