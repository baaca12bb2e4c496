"""The opened video: it plays from the matched moment, and everything beside it leads to others."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.server_process import ServerProcess
from support.shown_videos import SAID, ShownLibraries
from support.the_page import ThePage


def test_a_result_plays_from_its_moment(here: ThePage, ids: dict[str, str], look: Callable[..., None]) -> None:
    here.search("the rocket falls")
    here.open(here.expect_first(ids["film.mp4"], start_seconds=20))
    began = here.expect_plays(20, 25)
    assert began >= 19.9
    expect(here.player).to_have_attribute("data-stage", "playing-original")
    here.expect_moves(began)
    assert not here.video.evaluate("video => video.paused")
    here.expect_moments()
    look(here.page, "player")
    # The page behind is as it was, and the keyboard is where it was.
    here.close()
    assert here.hits.first.evaluate("hit => hit.contains(document.activeElement)")


def test_a_result_plays_under_the_mouse(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the panda shrinks")
    first = here.expect_first(ids["film.mp4"], start_seconds=15)
    first.locator(".card-link").hover()
    preview = first.locator("video")
    expect(preview).to_be_visible()
    plays = """() => {
      const video = document.querySelector("#results video");
      return video && video.currentTime > 15 && video.currentTime < 20.5;
    }"""
    here.page.wait_for_function(plays)
    # It makes no noise.
    assert preview.evaluate("video => video.muted")


def test_the_strip_has_the_matching_moments_and_leads_there(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the cat rises")
    here.open(here.expect_first(ids["film.mp4"], start_seconds=0))
    here.expect_plays(0, 5)
    strip = here.player.locator("[data-part=strip]")
    # The cat rises twice.
    expect(strip.get_by_role("button")).to_have_count(2)
    strip.locator("[data-start='30']").click()
    here.expect_plays(30, 35)
    expect(strip.locator("[data-start='30']")).to_have_attribute("aria-current", "true")
    # Arrows go along it.
    strip.locator("[data-start='30']").press("ArrowLeft")
    expect(strip.locator("[data-start='0']")).to_be_focused()
    here.page.keyboard.press("Enter")
    here.expect_plays(0, 5)


def test_what_is_said_stands_beside_and_leads_there(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the whale circles")
    here.open(here.expect_first(ids["film.mp4"], start_seconds=25))
    words = here.player.locator("[data-part=words]")
    lines = words.get_by_role("button")
    expect(lines).to_have_count(len(SAID))
    expect(lines.nth(1)).to_contain_text(SAID[1][2])
    lines.nth(1).click()
    here.expect_plays(SAID[1][0], SAID[1][1])
    expect(words.locator("[aria-current=true]")).to_contain_text(SAID[1][2])


def test_more_like_this_is_a_search_with_the_moment(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the tractor moves left")
    here.expect_first(ids["old camera.avi"]).locator("[data-action=more]").click()
    expect(here.page).to_have_url(re.compile(rf"[?&]like={ids['old camera.avi']}"))
    here.expect_state("results")
    # The moment itself is the likest; what a person wants comes after it, or it is left out.
    assert here.ids()
    # And from the player.
    here.page.go_back()
    here.open(here.expect_first(ids["old camera.avi"]))
    here.player.locator("[data-action=more]").click()
    expect(here.player).to_be_hidden()
    expect(here.page).to_have_url(re.compile(rf"[?&]like={ids['old camera.avi']}"))


def test_what_a_browser_cannot_play_is_converted_with_the_reason(
    here: ThePage, ids: dict[str, str], look: Callable[..., None]
) -> None:
    here.search("the tractor moves left")
    here.open(here.expect_first(ids["old camera.avi"]))
    began = here.expect_plays(0, 5)
    expect(here.player).to_have_attribute("data-stage", "converted")
    reason = here.player.locator("[data-part=stage-note]")
    expect(reason).to_be_visible()
    expect(reason).to_contain_text(re.compile("mpeg-?4|avi", re.IGNORECASE))
    here.expect_moves(began)
    # It can be sought in, as any other.
    here.video.evaluate("video => { video.pause(); video.currentTime = 4; }")
    here.expect_plays(3.9, 4.1)
    look(here.page, "converted")


def test_the_next_moment_and_the_one_before(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the cat rises")
    here.open(here.expect_first(ids["film.mp4"], start_seconds=0))
    here.expect_plays(0, 5)
    here.player.locator("[data-action=next]").click()
    here.expect_plays(30, 35)
    expect(here.page).to_have_url(re.compile(r"[?&]t=30(&|$)"))
    here.player.locator("[data-action=previous]").click()
    here.expect_plays(0, 5)


def test_a_file_that_is_gone_says_so(
    new_page: Callable[..., Page], server: ServerProcess, shown: ShownLibraries, look: Callable[..., None]
) -> None:
    aside = shown.small_clip.with_suffix(".aside")
    page = new_page(color_scheme="light")
    page.goto(f"{server.url}/?library=small")
    here = ThePage(page)
    here.search("the tractor moves left")
    shown.small_clip.rename(aside)
    try:
        here.open(here.hits.first)
        expect(here.player).to_have_attribute("data-stage", "gone")
        expect(here.player.locator("[data-part=stage-note]")).to_be_visible()
        look(page, "gone")
    finally:
        aside.rename(shown.small_clip)
