"""Folders that are followed while a library is served.

Nothing sleeps: each test waits for what a change has to lead to.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import InputError, LibraryNotFoundError
from framecue.library import AddOptions, Library, Query
from framecue.library.search.query import SearchOptions
from framecue.library.soundness import check_library
from framecue.library.watching.watch import WatchOptions
from framecue.service import following as module
from framecue.service.batching import Searches
from framecue.service.desk import Desk
from framecue.service.following import Following, indexing_document
from support.colour_rows import write_colours
from support.colours import ColourEncoder, write_clip
from support.fixtures import clips, readers_of_this_process

__all__ = ["clips", "readers_of_this_process"]

PATIENCE_SECONDS = 60.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk([str(tmp_path / "colours.lance")], load_model=lambda library: ColourEncoder())
    yield desk
    desk.close()


@pytest.fixture
def follow(desk: Desk) -> Iterator[Callable[..., Following]]:
    made: list[Following] = []

    def start(*paths: Path, **options: Any) -> Following:
        watched = WatchOptions(add=AddOptions(**options), settle_seconds=0.2)
        made.append(Following(desk.shelf(), [str(path) for path in paths], options=watched))
        made[-1].start()
        return made[-1]

    yield start
    for following in made:
        assert following.end(wait_seconds=PATIENCE_SECONDS)


def wait_for(desk: Desk, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the document as soon as it is as it should be."""
    pause = threading.Event()
    for _ in range(int(PATIENCE_SECONDS * 50)):
        document = indexing_document(desk.shelf())
        if is_so(document):
            return document
        pause.wait(0.02)
    raise AssertionError(document)


def holds(number: int) -> Callable[[dict[str, Any]], bool]:
    """Whether all is indexed, and the library then held so many videos."""
    return lambda now: now["state"] == "up to date" and now["last"] is not None and now["last"]["videos"] == number


def test_without_folders_nothing_goes_on(desk: Desk) -> None:
    nothing = {"waiting": 0, "progress": None, "skipped": [], "notices": [], "problem": None, "last": None}
    assert indexing_document(desk.shelf()) == {"watching": [], "state": "none", **nothing}


def test_a_new_library_grows_while_it_is_served(desk: Desk, clips: Path, follow) -> None:
    following = follow(clips)
    document = wait_for(desk, holds(4))
    assert document["watching"] == [str(clips)]
    assert document["progress"] is None
    search = desk.ask(None, lambda library: library.search("red", k=1))
    assert Path(asyncio.run(search)[0].path).stem == "red"

    write_clip(clips / "white.mp4", "white")
    wait_for(desk, holds(5))
    search = desk.ask(None, lambda library: library.search("white", k=1))
    assert Path(asyncio.run(search)[0].path).stem == "white"
    assert following.end(wait_seconds=PATIENCE_SECONDS)
    assert indexing_document(desk.shelf())["state"] == "stopped"


def test_a_library_is_not_up_to_date_while_files_wait(desk: Desk, clips: Path) -> None:
    # Long still but for the one that was just copied, which nobody waits for here.
    for path in clips.rglob("*.mp4"):
        os.utime(path, (1e9, 1e9))
    write_clip(clips / "white.mp4", "white")
    following = Following(desk.shelf(), [str(clips)], options=WatchOptions(settle_seconds=3600.0))
    following.start()
    try:
        document = wait_for(desk, lambda now: now["state"] == "waiting" and now["last"] is not None)
        assert (document["waiting"], document["last"]["videos"]) == (1, 4)
        (clips / "white.mp4").unlink()
        document = wait_for(desk, lambda now: now["state"] == "up to date")
        assert document["waiting"] == 0
    finally:
        assert following.end(wait_seconds=PATIENCE_SECONDS)


def test_an_empty_folder_is_waited_for_and_is_nothing_that_failed(desk: Desk, tmp_path: Path, follow) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert follow(empty).paths == [str(empty)]
    document = wait_for(desk, lambda now: now["last"] is not None)
    assert document["skipped"] == []
    asked = Searches(desk).search(None, Query("red"), SearchOptions())
    for question in (asked, desk.ask(None, lambda library: library.search("red"))):
        with pytest.raises(LibraryNotFoundError, match=f"^nothing is indexed yet; what is put into {empty} can be"):
            asyncio.run(question)

    write_clip(empty / "red.mp4", "red")
    wait_for(desk, holds(1))
    hits = asyncio.run(desk.ask(None, lambda library: library.search("red", k=1)))
    assert Path(hits[0].path).stem == "red"


