from __future__ import annotations

import csv
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.exporting import ExportFile
from framecue.service.http.routes import export as module
from support.served import Served


@pytest.fixture(scope="module")
def film(desk: Desk) -> dict[str, Any]:
    """A moment of the film."""
    with desk.shelf().reading() as library:
        video_id = next(video.video_id for video in library.videos() if Path(video.path).name == "film.mp4")
    return {"id": video_id, "start_seconds": 4.5, "end_seconds": 6.0}


def test_the_formats_are_listed(client: TestClient) -> None:
    document = client.get("/api/export/formats").json()
    assert [each["suffix"] for each in document["formats"]][:3] == [".otio", ".edl", ".csv"]
    assert document["problem"] is None


def test_moments_are_a_file_to_save(client: TestClient, film: dict[str, Any], served: Served) -> None:
    answer = client.post("/api/export", json={"hits": [film, {**film, "query": "a worm"}], "format": "csv"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="a-worm.csv"'
    rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    assert [(row["rank"], row["path"], row["query"]) for row in rows] == [
        ("1", served.film, ""),
        ("2", served.film, "a worm"),
    ]


def test_a_timeline_is_read_back(client: TestClient, film: dict[str, Any], served: Served) -> None:
    otio = pytest.importorskip("opentimelineio", reason='timelines need the extra: pip install "framecue[timelines]"')
    answer = client.post("/api/export", json={"hits": [film], "format": "otio", "library": "videos"})
    assert answer.headers["content-type"] == "application/vnd.otio+json"
    (clip,) = otio.adapters.read_from_string(answer.text, "otio_json").find_clips()
    assert clip.media_reference.target_url == Path(served.film).as_uri()
    assert clip.source_range.start_time.to_seconds() == pytest.approx(4.5, abs=0.03)


def test_what_cannot_be_exported_is_a_problem(client: TestClient, film: dict[str, Any]) -> None:
    asked = {
        422: {"hits": [film], "format": "fcpxml"},
        404: {"hits": [{**film, "id": "../../etc/passwd"}], "format": "csv"},
    }
    for status, body in asked.items():
        answer = client.post("/api/export", json=body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert client.post("/api/export", json={"hits": [film], "format": "csv", "library": "x"}).status_code == 404
    for body in ({"hits": [], "format": "csv"}, {"hits": [{**film, "path": "/etc/passwd"}], "format": "csv"}):
        assert client.post("/api/export", json=body).status_code == 422


def test_a_few_are_written_at_once_and_the_others_wait(
    client: TestClient, film: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, most, may_end = [], [], threading.Event()

    def held(picks: object, name: str) -> ExportFile:
        at_work.append(name)
        most.append(len(at_work))
        if len(at_work) == module._AT_ONCE:
            # Long enough for a third to come in, if it were let in.
            may_end.wait(0.3)
            may_end.set()
        may_end.wait()
        at_work.pop()
        return ExportFile("a.csv", "text/csv", b"")

    monkeypatch.setattr(module, "export", held)
    with ThreadPoolExecutor(5) as threads:
        asked = [threads.submit(client.post, "/api/export", json={"hits": [film], "format": "csv"}) for _ in range(5)]
    assert [each.result().status_code for each in asked] == [200] * 5
    assert max(most) == module._AT_ONCE
