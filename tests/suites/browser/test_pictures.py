"""A picture or a video as the query: dragged, pasted, chosen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect

from support.shown_videos import ShownLibraries
from support.the_page import ThePage


def test_a_picture_that_is_dragged_onto_the_page_is_the_query(
    here: ThePage, shown: ShownLibraries, ids: dict[str, str], look: Callable[..., None]
) -> None:
    here.expect_state("start")
    here.drop(shown.videos.picture)
    here.expect_first(ids["poster.png"])
    chip = here.page.locator("#filters [data-part=file]")
    expect(chip).to_be_visible()
    look(here.page, "dropped-picture")
    chip.get_by_role("button").click()
    expect(chip).to_have_count(0)
    here.expect_state("start")


def test_a_picture_that_is_pasted_is_the_query(here: ThePage, shown: ShownLibraries, ids: dict[str, str]) -> None:
    here.expect_state("start")
    here.paste_picture(shown.videos.picture.read_bytes())
    here.expect_first(ids["poster.png"])


def test_a_video_that_is_chosen_is_the_query(here: ThePage, shown: ShownLibraries, ids: dict[str, str]) -> None:
    here.expect_state("start")
    with here.page.expect_file_chooser() as chooser:
        here.page.get_by_role("button", name="Search with a picture or a video").click()
    chooser.value.set_files(shown.videos.clips[3][0])
    here.expect_first(ids[shown.videos.clips[3][0].name])


def test_what_is_no_picture_is_refused_in_a_sentence(here: ThePage, tmp_path: Path) -> None:
    here.expect_state("start")
    (tmp_path / "holiday.png").write_bytes(b"this is no picture")
    here.drop(tmp_path / "holiday.png")
    said = here.page.locator("#drop-problem, [data-note=error]")
    expect(said.first).to_be_visible()
    # Nothing else stops working.
    here.page.goto(here.page.url.split("?")[0])
    here.search("the cat rises")
    here.expect_state("results")
