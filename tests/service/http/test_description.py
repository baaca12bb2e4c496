from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from framecue.service.http.description import PROBLEMS, search_body, teach_body


def test_a_search_is_described_whole() -> None:
    content = search_body()["content"]
    schema = content["application/json"]["schema"]
    assert "$ref" not in str(schema)
    assert schema["properties"]["videos"]["items"]["properties"].keys() == {"id", "at"}
    assert content["multipart/form-data"]["schema"]["properties"].keys() == {"query", "image", "video"}


def test_every_address_says_what_it_may_answer(client: TestClient) -> None:
    document: dict[str, Any] = client.get("/openapi.json").json()
    for address, operations in document["paths"].items():
        for method, operation in operations.items():
            assert {"4XX", "5XX"} <= operation["responses"].keys(), (method, address)
            assert "422" not in operation["responses"], (method, address)
            assert operation.get("summary"), (method, address)
    assert {"/api/search", "/api/videos", "/api/videos/{video_id}", "/api/info"} <= document["paths"].keys()
    answered = document["paths"]["/api/search"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answered == {"$ref": "#/components/schemas/SearchDocument"}
    assert PROBLEMS["4XX"]["content"].keys() == {"application/problem+json"}


def test_a_lesson_is_described_whole() -> None:
    content = teach_body()["content"]
    schema = content["application/json"]["schema"]
    assert "$ref" not in str(schema)
    assert schema["properties"]["like"]["items"]["properties"].keys() == {
        *("id", "start_seconds", "end_seconds", "text")
    }
    form = content["multipart/form-data"]["schema"]
    assert (form["properties"].keys(), form["required"]) == ({"lesson", "image"}, ["lesson"])
