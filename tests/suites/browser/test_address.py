"""The address is the search: shared, reloaded, and gone back to."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

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
    assert other.ids() == found
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
