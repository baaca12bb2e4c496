from __future__ import annotations

from fastapi.testclient import TestClient


def test_the_libraries_are_named_after_their_folders(client: TestClient) -> None:
    (library,) = client.get("/api/libraries").json()["libraries"]
    assert library["name"] == "videos"
    assert library["num_videos"] == 7
    assert library["duration_seconds"] > 16


def test_info_is_what_the_command_prints(client: TestClient, served, desk) -> None:
    with desk.shelf().reading() as library:
        expected = library.info().to_dict()
    assert client.get("/api/info").json() == expected
    assert client.get("/api/info", params={"library": "videos"}).json() == expected


def test_an_unknown_library_is_named_with_those_that_there_are(client: TestClient) -> None:
    answer = client.get("/api/info", params={"library": "films"})
    assert answer.status_code == 404
    assert answer.json()["detail"] == "there is no library of that name; there are: videos"
