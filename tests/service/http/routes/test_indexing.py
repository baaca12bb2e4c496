from __future__ import annotations

import json
from pathlib import Path

from framecue.service.desk import Desk
from framecue.service.following import Following
from framecue.service.http.app import create_app
from support.asgi import answer
from support.colours import ColourEncoder


def test_what_goes_on_is_told_of_each_library(tmp_path: Path) -> None:
    desk = Desk(
        [str(tmp_path / "first.lance"), str(tmp_path / "second.lance")], load_model=lambda library: ColourEncoder()
    )
    desk.shelf("first").following = Following(desk.shelf("first"), [str(tmp_path)])
    app = create_app(desk)
    first = json.loads(answer(app, "/api/indexing").body)
    assert (first["watching"], first["state"]) == ([str(tmp_path)], "indexing")
    second = json.loads(answer(app, "/api/indexing", query="library=second").body)
    assert (second["watching"], second["state"]) == ([], "none")
    assert first.keys() == second.keys()
    assert answer(app, "/api/indexing", query="library=third").status == 404
    desk.close()
