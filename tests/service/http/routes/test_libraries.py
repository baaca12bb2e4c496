from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from framecue.errors import ModelError
from framecue.library import Library
from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from support.asgi import answer
from support.colour_rows import write_colours
from support.colours import ColourEncoder


def test_the_libraries_are_named_after_their_folders(client: TestClient) -> None:
    (library,) = client.get("/api/libraries").json()["libraries"]
    assert library["name"] == "videos"
    assert library["num_videos"] == 7
    assert library["duration_seconds"] > 16
    assert library["problem"] is None
    assert library["model"]["problem"] is None


def test_info_is_what_the_command_prints(client: TestClient, desk: Desk) -> None:
    with desk.shelf().reading() as library:
        expected = library.info().to_dict()
    assert client.get("/api/info").json() == expected
    assert client.get("/api/info", params={"library": "videos"}).json() == expected


def test_an_unknown_library_is_told_with_those_that_there_are(client: TestClient) -> None:
    answer = client.get("/api/info", params={"library": "films"})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no library of that name; there are: videos"


def test_what_is_wrong_with_one_is_no_problem_of_the_others(tmp_path: Path) -> None:
    def load(library: Library) -> ColourEncoder:
        raise ModelError("the model is not there; bring it back")

    good, broken, gone = tmp_path / "good.lance", tmp_path / "broken.lance", tmp_path / "gone.lance"
    write_colours(good, "red", "blue")
    broken.mkdir()
    (broken / "segments.lance").mkdir()
    desk = Desk([str(gone), str(broken), str(good)], load_model=load)
    with pytest.raises(ModelError):
        _ = desk.shelf("good").model.model
    found = json.loads(answer(create_app(desk), "/api/libraries").body)["libraries"]
    desk.close()
    assert [library["name"] for library in found] == ["gone", "broken", "good"]
    assert [library["num_videos"] for library in found] == [0, 0, 2]
    assert "is not there" in found[0]["problem"]
    assert found[1]["problem"]
    assert found[2]["problem"] is None
    assert found[2]["model"] == {"state": "failed", "problem": "the model is not there; bring it back"}
