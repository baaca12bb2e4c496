from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from framecue.service.desk import Desk
from framecue.service.http.app import create_app
from support.asgi import answer
from support.colours import ColourEncoder


class Tags(HTMLParser):
    """Notes the tags of a page, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.places: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.places += [value or "" for name, value in attrs if name in ("href", "src")]
        assert not [name for name, _ in attrs if name.startswith("on") or name == "style"]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def page(tmp_path: Path) -> tuple[str, dict]:
    desk = Desk([str(tmp_path / "any.lance")], load_model=lambda library: ColourEncoder())
    app = create_app(desk)
    found = answer(app, "/docs")
    desk.close()
    assert found.status == 200
    assert found.headers["content-type"].startswith("text/html")
    return found.body.decode(), app.openapi()


def test_every_address_is_there_with_all_that_it_takes(page: tuple[str, dict]) -> None:
    text, described = page
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert f"<h2><code>{method.upper()} {path}</code></h2>" in text
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in text
    for name in ("text", "where", "all_moments", "min_confidence"):
        assert f"<code>{name}</code>" in text


def test_it_is_whole_runs_nothing_and_loads_nothing_from_elsewhere(page: tuple[str, dict]) -> None:
    tags = Tags()
    tags.feed(page[0])
    assert tags.open == []
    assert not {"script", "style", "img", "iframe"} & set(tags.seen)
    assert all(place.startswith("/") and not place.startswith("//") for place in tags.places)
    assert "undefined" not in page[0]
    assert "None" not in page[0]
