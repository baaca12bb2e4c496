"""What the page says of the server: gone and back, closed to strangers, with several libraries, indexing."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from support.server_process import ServerProcess, serve
from support.shown_videos import ShownLibraries
from support.the_page import ThePage

TOKEN = "a-token-that-is-long-enough-for-anybody"


def test_several_libraries_are_chosen_from(here: ThePage, ids: dict[str, str], look: Callable[..., None]) -> None:
    here.search("the cat rises")
    here.expect_first(ids["film.mp4"])
    choice = here.page.locator("#library")
    expect(choice).to_be_visible()
    assert [option.strip() for option in choice.locator("option").all_inner_texts()] != []
    choice.select_option("small")
    expect(here.page).to_have_url(re.compile("[?&]library=small"))
    here.expect_state("results")
    expect(here.hits).to_have_count(1)
    look(here.page, "libraries")
    here.page.go_back()
    here.expect_first(ids["film.mp4"])


def test_a_lost_server_is_told_and_a_found_one_too(
    new_page: Callable[..., Page], shown: ShownLibraries, look: Callable[..., None]
) -> None:
    page = new_page(color_scheme="light")
    here = ThePage(page)
    with serve([shown.small]) as server:
        port = server.port
        page.goto(server.url)
        here.search("the tractor moves left")
        expect(here.hits).to_have_count(1)
        server.kill()
        here.box.fill("the cat rises")
        here.box.press("Enter")
        expect(here.alarm).to_be_visible()
        expect(here.alarm).to_have_attribute("data-alarm", "lost")
        look(page, "lost")
    with serve([shown.small], port=port):
        # By itself, without a reload; and what was asked meanwhile is answered.
        expect(here.alarm).not_to_have_attribute("data-alarm", "lost")
        here.expect_state("results")
        expect(here.box).to_have_value("the cat rises")
        expect(here.hits).to_have_count(1)


def test_a_token_is_asked_for_and_kept(
    new_page: Callable[..., Page], shown: ShownLibraries, look: Callable[..., None]
) -> None:
    page = new_page(color_scheme="light")
    here = ThePage(page)
    with serve([shown.small], "--token", TOKEN) as server:
        page.goto(server.url)
        dialog = page.locator("#token")
        expect(dialog).to_be_visible()
        look(page, "token")
        page.locator("#token-input").fill("not-the-token-but-just-as-long-as-it-is")
        page.keyboard.press("Enter")
        expect(page.locator("#token-problem")).to_be_visible()
        page.locator("#token-input").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        here.search("the tractor moves left")
        expect(here.hits).to_have_count(1)
        assert TOKEN not in page.url
        page.reload()
        here.expect_state("results")
        expect(dialog).to_be_hidden()
        # The cookie serves the video as well, and no script can read it.
        here.open(here.hits.first)
        here.expect_plays(0, 5)
        assert TOKEN not in page.evaluate("() => document.cookie")
    # The address with the token in it, as the server prints it.
    with serve([shown.small], "--token", TOKEN) as server:
        other = new_page()
        other.goto(f"{server.url}/?token={TOKEN}")
        ThePage(other).expect_state("start")
        expect(other).not_to_have_url(re.compile(TOKEN))
        expect(other.locator("#token")).to_be_hidden()
    assert not [line for line in server.lines if "lighthouse" in line]


def test_a_watched_folder_shows_how_far_it_is_and_what_was_skipped(
    new_page: Callable[..., Page], shown: ShownLibraries, tmp_path: Path, look: Callable[..., None]
) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    for path, _ in shown.videos.clips[:12]:
        shutil.copy(path, folder)
    (folder / "broken.mp4").write_bytes(b"not a video at all")
    # Files that have just changed are left for later, and until then the library is up to date.
    for path in folder.iterdir():
        os.utime(path, (time.time() - 60, time.time() - 60))
    library = shutil.copytree(shown.empty, tmp_path / "watched.lance")
    page = new_page(color_scheme="light")
    # The page looks seldom while nothing happens; a test is not to wait so long.
    page.clock.install()
    here = ThePage(page)
    with serve([library], "--watch", folder) as server:
        page.goto(server.url)
        progress = page.locator("#progress")
        expect(progress).to_have_attribute("data-state", "indexing")
        look(page, "indexing")
        expect(progress).to_have_attribute("data-state", "up-to-date")
        here.search("the cat rises")
        expect(here.hits).to_have_count(12)
        progress.locator("summary").click()
        expect(progress).to_contain_text("broken.mp4")
        look(page, "up-to-date")
        # What comes later is found without a restart.
        shutil.copy(shown.videos.titled, folder / "opening.mp4")
        wait_until(lambda: num_videos(server) == 13)
        page.clock.fast_forward("00:35")
        here.search("name:opening")
        expect(here.hits).to_have_count(1)


def num_videos(server: ServerProcess) -> int:
    """How many videos the server's library holds."""
    with urllib.request.urlopen(f"{server.url}/api/libraries", timeout=60) as answer:
        return json.load(answer)["libraries"][0]["num_videos"]


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once something holds."""
    pause = threading.Event()
    for _ in range(600):
        if holds():
            return
        pause.wait(0.1)
    raise AssertionError("it did not come to hold within a minute")
