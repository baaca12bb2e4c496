from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from framecue.errors import LibraryError
from framecue.library.watching.presence import REMOTE_SECONDS, Presence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "disk" / "videos.lance" / "segments.lance").mkdir(parents=True)
    return tmp_path / "disk" / "videos.lance"


def presence_of(uri: Path | str, **named: object) -> Presence:
    return Presence(SimpleNamespace(uri=str(uri), exists=True), **named)


def test_a_folder_that_is_gone_is_lost_once(folder: Path) -> None:
    presence = presence_of(folder)
    assert not presence.is_lost()
    presence.note()
    assert not presence.is_lost()
    folder.rename(folder.with_name("elsewhere"))
    assert presence.is_lost()
    assert not presence.is_lost()
    folder.with_name("elsewhere").rename(folder)
    presence.note()
    assert not presence.is_lost()


def test_another_library_at_the_place_is_not_the_one_that_was_filled(folder: Path) -> None:
    presence = presence_of(folder)
    presence.note()
    (folder / "segments.lance").rename(folder / "kept")  # its number is not given again while it is there
    (folder / "segments.lance").mkdir()
    assert presence.is_lost()


def test_what_is_written_into_it_does_not_make_it_another(folder: Path) -> None:
    presence = presence_of(folder)
    presence.note()
    (folder / "segments.lance" / "data").mkdir()
    os.utime(folder / "segments.lance", (1, 1))
    assert not presence.is_lost()


def test_a_disk_that_is_away_is_no_loss(folder: Path) -> None:
    presence = presence_of(folder)
    presence.note()
    folder.parent.rename(folder.parents[1] / "away")
    assert not presence.is_lost()


def test_nothing_is_lost_where_nothing_was_made(tmp_path: Path) -> None:
    presence = presence_of(tmp_path / "videos.lance")
    presence.note()
    (tmp_path / "videos.lance").mkdir()
    assert not presence.is_lost()


def test_an_object_store_is_asked_now_and_then() -> None:
    now, asked = [0.0], []

    class Remote:
        uri = "s3://bucket/videos.lance"
        answer: bool | None = True

        @property
        def exists(self) -> bool:
            asked.append(now[0])
            if self.answer is None:
                raise LibraryError("the network is away")
            return self.answer

    library = Remote()
    presence = Presence(library, clock=lambda: now[0])
    presence.note()
    for library.answer in (True, None, False):
        assert not presence.is_lost()
        now[0] += REMOTE_SECONDS
        assert presence.is_lost() is (library.answer is False)
    assert asked == [0, *(REMOTE_SECONDS * number for number in (1, 2, 3))]
    assert not presence.is_lost()
