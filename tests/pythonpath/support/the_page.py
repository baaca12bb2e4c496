"""The page as a person sees it: its box, its results, its player. What it relies on stands at the top of index.html."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

__all__ = ["ThePage"]

# How often a drop is tried, and how long it may take until the page shows that it has come.
_DROPS, _DROP_MS = 6, 4000


class ThePage:
    """The page in a browser.

    Attributes:
        page: Playwright's.
        box: where the query is typed.
        hits: the results, best first.
        player: the dialog with the opened video.
        video: the element that plays it.
        note: what is said instead of results, or above them.
        alarm: what is said when the server does not answer.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.get_by_role("searchbox", name="Search")
        self.hits = page.locator("#results [data-hit]")
        self.player = page.locator("#player")
        self.video = page.locator("#player-video")
        self.note = page.locator("#note")
        self.alarm = page.locator("#alarm")

    def search(self, text: str) -> None:
        """Type a query and press Enter; return when its results, or why there are none, stand there."""
        self.box.fill(text)
        self.box.press("Enter")
        self.expect_state("results|none|empty|error")

    def expect_state(self, states: str) -> None:
        """Wait until the page is in one of some states, joined by ``|``, and none is on its way."""
        expect(self.page.locator("html")).to_have_attribute("data-state", re.compile(f"^({states})$"))

    def expect_library(self) -> None:
        """Wait until the videos of the library stand there, as nothing is searched for."""
        self.expect_state("start")
        expect(self.note).to_have_attribute("data-note", "start")
        expect(self.page.locator("#results [data-video]").first).to_be_visible()

    def expect_moments(self) -> None:
        """Wait until the strip of the opened video shows its moments."""
        expect(self.player.locator("[data-part=strip]").get_by_role("button").first).to_be_visible()

    def expect_first(self, video_id: str, *, start_seconds: float | None = None) -> Locator:
        """Wait until a video is the first result, at a moment if one is given; return it."""
        first = self.hits.first
        expect(first).to_have_attribute("data-id", video_id)
        if start_seconds is not None:
            expect(first).to_have_attribute("data-start", re.compile(rf"^{re.escape(f'{start_seconds:g}')}(\.0+)?$"))
        return first

    def ids(self) -> list[str]:
        """Return the videos of the results that are shown, best first."""
        ids: list[str] = self.hits.evaluate_all("hits => hits.map(hit => hit.dataset.id)")
        return ids

    def open(self, hit: Locator) -> None:
        """Click on a result, and return when its player is open."""
        hit.locator(".card-link").click()
        expect(self.player).to_be_visible()

    def expect_plays(self, start_seconds: float, end_seconds: float) -> float:
        """Wait until the video plays, within a span; return the time that it shows, in seconds."""
        plays = """([start, end]) => {
          const video = document.querySelector("#player-video");
          return video && !video.seeking && video.readyState >= 2 && video.currentTime >= start - 0.1
            && video.currentTime <= end + 0.1 && video.videoWidth > 0;
        }"""
        self.page.wait_for_function(plays, arg=[start_seconds, end_seconds])
        return self.time()

    def expect_moves(self, after_seconds: float) -> None:
        """Wait until the video has played on past a time."""
        script = "after => document.querySelector('#player-video').currentTime > after"
        self.page.wait_for_function(script, arg=after_seconds)

    def time(self) -> float:
        """Return the time that the video shows, in seconds."""
        seconds: float = self.video.evaluate("video => video.currentTime")
        return seconds

    def close(self) -> None:
        """Close the player by its key."""
        self.page.keyboard.press("Escape")
        expect(self.player).to_be_hidden()

    def drop(self, file: Path) -> None:
        """Drag a file from outside over the page and let it go there, as the system does."""
        size = self.page.viewport_size or {"width": 800, "height": 600}
        data: dict[str, Any] = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        where = {"x": size["width"] / 2, "y": size["height"] / 2, "data": data}
        session = self.page.context.new_cdp_session(self.page)
        over = self.page.locator("#dropping[data-dropping=over]")
        # A hand lets go once it sees that it may, and tries again where nothing came of it: the browser drops nothing
        # before it has heard from the page that it may, which nothing outside can see.
        for _ in range(_DROPS):
            session.send("Input.dispatchDragEvent", {"type": "dragEnter", **where})
            session.send("Input.dispatchDragEvent", {"type": "dragOver", **where})
            expect(over).to_be_visible()
            session.send("Input.dispatchDragEvent", {"type": "dragOver", **where})
            self.page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
            session.send("Input.dispatchDragEvent", {"type": "drop", **where})
            with suppress(AssertionError):
                expect(over).to_be_hidden(timeout=_DROP_MS)
                break
        session.detach()

    def paste_picture(self, png: bytes) -> None:
        """Put a picture into the clipboard and paste it with the keyboard."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        copy = """async numbers => {
          const picture = new Blob([new Uint8Array(numbers)], {type: "image/png"});
          await navigator.clipboard.write([new ClipboardItem({"image/png": picture})]);
        }"""
        self.page.evaluate(copy, list(png))
        self.page.keyboard.press("Control+V")
