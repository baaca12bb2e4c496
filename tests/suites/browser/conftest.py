"""A server on a library of videos, a browser, and an eye on what goes wrong in the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.browsers import find_browser
from support.server_process import ServerProcess, framecue, serve
from support.shown_videos import ShownLibraries, write_shown_videos
from support.the_page import ThePage

pytest.importorskip("playwright", reason="the extra serve-dev is not installed: playwright")
pytest.importorskip("axe_playwright_python", reason="the extra serve-dev is not installed: axe-playwright-python")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parents[3]
SCREENSHOTS = ROOT / "build" / "screenshots"
FAILED = SCREENSHOTS / "failed"
"""Of the tests that failed when they were last run."""
NUM_CLIPS = 30
"""More than one page of results, with the other files."""
MODEL = ("--model", "moji-clip", "--adapter", "moji-prompt-switch")
PATIENCE_MS = 30_000
"""How long a test waits for what it expects; only a machine with much else to do comes near it."""

# Those in sight: what is below is loaded when somebody gets there.
PICTURES_ARE_THERE = """() => [...document.images].every(picture => {
  const box = picture.getBoundingClientRect();
  return picture.complete || box.width === 0 || box.bottom < 0 || box.top > window.innerHeight;
})"""

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> ShownLibraries:
    """A library of clips, a film and more; a small one, and one that holds nothing any more."""
    find_browser()  # before anything is drawn
    folder = tmp_path_factory.mktemp("shown")
    videos = write_shown_videos(folder / "videos", num_clips=NUM_CLIPS)
    library, small, empty = folder / "videos.lance", folder / "small.lance", folder / "empty.lance"
    words = ("--images", "--screen-text", "--words-from", "subtitles")
    framecue("index", videos.folder, "--library", library, *MODEL, *words)
    (folder / "small").mkdir()
    small_clip = Path(shutil.copy(videos.old, folder / "small" / "alone.avi"))
    framecue("index", small_clip, "--library", small, *MODEL)
    shutil.copytree(small, empty)
    framecue("remove", small_clip, "--library", empty)
    return ShownLibraries(videos, library, small, small_clip, empty)


@pytest.fixture(scope="session")
def server(shown: ShownLibraries) -> Iterator[ServerProcess]:
    """The server of all three libraries; whoever stops one starts one of its own."""
    with serve([shown.library, shown.small, shown.empty]) as server:
        yield server


@pytest.fixture(scope="session")
def ids(server: ServerProcess) -> dict[str, str]:
    """The videos of the first library: names to ids."""
    with urllib.request.urlopen(f"{server.url}/api/videos?limit=100", timeout=60) as answer:
        return {video["name"]: video["id"] for video in json.load(answer)["videos"]}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser, without a window."""
    shutil.rmtree(FAILED, ignore_errors=True)
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Make a page in a context of its own, by the context's options; no script of it may fail, nor the server."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def listen(page: Page) -> None:
        page.on("pageerror", lambda error: wrong.append(f"a script failed: {error}"))
        page.on(
            "console", lambda message: wrong.append(message.text) if _is_wrong(message.type, message.text) else None
        )
        page.on(
            "response",
            lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status in (500, 501, 502) else None,
        )

    def make(**options: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        context.on("page", listen)
        return context.new_page()

    yield make
    failed = getattr(request.node, "failed_call", False)
    for number, context in enumerate(contexts):
        if failed and context.pages:
            name = re.sub(r"\W+", "-", request.node.name).strip("-")
            context.pages[0].screenshot(path=FAILED / f"{name}-{number}.png")
        context.close()
    assert wrong == []


def _is_wrong(kind: str, text: str) -> bool:
    """Whether a line of the console is a fault; an answer that says no is for the test to judge."""
    return kind == "error" and not text.startswith("Failed to load resource")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Note on a test that it failed, for the picture of its end."""
    report = yield
    if report.when == "call":
        item.failed_call = report.failed
    return report


@pytest.fixture
def page(new_page: Callable[..., Page], server: ServerProcess) -> Page:
    """The page of the library of clips, just opened, on a desk's screen and in light."""
    page = new_page(color_scheme="light")
    page.goto(server.url)
    return page


@pytest.fixture
def here(page: Page) -> ThePage:
    """The same, as a person sees it."""
    return ThePage(page)


@pytest.fixture(scope="session")
def look() -> Callable[..., None]:
    """Keep a picture of a state, and see that whoever reads it with a screen reader can."""
    axe = Axe()

    def look(page: Page, state: str) -> None:
        page.wait_for_function(PICTURES_ARE_THERE)
        page.screenshot(path=SCREENSHOTS / f"{state}.png", animations="disabled")
        found = axe.run(page, options={"resultTypes": ["violations"]}).response["violations"]
        serious = [
            f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:200]}: {node['failureSummary']}"
            for fault in found
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]
        assert serious == [], f"{state}:\n" + "\n".join(serious)

    return look
