from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from framecue.cli import last_search as last_search_module
from framecue.cli.last_search import hits_of, keep_search, last_search
from framecue.errors import InputError, LibraryNotFoundError
from framecue.library import Hit, Library


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FRAMECUE_HISTORY", raising=False)
    return tmp_path / "cache" / "last-searches"


@pytest.fixture
def library(tmp_path: Path, clips: Path, make_model: Callable[..., object]) -> Library:
    made = Library(str(tmp_path / "videos.lance"), model=make_model())
    made.add(clips)
    return made


def hit(rank: int, path: str = "/v/a.mp4", **other: object) -> Hit:
    return Hit(rank, path, 1.0, 2.5, 0.5, video_id="x", duration_seconds=9.0, **other)  # type: ignore[arg-type]


def test_what_was_shown_is_found_again(cache: Path) -> None:
    shown = [hit(1), hit(2, "/v/ä\n.png", kind="image"), hit(3, segment_seconds=(0.0, 5.0))]
    keep_search("/a.lance", "a dog", shown)
    found = last_search("/a.lance")
    assert (found.library, found.query, found.hits) == ("/a.lance", "a dog", dict(enumerate(shown, start=1)))
    if sys.platform != "win32":
        (file,) = cache.iterdir()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(cache.stat().st_mode) == 0o700
    # The next search takes its place, and other libraries have their own.
    keep_search("/b.lance", "a cat", [])
    keep_search("/a.lance", "a bird", [hit(1, "/v/b.mp4")])
    assert [found.path for found in last_search("/a.lance").hits.values()] == ["/v/b.mp4"]
    assert last_search("/b.lance").query == "a cat"


def test_a_library_that_is_not_there_is_not_told_to_be_searched(tmp_path: Path) -> None:
    keep_search("/b.lance", "a cat", [hit(1)])
    with pytest.raises(LibraryNotFoundError, match=r"no library at .*vidoes\.lance"):
        hits_of(Library(str(tmp_path / "vidoes.lance")), [1])


def test_pages_of_one_search_belong_together() -> None:
    keep_search("/a.lance", "a dog", [hit(1), hit(2)])
    keep_search("/a.lance", "a dog", [hit(3), hit(4)])
    assert list(last_search("/a.lance").hits) == [1, 2, 3, 4]
    keep_search("/a.lance", "a cat", [hit(3)])
    assert list(last_search("/a.lance").hits) == [3]


def test_files_stay_few_and_small(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_search_module, "_MOST_LIBRARIES", 2)
    for number, name in enumerate("abc"):
        keep_search(f"/{name}.lance", "a dog", [hit(rank) for rank in range(1, 1200)])
        newest = max(cache.glob("*.json"), key=lambda file: file.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    assert len([*cache.iterdir()]) == 2
    assert max(last_search("/c.lance").hits) == 1000
    with pytest.raises(InputError, match=r"/a\.lance is kept; the last one was of library /c\.lance"):
        last_search("/a.lance")


def test_nothing_is_kept_where_that_is_not_wanted(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMECUE_HISTORY", "off")
    keep_search("/a.lance", "a dog", [hit(1)])
    assert not cache.exists()
    with pytest.raises(InputError, match="FRAMECUE_HISTORY says that no search is kept"):
        last_search("/a.lance")


def test_a_search_goes_well_where_nothing_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for cache in (str(tmp_path / "file"), "not absolute"):
        monkeypatch.setenv("FRAMECUE_CACHE", cache)
        keep_search("/a.lance", "a dog", [hit(1)])


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"\xff", b'{"format": 1, "hits": [{"x": 1}]}', b"[" * 100_000, b'{"format": 2, "hits": []}'],
)
def test_a_damaged_file_is_none(cache: Path, content: bytes) -> None:
    keep_search("/a.lance", "a dog", [hit(1)])
    (file,) = cache.iterdir()
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"no search of library /a\.lance is kept"):
        last_search("/a.lance")
    keep_search("/a.lance", "a dog", [hit(2)])
    assert list(last_search("/a.lance").hits) == [2]


def test_a_file_for_another_library_is_none(cache: Path) -> None:
    keep_search("/a.lance", "a dog", [hit(1)])
    (file,) = cache.iterdir()
    document = json.loads(file.read_text())
    file.write_text(json.dumps({**document, "library": "/b.lance"}))
    with pytest.raises(InputError, match=r"the last one was of library /b\.lance"):
        last_search("/a.lance")


def test_hits_by_their_ranks(library: Library, clips: Path) -> None:
    with pytest.raises(InputError, match=r"no search of library .* is kept: search it with `framecue search TEXT"):
        hits_of(library, [1])
    keep_search(library.uri, "a dog", [])
    with pytest.raises(InputError, match=r"\('a dog'\) found nothing"):
        hits_of(library, [1])
    shown = library.search("red", k=3)
    keep_search(library.uri, "red", shown)
    search, hits = hits_of(library, [3, 1])
    assert search.query == "red"
    assert [(hit.rank, hit.path) for hit in hits] == [(3, shown[2].path), (1, shown[0].path)]
    with pytest.raises(InputError, match=r"\('red'\) showed no result 4; it showed 1 to 3"):
        hits_of(library, [1, 4])


def test_a_library_that_has_changed(library: Library, clips: Path) -> None:
    shown = library.search("red", k=3)
    # Moments of other lengths, as in a library that was made anew.
    keep_search(library.uri, "red", [replace(shown[0], start_seconds=50.0, end_seconds=60.0), *shown[1:]])
    library.remove(shown[1].path)
    for rank in (1, 2):
        with pytest.raises(InputError, match=f"result {rank} of the last .* no longer in .* has changed"):
            hits_of(library, [rank])
    assert hits_of(library, [3])[1][0].path == shown[2].path
