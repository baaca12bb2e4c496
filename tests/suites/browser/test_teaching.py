"""A name is taught from what is selected, understood from then on, called otherwise, and forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from support.server_process import ServerProcess, serve
from support.shown_videos import ShownLibraries
from support.the_page import ThePage

BANANAS = ("00012.mp4", "00013.mp4", "00024.mp4")
FURTHER_BANANA = "00018.mp4"
NAME, OTHER = "Zorp", "Old Zorp"


@pytest.fixture(scope="module")
def teaching_server(shown: ShownLibraries) -> Iterator[ServerProcess]:
    """A server that takes names."""
    with serve([shown.library], "--allow-teach") as server:
        yield server


@pytest.fixture
def teaching(new_page: Callable[..., Page], teaching_server: ServerProcess) -> ThePage:
    """Its page, in light."""
    page = new_page(color_scheme="light")
    page.goto(teaching_server.url)
    return ThePage(page)


def select(here: ThePage, ids: dict[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        here.page.locator(f"#results [data-id='{ids[name]}'] [data-select]").first.check()


def thumbnails(dialog: Locator, which: str) -> Locator:
    return dialog.locator(f"[data-examples={which}] .example")


def test_a_name_is_taught_found_renamed_and_forgotten(
    teaching: ThePage, ids: dict[str, str], look: Callable[..., None]
) -> None:
    page, keys = teaching.page, teaching.page.keyboard
    teaching.search("a banana")
    select(teaching, ids, (*BANANAS, "film.mp4"))
    # All by keys from here to the next search.
    keys.press("t")
    dialog = page.get_by_role("dialog", name="Teach a name")
    expect(dialog.get_by_role("textbox", name="Name")).to_be_focused()
    expect(thumbnails(dialog, "like")).to_have_count(4)
    keys.type(NAME)
    keys.press("Tab")
    keys.type("fruit")
    other = thumbnails(dialog, "like").last
    other.get_by_role("button", name=re.compile("^Not it: film.mp4")).press("Enter")
    expect(thumbnails(dialog, "unlike")).to_have_count(1)
    expect(dialog.get_by_role("button", name=re.compile("^It is it: film.mp4"))).to_be_focused()
    look(page, "teach")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    expect(dialog).to_contain_text(f"{NAME} is taught, from 3 examples.")
    expect(dialog.locator(".quality")).to_have_attribute("data-quality", re.compile("good|fair|poor"))
    expect(dialog.get_by_role("button", name="Search for it")).to_be_focused()
    look(page, "taught")
    keys.press("Enter")
    # The name is understood, and finds what it was not taught from too.
    expect(page.locator("#understood")).to_contain_text(NAME)
    expect(page.locator("#selection")).to_be_hidden()
    expect(page.locator("#announcer")).to_contain_text(f"Understood: {NAME}.")
    expect(teaching.hits.first).to_have_attribute(
        "data-id", re.compile("|".join(ids[name] for name in (*BANANAS, FURTHER_BANANA)))
    )
    found = teaching.ids()
    assert found.index(ids[FURTHER_BANANA]) < 6
    # What was said not to be it comes behind.
    assert found.index(ids["film.mp4"]) > found.index(ids[FURTHER_BANANA])
    picture = page.locator("#understood img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("picture => picture.naturalWidth") > 0
    look(page, "understood")
    # Its chip leads to the list, where it can be called otherwise.
    page.locator("#understood").get_by_role("button", name=NAME).click()
    names = page.get_by_role("dialog", name="Taught names")
    expect(names.get_by_role("listitem").filter(has_text="fruit")).to_contain_text("3 examples")
    names.locator("summary").click()
    expect(names.get_by_role("link", name=re.compile(BANANAS[0]))).to_be_visible()
    look(page, "names")
    names.get_by_role("button", name=f"Rename: {NAME}").click()
    keys.type(OTHER)
    keys.press("Enter")
    expect(names.get_by_role("heading", name=OTHER)).to_be_visible()
    # What was found by the name is found anew: it is no name any more.
    page.go_back()
    expect(names).to_be_hidden()
    expect(page.locator("#understood")).to_be_hidden()
    teaching.search(f"where is {OTHER.upper()}?")
    expect(page.locator("#understood")).to_contain_text(OTHER)
    # Forgotten, after a question; the list is there after a reload.
    page.get_by_role("button", name="Taught names").click()
    page.reload()
    names.get_by_role("button", name=f"Forget: {OTHER}").click()
    names.get_by_role("button", name=f"Forget it: {OTHER}").click()
    expect(names).to_contain_text("No names are taught yet.")
    expect(names.get_by_role("heading", name="Taught names")).to_be_focused()
    keys.press("Escape")
    expect(page.locator("#understood")).to_be_hidden()


def test_pictures_of_ones_own_are_examples_too(teaching: ThePage, tmp_path: Path, look: Callable[..., None]) -> None:
    page = teaching.page
    colours = {"red": (220, 30, 30), "blue": (30, 30, 220), "green": (30, 200, 30)}
    for name, colour in colours.items():
        Image.new("RGB", (160, 120), colour).save(tmp_path / f"{name}.png")
    (tmp_path / "film.mp4").write_bytes(b"x")
    # What is chosen while nothing else is open is searched with, and can be an example from there.
    page.locator("#dropping-tool input").set_input_files(tmp_path / "green.png")
    teaching.expect_state("results")
    page.locator("#results [data-select]").first.check()
    page.get_by_role("button", name="Teach a name …").click()
    dialog = page.get_by_role("dialog", name="Teach a name")
    searched = dialog.get_by_role("button", name="Add the picture searched with")
    searched.click()
    expect(searched).to_be_hidden()
    expect(thumbnails(dialog, "like")).to_have_count(2)
    chooser = dialog.locator("input[type=file]")
    chooser.set_input_files([tmp_path / "red.png", tmp_path / "film.mp4", tmp_path / "blue.png"])
    expect(thumbnails(dialog, "like")).to_have_count(4)
    expect(dialog.get_by_role("alert")).to_contain_text("film.mp4 is a video")
    # One that is dropped goes there, and not into the query.
    transfer = page.evaluate_handle(
        "() => { const held = new DataTransfer(); held.items.add(new File(['x'], 'empty.png', {type: 'image/png'}));"
        " held.items.add(new File([], 'none.png', {type: 'image/png'})); return held; }"
    )
    page.dispatch_event("#teach", "drop", {"dataTransfer": transfer})
    expect(thumbnails(dialog, "like")).to_have_count(5)
    expect(dialog.get_by_role("alert")).to_contain_text("none.png is empty")
    dialog.get_by_role("button", name="Leave out: empty.png").click()
    expect(thumbnails(dialog, "like")).to_have_count(4)
    look(page, "teach-pictures")
    dialog.get_by_role("textbox", name="Name").fill("Quux")
    dialog.get_by_role("textbox", name="Name").press("Enter")
    expect(dialog).to_contain_text("Quux is taught, from 4 examples.", timeout=120_000)
    answer = page.request.get(f"{page.url.split('#')[0].split('?')[0]}api/names").json()
    (quux,) = [name for name in answer["names"] if name["name"] == "Quux"]
    assert [example["kind"] for example in quux["examples"]] == ["video", "image", "image", "image"]
    page.evaluate("() => fetch('/api/names?name=Quux', {method: 'DELETE'})")


def test_what_the_server_refuses_stands_there_and_nothing_is_lost(teaching: ThePage, ids: dict[str, str]) -> None:
    page = teaching.page
    teaching.search("a banana")
    select(teaching, ids, BANANAS)
    page.get_by_role("button", name="Teach a name …").click()
    dialog = page.get_by_role("dialog", name="Teach a name")
    name, alert = dialog.get_by_role("textbox", name="Name"), dialog.get_by_role("alert")
    name.fill("dog")
    name.press("Enter")
    # An ordinary word is asked again, until it is another.
    expect(alert).to_contain_text("ordinary word")
    expect(dialog.get_by_role("button", name="Teach it all the same")).to_be_focused()
    name.fill("!?")
    expect(dialog.get_by_role("button", name="Teach it", exact=True)).to_be_visible()
    name.press("Enter")
    expect(alert).to_be_visible()
    expect(thumbnails(dialog, "like")).to_have_count(3)
    # Nobody who learns is waited for: it can be stopped, and left by "back".
    held: list[Route] = []
    page.route("**/api/names", lambda route: held.append(route) if route.request.method == "POST" else route.fallback())
    name.fill(NAME)
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith("/api/names")) as asked:
        name.press("Enter")
    assert asked.value.post_data_json["name"] == NAME
    expect(dialog.get_by_role("progressbar")).to_be_visible()
    expect(dialog.get_by_role("button", name="Stop")).to_be_focused()
    dialog.get_by_role("button", name="Stop").press("Enter")
    expect(dialog).to_contain_text("Nothing was taught.")
    page.go_back()
    expect(dialog).to_be_hidden()
    expect(page.locator("#selection [data-part=count]")).to_contain_text("3")
    page.go_forward()
    expect(name).to_have_value(NAME)
    # After a reload nothing is selected, so there is nothing to teach from.
    page.reload()
    teaching.expect_state("results")
    expect(dialog).to_be_hidden()


def test_names_of_any_script_and_length_fit_on_a_phone(
    new_page: Callable[..., Page], teaching_server: ServerProcess, look: Callable[..., None], ids: dict[str, str]
) -> None:
    page = new_page(
        color_scheme="dark",
        viewport={"width": 360, "height": 640},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
    )
    names = ["כלב של סבתא", "x" * 100, "<b>Rex</b> & \N{DOG FACE}"]
    page.route("**/api/names?*", lambda route: route.fulfill(json=document(names, ids["film.mp4"])))
    page.route("**/api/names", lambda route: route.fulfill(json=document(names, ids["film.mp4"])))
    page.route("**/api/names/picture*", lambda route: route.fulfill(status=404))
    page.route("**/api/search", lambda route: understood(route, names))
    page.goto(f"{teaching_server.url}/?q=the+cat+rises")
    here = ThePage(page)
    here.expect_state("results")
    for name in names:
        expect(page.locator("#understood")).to_contain_text(name)
    assert fits(page)
    for place in range(3):
        here.hits.nth(place).locator("[data-select]").check()
    look(page, "phone-selection")
    page.locator("#selection").get_by_role("button", name="Teach a name").tap()
    dialog = page.get_by_role("dialog", name="Teach a name")
    dialog.get_by_role("textbox", name="Name").fill(names[0])
    expect(dialog).to_contain_text("is taught already, from 2 examples")
    assert fits(page, "#teach")
    look(page, "phone-teach")
    dialog.get_by_role("button", name="Close").tap()
    page.get_by_role("button", name="Taught names").tap()
    sheet = page.get_by_role("dialog", name="Taught names")
    expect(sheet.get_by_role("listitem").first).to_be_visible()
    assert fits(page, "#names")
    look(page, "phone-names")


def test_a_server_that_takes_no_names_offers_none(here: ThePage, ids: dict[str, str]) -> None:
    may_teach = "async () => (await (await fetch('/api/names')).json()).may_teach"
    assert here.page.evaluate(may_teach) is False
    here.search("the cat rises")
    here.expect_first(ids["film.mp4"]).locator("[data-select]").check()
    bar = here.page.locator("#selection")
    expect(bar.get_by_role("button", name="Not right")).to_be_visible()
    expect(bar.get_by_role("button", name="Teach a name")).to_be_hidden()
    expect(here.page.get_by_role("button", name="Taught names")).to_be_hidden()


def document(names: list[str], video_id: str) -> dict[str, Any]:
    """What a server says that was taught some names."""
    moment = {"path": "/videos/film.mp4", "video_id": video_id, "start_seconds": 0.0, "end_seconds": 5.0}
    example = {**moment, "kind": "video", "rank": 1, "num_compared": 40, "is_held": True, "hit": "/videos/film.mp4@0-5"}
    known = {
        "coarse": "y" * 99,
        "num_tokens": 2,
        "unlike": [],
        "fits": True,
        "taught": "2026-05-31T12:00:00Z",
        "notices": [],
    }
    taught = [{"name": name, "examples": [example, example], **known} for name in names]
    return {"may_teach": True, "teaching": None, "names": taught}


def understood(route: Route, names: list[str]) -> None:
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "names": names})


def fits(page: Page, selector: str = "html") -> bool:
    """Whether nothing stands out to the side."""
    script = "selector => { const box = document.querySelector(selector); return box.scrollWidth <= box.clientWidth; }"
    return page.evaluate(script, selector) is True
