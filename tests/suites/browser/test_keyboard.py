"""Nothing but the keyboard."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from support.the_page import ThePage


def test_search_choose_play_and_close_without_a_mouse(here: ThePage, ids: dict[str, str]) -> None:
    keys = here.page.keyboard
    expect(here.box).to_be_focused()
    keys.type("the robot spins")
    keys.press("Enter")
    first = here.expect_first(ids["film.mp4"], start_seconds=10)
    # Down from the box into the results.
    keys.press("ArrowDown")
    expect(first.locator(".card-link")).to_be_focused()
    keys.press("ArrowRight")
    expect(here.hits.nth(1).locator(".card-link")).to_be_focused()
    keys.press("ArrowLeft")
    keys.press("Enter")
    expect(here.player).to_be_visible()
    began = here.expect_plays(10, 15)
    here.expect_moves(began)
    # The focus stays in the dialog.
    for _ in range(30):
        keys.press("Tab")
        assert here.page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('#player')"
        )
    keys.press("Escape")
    expect(here.player).to_be_hidden()
    expect(first.locator(".card-link")).to_be_focused()
    # And back to the box.
    keys.press("/")
    expect(here.box).to_be_focused()
    keys.press("Control+A")
    keys.type("the tractor moves left")
    keys.press("Enter")
    here.expect_first(ids["old camera.avi"])
    # Selecting.
    keys.press("ArrowDown")
    keys.press("x")
    expect(here.page.locator("#selection [data-part=count]")).to_contain_text("1")


def test_every_control_can_be_reached_by_tabs(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the robot spins")
    here.expect_first(ids["film.mp4"])
    reached = set()
    here.page.locator("body").evaluate("() => document.activeElement.blur()")
    for _ in range(40):
        here.page.keyboard.press("Tab")
        reached.add(
            here.page.evaluate(
                """() => {
                  const element = document.activeElement, outline = getComputedStyle(element);
                  const seen = outline.outlineStyle !== "none" || outline.boxShadow !== "none";
                  return (element.id || element.className || element.tagName) + (seen ? "" : " without a mark");
                }"""
            )
        )
    for wanted in ("query", "theme", "help-button"):
        assert any(wanted == name.split(" without")[0] for name in reached), reached
    # Where the focus is can be seen. (The box's mark is around its frame.)
    unmarked = {name for name in reached if name.endswith("without a mark")}
    assert {name for name in unmarked if not re.match("query|BODY", name)} == set()
