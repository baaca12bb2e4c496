from __future__ import annotations

import asyncio
import socket

import pytest

from framecue.service.http.guard import Guard
from framecue.service.http.options import ServeOptions
from support.asgi import answer, says

TOKEN = "a-token-of-some-length"
PAGE = frozenset(("/", "/index.html", "/js/main.js"))


def guard(**options) -> Guard:
    return Guard(says(), options=ServeOptions(**options), page_paths=PAGE)


def status(path: str = "/api/info", *, headers=(), method: str = "GET", **options) -> int:
    return answer(guard(**options), path, headers=headers, method=method).status


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:9", "LOCALHOST", "[::1]:8000", "127.1.2.3"])
def test_this_machine_is_asked_under_its_own_names(host: str) -> None:
    assert status(headers=[("Host", host)]) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.com", "evil.com:8000", "127.0.0.1.evil.com", "localhost.evil.com", "evil.com@127.0.0.1", ""),
        *("192.168.1.5", "[2001:db8::1]", "127.0.0.1:8000:1", "127.0.0.1 ", "localhost\t", "http://127.0.0.1", "127.1"),
        *("localhost.", "[::1", "::1", "[::1]evil", "127.0.0.1:port", "2130706433", "0x7f.1", "lócalhost", "a" * 5000),
    ],
)
def test_another_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    found = answer(guard(), headers=[("Host", host)])
    assert found.status == 403
    assert "--allow-host" in found.detail
    # The page, too, or it would run under the other's name.
    assert answer(guard(), "/", headers=[("Host", host)]).status == 403


def test_one_host_is_named_and_no_more() -> None:
    assert status(headers=[("Host", "127.0.0.1"), ("Host", "127.0.0.1")]) == 403
    assert status(headers=[("Host", "127.0.0.1"), ("Host", "evil.com")]) == 403


def test_what_a_proxy_might_say_is_not_believed() -> None:
    assert status(headers=[("X-Forwarded-Host", "evil.com"), ("Forwarded", "host=evil.com")]) == 200
    assert status(headers=[("Host", "evil.com"), ("X-Forwarded-Host", "127.0.0.1")]) == 403


