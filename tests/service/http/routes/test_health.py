from __future__ import annotations

from fastapi.testclient import TestClient


def test_a_server_with_a_library_is_well(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
