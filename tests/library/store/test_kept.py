from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.errors import LibraryError, LibraryNotFoundError
from framecue.library import Library
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.kept import KeptStore
from framecue.library.store.records import Copy, Held
from support.colours import ColourEncoder


def test_it_waits_for_a_library_and_sees_each_commit(
    make_store: Callable[..., Store], tmp_path: Path, make_row
) -> None:
    kept = KeptStore(str(tmp_path / "made.lance"))
    assert kept.open_if_there() is None
    assert kept.snapshot().num_videos == 0
    with pytest.raises(LibraryNotFoundError):
        kept.open()
    other = make_store([{"path": "/a.mp4"}])
    first = kept.open()
    assert list(kept.snapshot().held) == ["/a.mp4"]
    other.write([make_row(path="/b.mp4")])
    assert list(kept.snapshot().held) == ["/a.mp4", "/b.mp4"]
    other.note_copies({"/c.mp4": Copy("id of /a.mp4", FileState(1, 1.0))})
    assert list(kept.snapshot().copies) == ["/c.mp4"]
    assert kept.open() is first


def test_what_is_held_is_read_again_only_where_somebody_wrote(make_store, make_row, monkeypatch) -> None:
    reads: list[str] = []
    real = Store.snapshot
    monkeypatch.setattr(Store, "snapshot", lambda self: (reads.append(self.uri), real(self))[1])
    kept = KeptStore(make_store([{"path": "/a.mp4"}]).uri)
    snapshot = kept.snapshot()
    assert kept.snapshot() is snapshot
    row = make_row(path="/b.mp4")
    kept.open().write([row])
    snapshot.put("/b.mp4", Held.of([row]))
    kept.wrote(snapshot)
    assert kept.snapshot() is snapshot
    assert len(reads) == 1
    assert snapshot.held == kept.open().held()
    Store.open(kept.uri).write([], replacing=["/a.mp4"])
    assert list(kept.snapshot().held) == ["/b.mp4"]
    assert len(reads) == 2


def test_a_library_that_was_made_anew_is_another_one(make_store, tmp_path: Path) -> None:
    kept = KeptStore(make_store([{"path": "/a.mp4"}]).uri)
    kept.snapshot()
    shutil.rmtree(kept.uri)
    assert kept.open_if_there() is None
    make_store([{"path": "/b.mp4"}])  # with the same numbers of commits
    assert list(kept.snapshot().held) == ["/b.mp4"]


def test_something_else_at_its_place_is_told_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = KeptStore(str(tmp_path / "file"))
    for _ in range(2):
        with pytest.raises(LibraryError, match="is a file, not a library"):
            kept.open_if_there()


def test_a_run_reads_what_is_held_once(tmp_path: Path, clips: Path, colour_model: ColourEncoder, monkeypatch) -> None:
    reads: list[str] = []
    real = Store.snapshot
    monkeypatch.setattr(Store, "snapshot", lambda self: (reads.append(self.uri), real(self))[1])
    library = Library(tmp_path / "videos.lance", model=colour_model)
    assert library.add(clips).added == 4
    assert reads == []  # there was nothing to read
    (clips / "red.mp4").rename(clips / "rouge.mp4")
    shutil.copy(clips / "blue.mp4", clips / "copy of blue.mp4")
    (clips / "green.mp4").unlink()
    (clips / "rouge.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nbonjour\n")
    os.utime(clips / "more" / "yellow.mp4", (time.time() + 5, time.time() + 5))
    report = library.add(clips, prune=True)
    assert (report.moved, len(report.duplicates), report.removed, report.num_videos) == (1, 1, 1, 3)
    (clips / "rouge.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nau revoir\n")
    assert library.add(clips).subtitles_updated == 1
    assert library.remove(clips / "blue.mp4").num_videos == 3
    assert library.info().num_videos == 3
    assert reads == []
    # What was kept up to date is what is there.
    snapshot, store = library._kept.snapshot(), Store.open(library.uri)
    assert dict(sorted(snapshot.held.items())) == store.held()
    assert snapshot.copies == store.copies()


def test_what_lies_at_a_url_is_read_again_each_time(make_store, monkeypatch) -> None:
    """In an object store, a library that was deleted and made anew may have the numbers of the one before."""
    store = make_store([{"path": "/a.mp4"}])
    kept = KeptStore(f"file://{store.uri}")
    assert list(kept.snapshot().held) == ["/a.mp4"]
    shutil.rmtree(store.uri)
    make_store([{"path": "/b.mp4"}])
    assert list(kept.snapshot().held) == ["/b.mp4"]