def test_beyond_this_machine_addresses_and_names_that_were_given_are_its_own() -> None:
    options = {"host": "0.0.0.0", "is_open": True, "allowed_hosts": ("Search.example.org",)}
    own = socket.gethostname()
    for host in ("192.168.1.5:8000", "[2001:db8::1]", "search.example.org", own, f"{own.upper()}.local", "localhost"):
        assert status(headers=[("Host", host)], **options) == 200, host
    for host in ("evil.com", "search.example.org.evil.com"):
        assert status(headers=[("Host", host)], **options) == 403, host
    assert status(headers=[("Host", "films")], host="films", is_open=True) == 200


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "http://evil.com",
            "null",
            "http://127.0.0.1:8001",
            "http://127.0.0.1",
            "file://",
            "https://127.0.0.1:8000@evil.com",
        ),
        *(
            "http://127.0.0.1:8000.evil.com",
            "chrome-extension://abc",
            "127.0.0.1:8000",
            "",
            "http://[",
            "ftp://127.0.0.1:8000",
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_pages_of_other_sites_may_not_ask(origin: str, method: str) -> None:
    found = answer(guard(), headers=[("Origin", origin)], method=method)
    assert found.status == 403
    assert "other sites" in found.detail
    assert "access-control-allow-origin" not in found.headers


def test_its_own_page_may_ask_also_behind_a_proxy_that_speaks_https() -> None:
    assert status(headers=[("Origin", "http://127.0.0.1:8000")], method="POST") == 200
    own = [("Host", "search.example.org"), ("Origin", "https://search.example.org")]
    assert status(headers=own, method="POST", allowed_hosts=("search.example.org",)) == 200
    assert status(headers=[("Origin", "http://127.0.0.1:8000"), ("Origin", "http://evil.com")]) == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_may_link_to_the_page_and_embed_nothing(site: str) -> None:
    link = [("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", "navigate")]
    assert status("/", headers=link) == 200
    assert status("/", headers=link, method="POST") == 403
    assert status("/api/info", headers=link) == 403
    assert status("/clips/abc", headers=link) == 403
    for mode in ("no-cors", "cors", "websocket"):
        assert status("/js/main.js", headers=[("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)]) == 403
    for own in ("same-origin", "none"):
        assert status(headers=[("Sec-Fetch-Site", own), ("Sec-Fetch-Mode", "cors")]) == 200


def test_without_the_token_there_is_the_page_and_no_more() -> None:
    for path in (*PAGE, "/healthz"):
        assert status(path, token=TOKEN) == 200
    for path in (
        "/api/info",
        "/media/abc",
        "/thumbnails/a/0",
        "/clips/a",
        "/metrics",
        "/openapi.json",
        "/docs",
        "//",
        "/js/../api/info",
    ):
        found = answer(guard(token=TOKEN), path)
        assert found.status == 401, path
        assert found.headers["www-authenticate"] == "Bearer"
        assert TOKEN not in found.detail


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        (TOKEN, 401),
        (f"Basic {TOKEN}", 401),
        (f"Bearer {TOKEN}x", 401),
        (f"Bearer {TOKEN[:-1]}", 401),
        ("Bearer ", 401),
        ("Bearer tökén", 401),
        ("", 401),
    ],
)
def test_programs_send_the_token(given: str, expected: int) -> None:
    assert status(headers=[("Authorization", given)], token=TOKEN) == expected


def test_the_page_is_opened_with_the_token_once() -> None:
    app = guard(token=TOKEN)
    opened = answer(app, "/", query=f"q=a+d%C3%B6g&token={TOKEN}&page=2")
    assert opened.status == 303
    assert opened.headers["location"] == "/?q=a+d%C3%B6g&page=2"
    cookie, *properties = opened.headers["set-cookie"].split("; ")
    assert TOKEN not in cookie
    assert {"httponly", "samesite=strict", "path=/"} <= {each.lower() for each in properties}
    assert "secure" not in [each.lower() for each in properties]
    assert answer(app, headers=[("Cookie", f"other=1; {cookie}")]).status == 200
    assert answer(app, headers=[("Cookie", cookie[:-1])]).status == 401
    assert answer(app, headers=[("Cookie", f"framecue={TOKEN}")]).status == 401
    # Of another server, with another token.
    assert status(headers=[("Cookie", cookie)], token=f"{TOKEN}2") == 401
    assert answer(app, "/", query=f"token={TOKEN}").headers["location"] == "/"


def test_over_https_the_cookie_is_for_https_alone() -> None:
    opened = answer(guard(token=TOKEN), "/", query=f"token={TOKEN}", scheme="https")
    assert "; secure" in opened.headers["set-cookie"].lower()


@pytest.mark.parametrize("query", ["token=wrong", "token=", f"token={TOKEN}x&q=1", "token=%FF%FE", "q=1&token=%00"])
def test_a_wrong_token_opens_nothing(query: str) -> None:
    found = answer(guard(token=TOKEN), "/", query=query)
    assert found.status == 401
    assert "set-cookie" not in found.headers


def test_an_address_leads_nowhere_else() -> None:
    opened = answer(guard(token=TOKEN), "/", query=f"token={TOKEN}&x=//evil.com%0d%0aSet-Cookie:a=b")
    assert opened.headers["location"] == "/?x=%2F%2Fevil.com%0D%0ASet-Cookie%3Aa%3Db"
    assert answer(guard(token=TOKEN), "/", query="&".join(f"a{n}=1" for n in range(500))).status == 200


def test_without_a_token_of_the_server_none_is_asked_for() -> None:
    assert answer(guard(), "/", query="token=whatever").status == 200
    assert status(headers=[("Authorization", "Bearer whatever")]) == 200


def test_nothing_but_http_comes_through() -> None:
    sent: list[dict] = []

    async def send(message) -> None:
        sent.append(message)

    asyncio.run(guard()({"type": "websocket", "path": "/"}, None, send))
    assert sent == [{"type": "websocket.close", "code": 1008}]
