from __future__ import annotations

from pathlib import Path

import pytest

from framecue.library import Filters, Library
from framecue.library.store import Store
from framecue.library.store.overview import Overview
from framecue.library.store.store import is_framecues


@pytest.fixture
def library(tmp_path: Path, clips: Path, colour_model) -> Library:
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(clips)
    return library


def test_an_overview(library: Library) -> None:
    found = Store.open(library.uri).overview()
    assert found.size_bytes == sum(file.stat().st_size for file in Path(library.uri).rglob("*") if file.is_file())
    assert (found.num_indexed_rows, found.has_text_index) == (None, True)
    assert isinstance(found, Overview)


def test_an_older_format_knows_less(library: Library) -> None:
    store = Store.open(library.uri)
    store.table.lance.drop_columns(["kind", "indexed_seconds"])
    assert Store.open(library.uri).snapshot().indexed_seconds is None


def test_when_it_was_indexed(library: Library) -> None:
    lance = Store.open(library.uri).table.lance
    lance.update(where="path LIKE '%red%' OR path LIKE '%blue%'", values={"kind": "image", "indexed_seconds": 5.0})
    times = Store.open(library.uri).snapshot().indexed_seconds
    assert times is not None
    assert times[0] == 5.0 < times[1]
    lance.update(values={"indexed_seconds": None})
    assert Store.open(library.uri).snapshot().indexed_seconds is None


def test_videos_that_pass_filters_are_counted(library: Library, clips: Path) -> None:
    assert library.count_videos() == 4
    assert library.count_videos(Filters(folder=clips / "more")) == 1
    assert library.count_videos(Filters(where="path LIKE '%e%.mp4'", longer_than_seconds=1.5)) == 1
    assert library.count_videos(Filters(folder="/none")) == 0


def test_what_framecue_made(library: Library, tmp_path: Path) -> None:
    import lancedb

    lancedb.connect(tmp_path / "foreign").create_table("segments", [{"a": 1}])
    assert is_framecues(library.uri)
    assert not is_framecues(str(tmp_path / "foreign"))
