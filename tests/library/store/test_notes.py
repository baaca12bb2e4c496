from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from framecue.library.store.attempt import connect
from framecue.library.store.notes import Notes

SCHEMA = pa.schema([pa.field("path", pa.string(), nullable=False), pa.field("number", pa.int64(), nullable=False)])


def test_notes_are_taken_replaced_and_forgotten(tmp_path: Path) -> None:
    def notes(name: str = "some") -> Notes:
        return Notes(str(tmp_path), connect(str(tmp_path)), name, SCHEMA)

    first = notes()
    assert (first.read(), first.version()) == ([], None)
    first.note([], forget=["/none"])
    assert first.version() is None
    first.note([{"path": path, "number": 1} for path in ("/b", "/it's", "/a")])
    first.note([{"path": "/b", "number": 2}], forget=["/it's"])
    assert first.read() == notes().read() == [("/a", 1), ("/b", 2)]
    before = first.version()
    notes().note([], forget=["/a"])
    first.refresh()
    assert first.read() == [("/b", 2)]
    assert before != first.version()
    assert notes("others").read() == []


def test_many_commits_are_joined_and_conditions_choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.library.store.notes._MOST_FILES", 2)
    notes = Notes(str(tmp_path), connect(str(tmp_path)), "some", SCHEMA)
    notes.upkeep()
    notes.drop("number > 0")
    assert notes.version() is None
    for number in range(3):
        notes.note([{"path": f"/{number}", "number": number}])
    notes.upkeep()
    joined = notes.version()
    notes.upkeep()
    assert notes.version() == joined  # there is nothing to join any more
    assert notes.read("number > 0") == [("/1", 1), ("/2", 2)]
    notes.drop("number > 1")
    notes.drop("number > 1")
    assert notes.read() == [("/0", 0), ("/1", 1)]
    assert notes.version() == (joined or 0) + 1
