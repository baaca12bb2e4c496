"""Three hits selected and exported: the file that comes down is read back."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from support.the_page import ThePage


def test_three_hits_are_selected_and_exported(here: ThePage, ids: dict[str, str], look: Callable[..., None]) -> None:
    here.search("the rocket falls")
    here.expect_first(ids["film.mp4"], start_seconds=20)
    for index in range(3):
        here.hits.nth(index).locator("[data-select]").check()
    bar = here.page.locator("#selection")
    expect(bar).to_be_visible()
    expect(bar.locator("[data-part=count]")).to_contain_text("3")
    look(here.page, "selection")
    chosen = here.ids()[:3]
    with here.page.expect_download() as download:
        bar.get_by_label("Format").select_option("csv")
        bar.locator("[data-action=export]").click()
    assert download.value.suggested_filename.endswith(".csv")
    with open(download.value.path(), encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 (a newline of csv)
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    names = {video_id: name for name, video_id in ids.items()}
    for row, video_id in zip(rows, chosen, strict=True):
        assert any(value.endswith(names[video_id]) for value in row.values()), (row, names[video_id])
    bar.locator("[data-action=clear]").click()
    expect(bar).to_be_hidden()


def test_the_timeline_of_an_editor_has_the_hits_times(here: ThePage, ids: dict[str, str]) -> None:
    otio = pytest.importorskip("opentimelineio", reason="the extra timelines is not installed")
    here.search("the panda shrinks")
    here.expect_first(ids["film.mp4"], start_seconds=15).locator("[data-select]").check()
    here.hits.nth(1).locator("[data-select]").check()
    here.hits.nth(2).locator("[data-select]").check()
    bar = here.page.locator("#selection")
    with here.page.expect_download() as download:
        bar.get_by_label("Format").select_option("otio")
        bar.locator("[data-action=export]").click()
    timeline = otio.adapters.read_from_string(download.value.path().read_text(encoding="utf-8"), "otio_json")
    clips = list(timeline.find_clips())
    assert len(clips) == 3
    film = clips[0].source_range
    assert film.start_time.to_seconds() == pytest.approx(15, abs=0.1)
    assert film.duration.to_seconds() == pytest.approx(5, abs=0.1)


def test_who_exports_before_it_is_known_what_there_is_gets_the_file(here: ThePage, ids: dict[str, str]) -> None:
    held: list[Route] = []
    here.page.route("**/api/export/formats", lambda route: held.append(route))  # a builtin cannot be a handler
    here.search("the tractor moves left")
    here.expect_first(ids["old camera.avi"])
    keys = here.page.keyboard
    keys.press("ArrowDown")
    with here.page.expect_request("**/api/export/formats"):
        keys.press("x")
    keys.press("e")
    keys.press("Enter")
    expect(here.page.locator("#selection [role=status]")).to_have_text("Exporting …")
    with here.page.expect_download() as download:
        held[0].continue_()
    assert download.value.suggested_filename.startswith("the-tractor-moves-left")
