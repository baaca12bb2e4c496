"""Results are marked as right or not right, and the search is ordered once more, for itself alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import expect

from support.the_page import ThePage

# More of them come by themselves, sooner or later.
FIRST = 20
RIGHT, WRONG = re.compile("[?&]right="), re.compile("[?&]wrong=")


def test_what_is_marked_orders_the_search_until_it_is_undone(
    here: ThePage, ids: dict[str, str], look: Callable[..., None]
) -> None:
    here.search("the octopus grows")
    here.expect_first(ids["film.mp4"])
    before, marked = here.ids()[:FIRST], here.page.locator("#marked")
    expect(marked).to_be_hidden()
    # By the pointer, what is selected is right.
    chosen = before[7]
    here.hits.nth(7).locator("[data-select]").check()
    bar = here.page.get_by_role("region", name="Selected moments")
    bar.get_by_role("button", name="Right", exact=True).click()
    expect(marked).to_contain_text("1 right")
    expect(bar).to_be_hidden()
    card = here.page.locator(f"#results [data-id='{chosen}']")
    expect(card.get_by_role("button", name="Marked as right")).to_be_visible()
    assert here.ids().index(chosen) < before.index(chosen)
    # By the keyboard, the one that has the focus is not right, and goes.
    gone = here.ids()[2]
    here.hits.nth(2).locator(".card-link").focus()
    here.page.keyboard.press("-")
    expect(marked).to_contain_text("1 right, 1 not right")
    expect(here.page.locator(f"#results [data-id='{gone}'][data-start='0']")).to_have_count(0)
    expect(here.page.locator("#announcer")).to_contain_text("Ordered once more by 2 marked moments.")
    look(here.page, "marked")
    # It is a search as others are: it is there after a reload, and "back" takes the last mark away.
    ordered = here.ids()[:FIRST]
    here.page.reload()
    expect(marked).to_contain_text("1 right, 1 not right")
    here.expect_state("results")
    assert here.ids()[:FIRST] == ordered
    here.page.go_back()
    expect(marked).to_have_text(re.compile("1 right. It holds"))
    expect(here.page).not_to_have_url(WRONG)
    marked.get_by_role("button", name="Undo").click()
    expect(marked).to_be_hidden()
    expect(here.hits.nth(7)).to_have_attribute("data-id", chosen)
    assert here.ids()[:FIRST] == before


def test_marks_go_with_their_search_and_can_be_taken_back_one_by_one(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the robot spins")
    here.expect_first(ids["film.mp4"])
    for place in (0, 1):
        here.hits.nth(place).locator("[data-select]").check()
    here.page.keyboard.press("+")
    marked = here.page.locator("#marked")
    expect(marked).to_contain_text("2 right")
    here.page.locator("[data-marked=right]").first.click()
    expect(marked).to_contain_text("1 right.")
    # Filters narrow the same search down; other words are another one.
    here.page.locator("[data-filter=kind] .chip-main").click()
    here.page.locator("[data-panel=kind]").get_by_label("Videos", exact=True).check()
    here.page.keyboard.press("Escape")
    expect(marked).to_contain_text("1 right.")
    expect(here.page).to_have_url(RIGHT)
    here.search("the tractor moves left")
    here.expect_first(ids["old camera.avi"])
    expect(marked).to_be_hidden()
    expect(here.page).not_to_have_url(RIGHT)
