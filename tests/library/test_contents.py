"""What a library holds of a content that is known by its hash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framecue.library import Library
from framecue.library.state import FileState
from framecue.library.store import Snapshot, Store
from framecue.library.store.records import Content, ContentFile, Copy, Held

STATE, OTHER = FileState(1, 2.0), FileState(3, 4.0)


def test_a_content_has_all_its_files_and_those_with_rows_come_first() -> None:
    held = {"/b.mp4": Held("same", STATE, 60.0, 2), "/c.png": Held("other", OTHER, 0.0, 1, kind="image")}
    copies = {"/a.mp4": Copy("same", OTHER), "/lost.mp4": Copy("of nothing", STATE), "/c.png": Copy("same", OTHER)}
    snapshot = Snapshot(held, copies)
    files = (ContentFile("/b.mp4", STATE), ContentFile("/a.mp4", OTHER))
    assert snapshot.content("same") == Content("same", "video", 60.0, files)
    assert snapshot.content("other") == Content("other", "image", 0.0, (ContentFile("/c.png", OTHER),))
    assert snapshot.content("of nothing") is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda snapshot: snapshot.put("/b.mp4", Held("it", STATE, 60.0, 1)), ["/a.mp4", "/b.mp4", "/copy.mp4"]),
        (lambda snapshot: snapshot.drop("/a.mp4"), None),
        (lambda snapshot: snapshot.note("/more.mp4", Copy("it", STATE)), ["/a.mp4", "/copy.mp4", "/more.mp4"]),
        (lambda snapshot: snapshot.forget("/copy.mp4"), ["/a.mp4"]),
    ],
)
def test_it_follows_what_is_committed(change: Callable[[Snapshot], None], expected: list[str] | None) -> None:
    snapshot = Snapshot({"/a.mp4": Held("it", STATE, 60.0, 1)}, {"/copy.mp4": Copy("it", STATE)})
    assert snapshot.content("it") is not None
    change(snapshot)
    found = snapshot.content("it")
    assert (None if found is None else [file.path for file in found.files]) == expected


def test_a_library_by_its_hashes(make_store: Callable[..., Store], tmp_path: Path) -> None:
    segments: list[dict[str, Any]] = [
        {"video_id": "it", "thumbnail": b"first"},
        {"video_id": "it", "start_seconds": 2.1, "thumbnail": b"second"},
        {"video_id": "it", "start_seconds": 4.0},
        {"video_id": "other", "path": "/b.mp4", "thumbnail": b"of another"},
    ]
    store = make_store(segments)
    library = Library(tmp_path / "made.lance")
    found = library.content("it")
    assert found is not None
    assert [file.path for file in found.files] == ["/a.mp4"]
    assert (library.thumbnail("it", 0.0), library.thumbnail("it", 2.1)) == (b"first", b"second")
    assert (library.thumbnail("it", 4.0), library.thumbnail("it", 1.0), library.thumbnail("gone", 0.0)) == (None,) * 3
    store.note_copies({"/copy.mp4": Copy("it", STATE)})
    again = library.content("it")
    assert again is not None
    assert [file.path for file in again.files] == ["/a.mp4", "/copy.mp4"]


def test_where_there_is_no_library_there_is_no_content(tmp_path: Path) -> None:
    assert Library(tmp_path / "none.lance").content("it") is None
