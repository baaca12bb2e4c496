from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.following import Following
from framecue.service.http.app import create_app
from support.asgi import answer
from support.served import SAID, Served


def test_the_list_comes_by_path_and_in_pages(client: TestClient, served: Served) -> None:
    whole = client.get("/api/videos").json()
    assert whole["total"] == len(whole["videos"]) == len(served.clips) + 1
    assert [video["path"] for video in whole["videos"]] == sorted([served.film, *(path for path, _ in served.clips)])
    page = client.get("/api/videos", params={"offset": 2, "limit": 3, "library": "videos"}).json()
    assert (page["total"], page["videos"]) == (whole["total"], whole["videos"][2:5])
    assert client.get("/api/videos?offset=1000").json() == {"total": whole["total"], "videos": []}


@pytest.mark.parametrize(
    "asked", ["offset=-1", "limit=0", "limit=501", "offset=a", "library=none", "limit=99999999999"]
)
def test_a_page_that_makes_no_sense_is_told(client: TestClient, asked: str) -> None:
    answer = client.get(f"/api/videos?{asked}")
    assert answer.status_code == (404 if asked == "library=none" else 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_all_that_there_is_of_a_video(client: TestClient, served: Served) -> None:
    listed = {video["path"]: video for video in client.get("/api/videos").json()["videos"]}
    film = listed[served.film]
    answer = client.get(f"/api/videos/{film['id']}").json()
    assert {key: answer[key] for key in ("id", "kind", "duration_seconds", "recorded")} == {
        key: film[key] for key in ("id", "kind", "duration_seconds", "recorded")
    }
    assert answer["files"] == [{"path": served.film, "name": Path(served.film).name, "is_there": True}]
    assert len(answer["moments"]) == film["num_segments"]
    assert [(line["text"], line["kind"], line["source"]) for line in answer["words"]] == [
        (text, "said", "sidecars") for text in SAID
    ]
    assert answer["caption"] is None
    assert answer["media"]["url"] == f"/media/{film['id']}"
    named = client.get(f"/api/videos/{film['id']}?library=videos").json()
    assert named["media"]["url"].endswith("?library=videos")


@pytest.mark.parametrize("video_id", ["f00d", "..%2F..%2Fetc%2Fpasswd", "%00", "' OR 1=1", "x" * 5000])
def test_an_id_that_is_not_held_is_told(client: TestClient, video_id: str) -> None:
    answer = client.get(f"/api/videos/{video_id}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert "/etc" not in answer.text


def test_a_library_that_is_still_to_be_made_has_no_videos(tmp_path: Path) -> None:
    desk = Desk([str(tmp_path / "new.lance")])
    app = create_app(desk)
    assert answer(app, "/api/videos").status == 503
    # A page that waits for the first video asks again and again, and not in vain.
    desk.shelf().following = Following(desk.shelf(), [str(tmp_path)])
    assert json.loads(answer(app, "/api/videos").body) == {"total": 0, "videos": []}
    (library,) = json.loads(answer(app, "/api/libraries").body)["libraries"]
    assert library["problem"].startswith(f"nothing is indexed yet; what is put into {tmp_path} can be")
    desk.close()
