"""What the player does beyond playing: pieces of what is converted, failures, frames, words, reasons, clips."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from support.shown_videos import SAID
from support.the_page import ThePage

PIECE_SECONDS = 10


def converted_in_pieces(page: Page, video_id: str) -> None:
    """Have the server say that the browser cannot play a video and gets it in pieces; it really makes them."""

    def answer(route: Route) -> None:
        document: dict[str, Any] = route.fetch().json()
        document["media"] |= {
            "plays": False,
            "converted": {
                "url": f"/media/{video_id}?converted=1",
                "type": "video/mp4",
                "reason": "browsers do not play such a file",
                "span_seconds": PIECE_SECONDS,
            },
        }
        route.fulfill(status=200, content_type="application/json", body=json.dumps(document))

    page.route(re.compile(rf"/api/videos/{video_id}(\?|$)"), answer)


@pytest.fixture
def film(here: ThePage, ids: dict[str, str]) -> Callable[[], str]:
    """Open the film at the cat's first act, and return its id."""

    def open_film() -> str:
        here.search("the cat rises")
        here.open(here.expect_first(ids["film.mp4"], start_seconds=0))
        return ids["film.mp4"]

    return open_film


def test_a_long_conversion_comes_in_pieces(here: ThePage, ids: dict[str, str], film: Callable[[], str]) -> None:
    asked: list[str] = []
    here.page.on("request", lambda request: asked.append(request.url) if "converted=1" in request.url else None)
    converted_in_pieces(here.page, ids["film.mp4"])
    film()
    expect(here.player).to_have_attribute("data-stage", "converted")
    here.expect_plays(0, 5)
    note = here.player.locator("[data-part=stage-note]")
    expect(note).to_contain_text("Browsers do not play such a file.")
    expect(note).to_contain_text("pieces")
    # The third moment of the strip's is in the last piece, whose own time begins at 0.
    here.player.locator("[data-part=strip] [data-start='30']").click()
    here.page.wait_for_function("() => document.querySelector('#player-video').duration < 6")
    here.expect_plays(0, 5)
    assert any(url.endswith("start=0&end=10") for url in asked)
    assert any("start=30&end=35" in url for url in asked)
    # The words follow the film's time, not the piece's.
    here.player.locator("[data-part=words] button").nth(1).click()
    here.page.wait_for_function("() => document.querySelector('#player-video').duration > 9")
    here.expect_plays(SAID[1][0] - 10, SAID[1][1] - 10)
    expect(here.player.locator("[data-part=words] [aria-current=true]")).to_contain_text(SAID[1][2])


def test_what_cannot_be_converted_is_said(here: ThePage, ids: dict[str, str], film: Callable[[], str]) -> None:
    converted_in_pieces(here.page, ids["film.mp4"])
    problem = {"title": "Unsupported", "status": 415, "detail": "film.mp4: its data ends after 3 seconds"}
    here.page.route(
        re.compile("converted=1"),
        lambda route: route.fulfill(status=415, content_type="application/problem+json", body=json.dumps(problem)),
    )
    film()
    expect(here.player).to_have_attribute("data-stage", "failed")
    expect(here.player.locator("[data-part=stage-note]")).to_contain_text("its data ends after 3 seconds")
    # Nothing else stops working.
    expect(here.player.locator("[data-part=words] button")).to_have_count(len(SAID))


def test_how_far_a_conversion_is_can_be_seen(here: ThePage, ids: dict[str, str], film: Callable[[], str]) -> None:
    converted_in_pieces(here.page, ids["film.mp4"])
    document = {"state": "converting", "share": 0.4, "reason": None}
    here.page.route(
        re.compile("converted=1"),
        lambda route: route.fulfill(status=202, content_type="application/json", body=json.dumps(document)),
    )
    film()
    expect(here.player).to_have_attribute("data-stage", "converting")
    expect(here.player.get_by_role("progressbar")).to_have_attribute("value", "0.4")
    expect(here.player.locator("[data-part=stage-note]")).to_contain_text("Browsers do not play such a file.")
    here.close()


def test_frames_one_by_one(here: ThePage, film: Callable[[], str]) -> None:
    film()
    here.expect_moves(here.expect_plays(0, 5))
    here.video.evaluate("video => video.pause()")
    before = here.time()
    for key, is_later in ((".", True), (".", True), (",", False)):
        here.page.keyboard.press(key)
        script = f"before => document.querySelector('#player-video').currentTime {'>' if is_later else '<'} before"
        here.page.wait_for_function(script, arg=before)
        after = here.time()
        assert abs(after - before) < 0.3
        before = after


def test_words_are_found_among_themselves_and_marked(here: ThePage, ids: dict[str, str]) -> None:
    here.search("said:lighthouse")
    here.open(here.expect_first(ids["film.mp4"]))
    words = here.player.locator("[data-part=words]")
    expect(words.locator("mark").first).to_have_text(re.compile("lighthouse", re.IGNORECASE))
    expect(words.locator("mark")).to_have_count(1)


def test_why_a_moment_was_found(here: ThePage, film: Callable[[], str], look: Callable[..., None]) -> None:
    film()
    why = here.player.locator("[data-action=why]")
    why.click()
    reasons = here.player.get_by_role("region", name="Why it was found")
    expect(reasons).to_contain_text("Likeness")
    expect(reasons).to_contain_text("Nearest frame")
    expect(why).to_have_attribute("aria-expanded", "true")
    look(here.page, "reasons")
    here.page.keyboard.press("w")
    expect(reasons).to_be_hidden()


def test_the_moment_is_saved_as_a_clip(here: ThePage, film: Callable[[], str]) -> None:
    film()
    with here.page.expect_download() as download:
        here.player.locator("[data-action=clip]").click()
    assert download.value.suggested_filename.endswith(".mp4")
    assert download.value.path().stat().st_size > 1000
    expect(here.player.locator(".player-saying")).to_contain_text("downloads")
