"""What the page shows of indexing: nothing where there is none, how far it is, what was skipped and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from support.server_process import ServerProcess

SKIPPED = [
    {"path": "/videos/cut off.mp4", "reason": "cannot be read: it ends before its index"},
    {"path": "/videos/<b>odd</b>.mkv", "reason": "holds no pictures"},
]
NOTHING: dict[str, Any] = {
    "watching": [],
    "state": "none",
    "waiting": 0,
    "progress": None,
    "skipped": [],
    "notices": [],
    "problem": None,
    "last": None,
}
AT_WORK = NOTHING | {
    "watching": ["/videos"],
    "state": "indexing",
    "progress": {"done": 12.4, "total": 60, "unit": "files"},
    "skipped": SKIPPED,
}
DONE = AT_WORK | {"state": "up to date", "progress": None, "last": {"added": 48, "changed": 0, "removed": 1}}


class Indexing:
    """What the server is made to say of indexing, and how often it was asked."""

    def __init__(self, page: Page) -> None:
        self.document, self.num_asked = NOTHING, 0
        page.route("**/api/indexing*", self._answer)

    def _answer(self, route: Route) -> None:
        self.num_asked += 1
        route.fulfill(status=200, content_type="application/json", body=json.dumps(self.document))


@pytest.fixture
def page(new_page: Callable[..., Page]) -> Page:
    return new_page(color_scheme="light")


@pytest.fixture
def indexing(page: Page) -> Indexing:
    return Indexing(page)


def test_a_server_that_follows_no_folder_shows_nothing_and_is_asked_once(
    page: Page, server: ServerProcess, indexing: Indexing
) -> None:
    page.clock.install()
    page.goto(server.url)
    expect(page.locator("html")).to_have_attribute("data-state", "start")
    page.clock.run_for(120_000)
    expect(page.locator("#progress")).to_be_hidden()
    assert indexing.num_asked == 1


def test_progress_and_what_was_skipped_and_why(
    page: Page, server: ServerProcess, indexing: Indexing, look: Callable[..., None]
) -> None:
    indexing.document = AT_WORK
    page.goto(server.url)
    place = page.locator("#progress")
    expect(place).to_contain_text("12 of 60 files")
    expect(place.get_by_role("progressbar")).to_have_attribute("value", "12.4")
    place.locator("summary").click()
    for skipped in SKIPPED:
        expect(place).to_contain_text(skipped["path"])
        expect(place).to_contain_text(skipped["reason"])
    look(page, "indexing")
    # What was opened stays open when there is something new.
    indexing.document = DONE
    expect(place).to_have_attribute("data-state", "up-to-date")
    expect(place).to_contain_text("48 files added, 1 file removed")
    expect(place).to_contain_text(SKIPPED[0]["reason"])


def test_files_that_are_still_written_are_waited_for(page: Page, server: ServerProcess, indexing: Indexing) -> None:
    indexing.document = DONE | {"state": "waiting", "waiting": 2, "skipped": []}
    page.goto(server.url)
    place = page.locator("#progress")
    expect(place).to_contain_text("2 files just changed: indexed as soon as nothing writes to them any more.")
    # It is looked again soon.
    indexing.document = DONE
    expect(place).to_contain_text("The library is up to date. 48 files added")


def test_what_was_put_away_comes_back_with_something_new_alone(
    page: Page, server: ServerProcess, indexing: Indexing
) -> None:
    indexing.document = DONE
    page.goto(server.url)
    place = page.locator("#progress")
    place.get_by_role("button", name="Put away").click()
    expect(place).to_be_hidden()
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-state", "start")
    expect(place).to_be_hidden()
    indexing.document = DONE | {"state": "stopped", "problem": "the disk is full; make room and start again"}
    page.reload()
    expect(place).to_contain_text("The disk is full; make room and start again.")


def test_what_is_said_of_one_library_is_not_said_of_another(page: Page, server: ServerProcess) -> None:
    def of(route: Route) -> None:
        document = NOTHING if "library=small" in route.request.url else DONE
        route.fulfill(status=200, content_type="application/json", body=json.dumps(document))

    page.route("**/api/indexing*", of)
    page.goto(server.url)
    place = page.locator("#progress")
    expect(place).to_contain_text("48 files added")
    page.locator("#library").select_option("small")
    expect(place).to_be_hidden()
    page.go_back()
    expect(place).to_contain_text("48 files added")
