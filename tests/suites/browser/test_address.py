"""The address is the search: shared, reloaded, and gone back to."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.server_process import ServerProcess
from support.the_page import ThePage


def test_a_shared_address_shows_the_same_to_somebody_else(
    here: ThePage, new_page: Callable[..., Page], ids: dict[str, str]
) -> None:
    here.search("the octopus grows")
    here.open(here.expect_first(ids["film.mp4"], start_seconds=5))
    here.expect_plays(5, 10)
    url, found = here.page.url, here.ids()
    assert "octopus" in url
    other = ThePage(new_page())
    other.page.goto(url)
    expect(other.player).to_be_visible()
    assert other.expect_plays(5, 10) >= 4.9
    expect(other.box).to_have_value("the octopus grows")
    other.close()
    other.expect_state("results")
    # Either page may have shown more of the same results meanwhile, as they come when there is room.
    shown = other.ids()
    shared = min(len(shown), len(found))
    assert shared > 5
    assert shown[:shared] == found[:shared]
    # And to oneself, after a reload.
    here.page.reload()
    expect(here.player).to_be_visible()
    here.expect_plays(5, 10)
    assert here.page.url == url


def test_back_and_forward_go_through_what_was_done(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the cat rises")
    here.expect_first(ids["film.mp4"], start_seconds=0)
    here.search("the tractor moves left")
    here.open(here.expect_first(ids["old camera.avi"]))
    here.page.go_back()
    expect(here.player).to_be_hidden()
    here.expect_first(ids["old camera.avi"])
    here.page.go_back()
    here.expect_first(ids["film.mp4"], start_seconds=0)
    expect(here.box).to_have_value("the cat rises")
    here.page.go_forward()
    here.expect_first(ids["old camera.avi"])
    here.page.go_forward()
    expect(here.player).to_be_visible()
    here.close()
    expect(here.page).not_to_have_url(re.compile("[?&]v="))


def test_an_address_of_a_video_that_is_not_there_says_so_and_offers_nothing(
    here: ThePage, ids: dict[str, str], server: ServerProcess, look: Callable[..., None]
) -> None:
    here.page.goto(f"{server.url}/?v={'0' * 40}&t=4")
    expect(here.player).to_contain_text("This library does not hold the video.")
    expect(here.player.get_by_role("heading", name="It cannot be opened")).to_be_visible()
    for name in ("More like this", "Why", "Save clip", "Copy link"):
        expect(here.player.get_by_role("button", name=name)).to_be_hidden()
    look(here.page, "unknown-video")
    # What is opened next has all of it again.
    here.close()
    here.search("the cat rises")
    here.open(here.expect_first(ids["film.mp4"]))
    for name in ("More like this", "Why", "Save clip", "Copy link"):
        expect(here.player.get_by_role("button", name=name, exact=True)).to_be_visible()
