from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from framecue.service.http.options import ServeOptions
from framecue.service.http.routes.every import ROUTERS
from support.asgi import answer

TOKEN = "a-token-of-some-length"


def test_the_page_is_there(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"
    assert "framecue" in answer.text


def test_what_is_not_there_is_a_problem(client: TestClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-security-policy"]
    assert answer.json()["status"] == 404


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/../app.py",
            "/..%2fapp.py",
            "/%2e%2e/app.py",
            "//etc/passwd",
            "/js/../../app.py",
            "/\x00",
            "/" + "a" * 5000,
        ),
        *("/index.html/x", "/C:\\windows", "/.git/config", "/__init__.py"),
    ],
)
def test_the_page_is_all_that_is_read_as_a_file(client: TestClient, path: str) -> None:
    found = answer(client.app, path)
    assert found.status == 404
    assert b"import" not in found.body


def test_every_request_goes_through_the_guard(desk: Desk) -> None:
    app = create_app(desk, ServeOptions(token=TOKEN))
    assert answer(app, "/").status == 200
    assert answer(app, "/healthz").status == 200
    for path in ("/api/info", "/api/libraries", "/metrics", "/openapi.json", "/nowhere"):
        assert answer(app, path).status == 401, path
        assert answer(app, path, headers=[("Origin", "http://evil.com")]).status == 403, path
    assert answer(app, "/api/info", headers=[("Authorization", f"Bearer {TOKEN}")]).status == 200


def test_what_a_refusal_says_is_as_safe_as_any_answer(desk: Desk) -> None:
    found = answer(create_app(desk), "/api/info", headers=[("Host", "evil.com")])
    assert found.status == 403
    assert found.headers["x-content-type-options"] == "nosniff"


def test_no_page_of_the_framework_loads_scripts_from_elsewhere(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        assert "cdn" not in client.get(path).text


def test_every_address_is_in_the_description(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.")
    paths = {route.path for router in ROUTERS for route in router.routes}
    assert {path for path in paths if path.startswith("/api/")} <= described["paths"].keys()


def test_what_has_a_body_takes_nothing_in_its_address(desk: Desk) -> None:
    client = TestClient(create_app(desk, ServeOptions(allow_teach=True)), base_url="http://127.0.0.1")
    described = client.get("/openapi.json").json()["paths"]
    with_body = [
        (method, path) for path, methods in described.items() for method in methods if "requestBody" in methods[method]
    ]
    assert len(with_body) >= 4
    for method, path in with_body:
        found = client.request(method, f"{path}?library=family", json={})
        assert found.status_code == 422, (method, path)
        assert found.json()["detail"].startswith("library: all that this address takes is in the body"), (method, path)


def test_defects_are_counted_and_answered_and_the_next_request_is_well(desk: Desk, caplog) -> None:
    app = create_app(desk)

    @app.get("/api/defect")
    async def defect() -> None:
        raise ZeroDivisionError("a secret")

    # Before the page, which takes every other path.
    app.router.routes.insert(0, app.router.routes.pop())
    found = answer(app, "/api/defect")
    assert found.status == 500
    assert "secret" not in found.detail
    assert "secret" in caplog.text
    assert answer(app, "/healthz").status == 200
    assert b'framecue_requests_total{method="GET",route="/api/defect",status="500"} 1.0' in answer(app, "/metrics").body
