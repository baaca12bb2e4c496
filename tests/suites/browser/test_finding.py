"""Type, and see the right moment first; or why nothing is there."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, Route, expect

from support.server_process import ServerProcess
from support.the_page import ThePage


def test_the_page_opens_with_the_cursor_in_the_box(here: ThePage, look: Callable[..., None]) -> None:
    here.expect_library()
    expect(here.box).to_be_focused()
    expect(here.page).to_have_title("framecue")
    look(here.page, "start")


def test_what_is_typed_is_found_at_its_moment(here: ThePage, ids: dict[str, str], look: Callable[..., None]) -> None:
    here.page.keyboard.type("the octopus grows")
    first = here.expect_first(ids["film.mp4"], start_seconds=5)
    here.expect_state("results")
    # Its name, its time and its score stand there, and why.
    expect(first).to_contain_text("film")
    expect(first).to_contain_text("0:05")
    expect(first).to_contain_text("0.8")
    expect(first).to_contain_text("seen", ignore_case=True)
    expect(first.locator("img").first).to_have_js_property("complete", True)
    assert first.locator("img").first.evaluate("picture => picture.naturalWidth") > 0
    # Each video comes once, and the best first.
    assert len(set(here.ids())) == len(here.ids())
    look(here.page, "results")


def test_what_is_said_and_what_is_written_is_found_with_its_own_time(here: ThePage, ids: dict[str, str]) -> None:
    here.search("lighthouse keeper")
    first = here.expect_first(ids["film.mp4"], start_seconds=12)
    expect(first).to_contain_text("Nobody has seen the lighthouse keeper")
    expect(first).to_contain_text("said", ignore_case=True)
    here.search('written:"grand opening"')
    first = here.expect_first(ids["titled.mp4"], start_seconds=0)
    expect(here.hits).to_have_count(1)
    expect(first).to_contain_text("GRAND OPENING")
    expect(first).to_contain_text("written", ignore_case=True)
    here.search("name:camera")
    first = here.expect_first(ids["old camera.avi"])
    expect(first).to_contain_text("named", ignore_case=True)


def test_a_picture_of_the_library_is_found_and_shown(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the snail stands still")
    here.open(here.expect_first(ids["poster.png"]))
    expect(here.player).to_have_attribute("data-stage", "picture")
    expect(here.player.locator("img").first).to_be_visible()


def test_nothing_that_fits_is_said_and_the_nearest_is_shown_all_the_same(
    here: ThePage, look: Callable[..., None]
) -> None:
    here.search("a quantum accountant")
    here.expect_state("results")
    expect(here.note).to_have_attribute("data-note", "fits-not")
    expect(here.note).to_be_visible()
    expect(here.hits.first).to_be_visible()
    look(here.page, "fits-not")


def test_no_result_says_why(here: ThePage, look: Callable[..., None]) -> None:
    here.search('said:"marmalade"')
    here.expect_state("none")
    expect(here.note).to_have_attribute("data-note", "none")
    expect(here.note).to_contain_text("Nothing was found")
    expect(here.hits).to_have_count(0)
    look(here.page, "no-results")


def test_an_empty_library_says_how_to_fill_it(
    new_page: Callable[..., Page], server: ServerProcess, look: Callable[..., None]
) -> None:
    page = new_page(color_scheme="light")
    page.goto(f"{server.url}/?library=empty")
    here = ThePage(page)
    here.expect_state("empty")
    expect(here.note).to_have_attribute("data-note", "empty")
    expect(here.note).to_contain_text("framecue index")
    look(page, "empty")


def test_a_slow_answer_is_waited_for_with_a_word(here: ThePage, look: Callable[..., None]) -> None:
    held: list[Route] = []
    here.page.route("**/api/search", lambda route: held.append(route))
    here.box.fill("the cat rises")
    here.box.press("Enter")
    here.expect_state("searching")
    expect(here.page.locator("#searching-hint")).to_contain_text("first search")
    look(here.page, "slow")
    for route in held:
        route.continue_()
    here.expect_state("results")
    expect(here.page.locator("#searching-hint")).to_be_hidden()


def test_a_server_with_too_much_to_do_is_asked_again(here: ThePage) -> None:
    refused: list[Route] = []

    def refuse_once(route: Route) -> None:
        if refused:
            route.continue_()
        else:
            refused.append(route)
            problem = {"title": "Too Many Requests", "status": 429, "detail": "too many at once; try again"}
            headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
            route.fulfill(status=429, headers=headers, body=json.dumps(problem))

    here.page.route("**/api/search", refuse_once)
    here.search("the cat rises")
    here.expect_state("results")
    assert refused


def test_spaces_alone_ask_for_nothing(here: ThePage) -> None:
    here.box.fill("   ")
    here.box.press("Enter")
    here.expect_state("start")
    expect(here.page.locator("#query-problem")).to_contain_text("only spaces")
    expect(here.hits).to_have_count(0)


def test_what_the_grammar_refuses_is_one_sentence(here: ThePage, server: ServerProcess) -> None:
    here.page.goto(f"{server.url}/?q=a+cat&where=no_such_column+%3D%3D%3D+1")
    here.expect_state("error")
    expect(here.note).to_have_attribute("data-note", "error")
    # And the next query is answered.
    here.page.goto(server.url)
    here.search("the cat rises")
    here.expect_state("results")


def test_scrolling_brings_the_next_page(here: ThePage, ids: dict[str, str]) -> None:
    # So small that the end of the first page is far below, where the next one is not asked for yet.
    here.page.set_viewport_size({"width": 700, "height": 500})
    here.search("the cat rises")
    here.expect_state("results")
    shown = here.hits.count()
    expect(here.page.locator("#end")).to_have_attribute("data-end", "more")
    assert shown < len(ids)
    here.page.mouse.move(350, 300)
    here.page.mouse.wheel(0, 20_000)
    expect(here.hits.nth(shown)).to_be_attached()
    # To the end, in which each video stands once.
    for _ in range(10):
        if here.page.locator("#end").get_attribute("data-end") == "all":
            break
        before = here.hits.count()
        here.page.mouse.wheel(0, 20_000)
        here.page.wait_for_function(
            """before => document.querySelectorAll("#results [data-hit]").length > before
              || document.querySelector("#end").dataset.end === "all" """,
            arg=before,
        )
    expect(here.page.locator("#end")).to_have_attribute("data-end", "all")
    assert len(here.ids()) == len(set(here.ids())) == len(ids)


def test_results_can_be_grouped_by_date(here: ThePage, look: Callable[..., None], server: ServerProcess) -> None:
    here.page.goto(f"{server.url}/?q=the+car+rises&group=date")
    here.expect_state("results")
    headings = here.page.locator("#results").get_by_role("heading")
    expect(headings.first).to_be_visible()
    texts = headings.all_inner_texts()
    assert len(texts) == len(set(texts)) >= 2
    look(here.page, "by-date")
