from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import LibraryError
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.attempt import connect
from framecue.library.store.copies import COPIES_TABLE, Copies
from framecue.library.store.records import Copy

FINGERPRINT = {"backbone": "b", "embedding_dim": 3}


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "my 'films' (1).lance")


def test_copies_are_noted_and_forgotten_and_make_their_table_when_needed(uri: str) -> None:
    store = Store.create(uri, FINGERPRINT)
    store.note_copies({}, forget=["/a.mp4"])
    assert store.copies() == {}
    store.note_copies({"/it's.mp4": Copy("x", FileState(3, 1.5)), "/b.mp4": Copy("y", FileState(4, 2.5))})
    store.note_copies({"/b.mp4": Copy("z", FileState(5, 3.5))}, forget=["/it's.mp4"])
    assert Store.open(uri).copies() == {"/b.mp4": Copy("z", FileState(5, 3.5))}
    store.note_copies({}, forget=["/b.mp4"])
    assert store.copies() == {}
    assert store.held() == {}


def test_a_note_of_the_same_path_takes_the_place_of_the_earlier_one(uri: str) -> None:
    copies = Copies(uri, connect(uri))
    copies.note({path: Copy("x", FileState(1, 1.0)) for path in ("/c", "/b", "/a")})
    copies.note({"/b": Copy("y", FileState(2, 2.0)), "/d": Copy("z", FileState(3, 3.0))})
    read = Copies(uri, connect(uri)).read()
    assert {path: copy.video_id for path, copy in read.items()} == {"/a": "x", "/b": "y", "/c": "x", "/d": "z"}
    assert list(read) == ["/a", "/b", "/c", "/d"]


def test_the_table_is_opened_once_and_again_when_others_have_written(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = connect(uri)
    copies = Copies(uri, database)
    assert copies.read() == {}
    Copies(uri, connect(uri)).note({"/a": Copy("x", FileState(1, 1.0))})  # the table is new
    assert copies.read() == {}
    copies.refresh()
    opened, open_table = [], database.open_table
    monkeypatch.setattr(database, "open_table", lambda name: (opened.append(name), open_table(name))[1])
    for _ in range(3):
        assert list(copies.read()) == ["/a"]
    assert opened == [COPIES_TABLE]
    Copies(uri, connect(uri)).note({"/b": Copy("x", FileState(1, 1.0))})
    assert list(copies.read()) == ["/a"]
    copies.refresh()
    assert list(copies.read()) == ["/a", "/b"]
    assert opened == [COPIES_TABLE] * 2


def test_a_broken_table_is_an_error_and_not_none(uri: str) -> None:
    copies = Copies(uri, connect(uri))
    copies.note({"/a": Copy("x", FileState(1, 1.0))})
    for path in (Path(uri) / f"{COPIES_TABLE}.lance").rglob("*.manifest"):
        path.write_bytes(b"broken")
    copies.refresh()
    with pytest.raises(LibraryError, match="cannot be opened"):
        copies.read()
