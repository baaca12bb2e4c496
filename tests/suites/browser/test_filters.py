"""Filters as chips: they narrow the search down, stand in the address, and can be taken off."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from support.server_process import ServerProcess
from support.the_page import ThePage


def test_a_filter_narrows_down_and_is_taken_off_again(
    here: ThePage, ids: dict[str, str], look: Callable[..., None]
) -> None:
    here.search("the snail stands still")
    here.expect_first(ids["poster.png"])
    here.page.locator("[data-filter=kind]").get_by_role("button").first.click()
    panel = here.page.locator("[data-panel=kind]")
    expect(panel).to_be_visible()
    look(here.page, "filter-open")
    panel.get_by_label("Videos", exact=True).check()
    expect(here.page).to_have_url(re.compile("[?&]kind=video"))
    expect(here.hits.first).not_to_have_attribute("data-id", ids["poster.png"])
    assert ids["poster.png"] not in here.ids()
    chip = here.page.locator("[data-filter=kind]")
    expect(chip).to_have_attribute("data-on", "")
    here.page.keyboard.press("Escape")
    look(here.page, "filter-on")
    here.page.locator("#filters").get_by_role("button", name=re.compile("^Remove")).first.click()
    here.expect_first(ids["poster.png"])
    expect(here.page).not_to_have_url(re.compile("kind="))


def test_a_shared_address_has_its_filters(here: ThePage, ids: dict[str, str], server: ServerProcess) -> None:
    here.page.goto(f"{server.url}/?q=the+car+rises&before=2024-06-01&longer=1")
    here.expect_state("results")
    assert here.ids()
    names = {video_id: name for name, video_id in ids.items()}
    # A third of the clips was recorded on the first day, and nothing else before the second.
    assert all(re.fullmatch(r"0000\d\.mp4", names[video_id]) for video_id in here.ids())
    expect(here.page.locator("#filters").get_by_role("button", name=re.compile("^Remove"))).to_have_count(2)


def test_filters_that_leave_nothing_offer_to_search_without_them(here: ThePage, server: ServerProcess) -> None:
    here.page.goto(f"{server.url}/?q=the+car+rises&after=2031-01-01")
    here.expect_state("none")
    expect(here.note).to_contain_text("filters")
    here.note.get_by_role("button", name="Search without filters").click()
    here.expect_state("results")
    expect(here.page).not_to_have_url(re.compile("after="))


def test_the_fields_for_dates_stand_side_by_side_in_their_panel(here: ThePage) -> None:
    here.expect_library()
    here.page.get_by_role("button", name="Date", exact=True).click()
    panel = here.page.locator("[data-panel=date]")
    expect(panel).to_be_visible()
    inside = "panel => panel.scrollWidth <= panel.clientWidth"
    assert panel.evaluate(inside)
    edges = "panel => [...panel.querySelectorAll('[type=date]')].map(each => each.getBoundingClientRect())"
    since, until = panel.evaluate(f"panel => ({edges})(panel).map(each => [each.left, each.right])")
    assert since[1] < until[0]
