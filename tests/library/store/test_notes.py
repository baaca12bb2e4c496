from __future__ import annotations

from pathlib import Path

import pyarrow as pa

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