def test_what_is_skipped_is_told_until_it_is_mended(desk: Desk, clips: Path, follow) -> None:
    bad = clips / "bad.mp4"
    bad.write_bytes(b"no video at all" * 100)
    follow(bad, clips)
    document = wait_for(desk, lambda now: holds(4)(now) and bool(now["skipped"]))
    (skipped,) = document["skipped"]
    assert skipped["path"] == str(bad)
    assert skipped["reason"]

    write_clip(clips / "white.mp4", "white")
    document = wait_for(desk, holds(5))
    assert [item["path"] for item in document["skipped"]] == [str(bad)]

    write_clip(bad, "black")
    document = wait_for(desk, holds(6))
    assert document["skipped"] == []


def test_progress_is_told_and_the_end_leaves_a_sound_library(desk: Desk, clips: Path, follow, monkeypatch) -> None:
    # Long still, so that the first look has all of them.
    for path in clips.rglob("*.mp4"):
        os.utime(path, (1e9, 1e9))
    may_go_on, is_there = threading.Event(), threading.Event()
    told: list[dict[str, Any]] = []
    note = Following._note_progress

    def held(self: Following, done: float, total: int) -> None:
        note(self, done, total)
        told.append(indexing_document(desk.shelf()))
        is_there.set()
        assert may_go_on.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(Following, "_note_progress", held)
    following = follow(clips)
    assert is_there.wait(PATIENCE_SECONDS)
    assert told[0]["state"] == "indexing"
    assert told[0]["progress"]["total"] == 4
    assert told[0]["progress"]["unit"] == "files"
    following.tell_to_end()
    may_go_on.set()
    assert following.end(wait_seconds=PATIENCE_SECONDS)
    document = indexing_document(desk.shelf())
    assert (document["state"], document["problem"], document["progress"]) == ("stopped", None, None)
    # It ended before it was through, and what there is may be gone on with.
    library = Library(desk.shelf().uri, model=ColourEncoder())
    library.add(clips)
    assert library.info().num_videos == 4
    assert not [found for found in check_library(library.uri).findings if found.level == "fault"]


def test_an_end_that_comes_too_soon_waits_no_longer_than_it_may(desk: Desk, clips: Path, follow, monkeypatch) -> None:
    may_go_on, is_there = threading.Event(), threading.Event()

    def held(self: Following, done: float, total: int) -> None:
        is_there.set()
        assert may_go_on.wait(PATIENCE_SECONDS)

    monkeypatch.setattr(Following, "_note_progress", held)
    following = follow(clips)
    assert is_there.wait(PATIENCE_SECONDS)
    assert following.end(wait_seconds=0.01) is False
    may_go_on.set()


def test_a_folder_that_is_gone_is_told_and_no_end(desk: Desk, clips: Path, tmp_path: Path, follow) -> None:
    follow(clips / "more", tmp_path / "later")
    document = wait_for(desk, lambda now: bool(now["notices"]))
    assert document["notices"] == [f"{tmp_path / 'later'} is not there yet; waiting for it"]
    wait_for(desk, holds(1))


def test_nothing_to_follow_is_told_at_once(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to watch"):
        Following(desk.shelf(), [str(tmp_path / "nowhere")])
    assert desk.shelf().following is None


def test_what_ends_it_is_told(desk: Desk, clips: Path, follow) -> None:
    write_colours(Path(desk.shelf().uri), "red", model=ColourEncoder(name="another"))
    follow(clips)
    document = wait_for(desk, lambda now: now["state"] == "stopped")
    assert "was made with another model" in document["problem"]


def test_a_defect_is_told_without_what_it_was(desk: Desk, clips: Path, follow, monkeypatch, caplog) -> None:
    def broken(*args: object, **named: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(module, "watch", broken)
    follow(clips)
    document = wait_for(desk, lambda now: now["state"] == "stopped")
    assert "secret" not in document["problem"]
    assert "ZeroDivisionError" in caplog.text
