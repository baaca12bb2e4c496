from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from framecue.service.desk import Desk
from framecue.service.following import Following
from framecue.service.http.app import create_app
from framecue.service.http.options import ServeOptions
from support.asgi import answer
from support.colour_rows import write_colours
from support.colours import ColourEncoder


@pytest.fixture
def desk_of() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(*places: Path) -> Desk:
        made.append(Desk([str(place) for place in places], load_model=lambda library: ColourEncoder()))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


def test_a_server_with_a_library_is_well(client: TestClient) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["model"] in ("waiting", "ready")


def test_a_server_whose_library_is_gone_is_not_well(tmp_path: Path, desk_of) -> None:
    found = answer(create_app(desk_of(tmp_path / "gone.lance")), "/healthz")
    assert found.status == 503
    assert "cannot be opened" in found.detail


def test_whoever_has_no_token_is_not_told_where_the_library_is(tmp_path: Path, desk_of) -> None:
    a_file = tmp_path / "a-file.lance"
    a_file.write_text("no library")
    for place in (tmp_path / "gone.lance", a_file):
        app = create_app(desk_of(place), ServeOptions(token="a-token-of-some-length"))
        found = answer(app, "/healthz")
        assert found.status == 503
        assert str(tmp_path) not in found.detail


def test_a_library_that_is_being_made_need_not_be_there_yet(tmp_path: Path, desk_of) -> None:
    desk = desk_of(tmp_path / "new.lance")
    desk.shelf().following = Following(desk.shelf(), [str(tmp_path)])
    assert answer(create_app(desk), "/healthz").status == 200


def test_numbers_are_for_prometheus(tmp_path: Path, desk_of) -> None:
    desk = desk_of(write_colours(tmp_path / "colours.lance", "red"))
    app = create_app(desk)
    found = answer(app, "/metrics")
    assert found.headers["content-type"].startswith("text/plain")
    assert b'framecue_model_ready{library="colours"} 0.0' in found.body
    assert desk.shelf().model.model is not None
    assert b'framecue_model_ready{library="colours"} 1.0' in answer(app, "/metrics").body
