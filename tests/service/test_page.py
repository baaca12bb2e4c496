"""The files of the page agree with each other and with the service's content-security policy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from support.page_faults import faults_of

PAGE = Path(str(files("framecue.service"))) / "page"


def test_nothing_is_wrong_with_the_page() -> None:
    assert faults_of(PAGE) == []


def in_file(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return what replaces a text in a file of the page."""

    def plant(page: Path) -> None:
        file = page / name
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def added(name: str, text: str) -> Callable[[Path], None]:
    """Return what adds text to the end of a file of the page, which need not be there."""

    def plant(page: Path) -> None:
        with (page / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return plant


FAULTS = [
    (in_file("index.html", "css/base.css", "css/bass.css"), "index.html: css/bass.css is no file"),
    (in_file("index.html", "</body>", "<script>let a</script></body>"), "index.html: <script> is inline"),
    (in_file("index.html", "<body>", '<body style="margin: 0">'), "index.html: body style is inline"),
    (in_file("index.html", "<body>", '<body onload="go()">'), "index.html: body onload is inline"),
    (in_file("index.html", 'id="token-title"', 'id="token-name"'), "index.html: nothing has the id token-title"),
    (in_file("index.html", "<body>", '<body><i id="query"></i>'), "index.html: query is twice"),
    (added("js/box.js", 'import { again } from "./serch.js";\n'), "box.js: imports ./serch.js, which is no file"),
    (
        in_file("js/search.js", "export function again", "function again"),
        "box.js: imports again, which search.js does not export",
    ),
    (added("js/announce.js", 'import { el } from "./dom.js";\n'), "announce.js: imports el and does not use it"),
    (in_file("index.html", 'id="icon-film"', 'id="icon-movie"'), "card.js: there is no icon film"),
    (in_file("js/box.js", '$("#query")', '$("#querry")'), "box.js: nothing has the id querry"),
    (added("js/card.js", "card.innerHTML = name;\n"), "card.js: innerHTML makes markup or code of text"),
    (added("js/alone.js", "// Nobody asks for it.\n"), "js/alone.js: nothing loads it"),
    (added("css/alone.css", "/* Nobody asks for it. */\n"), "css/alone.css: nothing loads it"),
    (added("css/base.css", "p { color: var(--blue); }\n"), "base.css: --blue is not defined"),
    (added("css/base.css", "p {\n  color: #00f;\n}\n"), "base.css: #00f is no token"),
    (
        added("css/base.css", "@import 'https://fonts.example.org/a.css';\n"),
        "css/base.css: https://fonts.example.org is not of this page",
    ),
    (added("js/box.js", "//\n" * 300), "js/box.js: has "),
]


@pytest.mark.parametrize(("plant", "fault"), FAULTS, ids=[fault for _, fault in FAULTS])
def test_a_fault_in_the_page_is_seen(plant: Callable[[Path], None], fault: str, tmp_path: Path) -> None:
    page = shutil.copytree(PAGE, tmp_path / "page")
    plant(page)
    assert any(found.startswith(fault) for found in faults_of(page))
