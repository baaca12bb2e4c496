"""Nothing but the keyboard."""

from __future__ import annotations

from playwright.sync_api import expect

from support.the_page import ThePage

# What has the focus, and whether it or what it stands in is marked.
WHERE_THE_FOCUS_IS = """() => {
  const element = document.activeElement;
  const isMarked = (each) => {
    const { outlineStyle, boxShadow } = getComputedStyle(each);
    return outlineStyle !== "none" || boxShadow !== "none";
  };
  const near = [element, element.parentElement, ...element.querySelectorAll("*")];
  return [element.id || element.className || element.tagName, near.some(isMarked)];
}"""


def test_search_choose_play_and_close_without_a_mouse(here: ThePage, ids: dict[str, str]) -> None:
    keys = here.page.keyboard
    expect(here.box).to_be_focused()
    keys.type("the robot spins")
    keys.press("Enter")
    first = here.expect_first(ids["film.mp4"], start_seconds=10)
    # Down from the box into the results.
    keys.press("ArrowDown")
    expect(first.locator(".card-link")).to_be_focused()
    keys.press("ArrowRight")
    expect(here.hits.nth(1).locator(".card-link")).to_be_focused()
    keys.press("ArrowLeft")
    keys.press("Enter")
    expect(here.player).to_be_visible()
    began = here.expect_plays(10, 15)
    here.expect_moves(began)
    # The focus stays in the dialog.
    for _ in range(30):
        keys.press("Tab")
        assert here.page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('#player')"
        )
    keys.press("Escape")
    expect(here.player).to_be_hidden()
    expect(first.locator(".card-link")).to_be_focused()
    # And back to the box.
    keys.press("/")
    expect(here.box).to_be_focused()
    keys.press("Control+A")
    keys.type("the tractor moves left")
    keys.press("Enter")
    here.expect_first(ids["old camera.avi"])
    # Selecting.
    keys.press("ArrowDown")
    keys.press("x")
    expect(here.page.locator("#selection [data-part=count]")).to_contain_text("1")
    # And to the export, past all the other results.
    keys.press("e")
    expect(here.page.locator("#selection").get_by_role("button", name="Export")).to_be_focused()
    with here.page.expect_download() as download:
        keys.press("Enter")
    assert download.value.suggested_filename.startswith("the-tractor-moves-left")


def test_every_control_can_be_reached_by_tabs(here: ThePage, ids: dict[str, str]) -> None:
    here.search("the robot spins")
    here.expect_first(ids["film.mp4"])
    here.page.locator(".skip").focus()
    reached: dict[str, bool] = {}
    for _ in range(40):
        here.page.keyboard.press("Tab")
        name, is_marked = here.page.evaluate(WHERE_THE_FOCUS_IS)
        reached[name] = reached.get(name, True) and is_marked
    wanted = {"query", "library", "theme", "help-button", "chip-main", "view", "card-link", "select-box", "card-tool"}
    assert {name for name in wanted if not any(name in there for there in reached)} == set(), reached
    # Where the focus is can be seen.
    assert [name for name, is_marked in reached.items() if not is_marked] == []
