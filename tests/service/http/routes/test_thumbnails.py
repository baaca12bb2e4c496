"""The small pictures of segments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from support.playing import make_film, write_library


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("thumbnails")
    ids = write_library(folder / "videos.lance", {"film": make_film(folder / "film.mp4", num_frames=2)})
    return ids["film"], folder / "videos.lance"


@pytest.fixture(scope="module")
def client(made: tuple[str, Path]) -> Iterator[TestClient]:
    with TestClient(create_app(Desk([str(made[1])])), base_url="http://127.0.0.1:8000") as client:
        yield client


def test_a_picture_of_a_segment(client: TestClient, made: tuple[str, Path]) -> None:
    for start in ("0", "0.0"):
        answer = client.get(f"/thumbnails/{made[0]}/{start}")
        assert (answer.status_code, answer.content) == (200, b"WEBP of film at 0.0")
    assert (answer.headers["content-type"], answer.headers["x-content-type-options"]) == ("image/webp", "nosniff")
    assert answer.headers["cache-control"] == "private, max-age=86400"
    again = client.get(f"/thumbnails/{made[0]}/0", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head(f"/thumbnails/{made[0]}/0")
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", answer.headers["etag"])


@pytest.mark.parametrize("segment", ["1", "0.5", "-1", "1e99", "nan", "inf"])
def test_segments_without_one(client: TestClient, made: tuple[str, Path], segment: str) -> None:
    answer = client.get(f"/thumbnails/{made[0]}/{segment}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "no segment with a picture starts there" in answer.json()["detail"]


def test_what_is_no_segment(client: TestClient, made: tuple[str, Path]) -> None:
    assert client.get(f"/thumbnails/{made[0]}/x").status_code == 422
    assert client.get("/thumbnails/abc/0").status_code == 404
