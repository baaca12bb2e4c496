"""Dark and light, a phone's screen, and the help."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.server_process import ServerProcess
from support.the_page import ThePage

PHONE = {"viewport": {"width": 375, "height": 667}, "device_scale_factor": 2, "has_touch": True, "is_mobile": True}


def ground(page: Page) -> float:
    """How light the page's ground is, 0 to 255."""
    script = """() => {
      const pen = document.createElement("canvas").getContext("2d");
      for (const element of [document.documentElement, document.body]) {
        pen.fillStyle = getComputedStyle(element).backgroundColor;
        pen.fillRect(0, 0, 1, 1);
      }
      return [...pen.getImageData(0, 0, 1, 1).data.slice(0, 3)].reduce((a, b) => a + b) / 3;
    }"""
    return page.evaluate(script)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_theme(
    new_page: Callable[..., Page], server: ServerProcess, ids: dict[str, str], look: Callable[..., None], scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(f"{server.url}/?q=the+cat+rises")
    here = ThePage(page)
    here.expect_state("results")
    assert (ground(page) < 100) == (scheme == "dark")
    if scheme == "light":
        return
    look(page, "dark-results")
    here.open(here.expect_first(ids["film.mp4"]))
    here.expect_plays(0, 5)
    here.expect_moments()
    look(page, "dark-player")


def test_the_theme_can_be_chosen_and_is_kept(here: ThePage) -> None:
    theme = here.page.locator("#theme")
    for _ in range(3):
        if ground(here.page) < 100:
            break
        theme.click()
    assert ground(here.page) < 100
    here.page.reload()
    here.expect_state("start")
    assert ground(here.page) < 100


def test_on_a_phone_everything_fits_and_works(
    new_page: Callable[..., Page], server: ServerProcess, ids: dict[str, str], look: Callable[..., None]
) -> None:
    page = new_page(color_scheme="light", **PHONE)
    page.goto(server.url)
    here = ThePage(page)
    here.expect_library()
    look(page, "phone-start")
    here.search("the rocket falls")
    first = here.expect_first(ids["film.mp4"], start_seconds=20)
    assert fits(page)
    look(page, "phone-results")
    first.locator(".card-link").tap()
    expect(here.player).to_be_visible()
    here.expect_plays(20, 25)
    here.expect_moments()
    assert fits(page)
    look(page, "phone-player")
    here.player.get_by_role("button", name="Close", exact=True).tap()
    expect(here.player).to_be_hidden()


def fits(page: Page) -> bool:
    """Whether nothing stands out to the side."""
    return page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


def test_the_help_lists_the_keys(here: ThePage, look: Callable[..., None]) -> None:
    here.expect_library()
    here.page.locator("#help-button").click()
    help_ = here.page.locator("#help")
    expect(help_).to_be_visible()
    expect(help_).to_contain_text("/")
    look(here.page, "help")
    here.page.keyboard.press("Escape")
    expect(help_).to_be_hidden()
    # The key for it, away from the box.
    here.page.locator("body").evaluate("() => document.activeElement.blur()")
    here.page.keyboard.press("?")
    expect(help_).to_be_visible()
