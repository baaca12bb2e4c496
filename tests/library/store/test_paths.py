"""Paths that are read once, and what is named of them: only where that is quicker, and never of another state."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pyarrow as pa
import pytest

from framecue.library.store import paths
from framecue.library.store.paths import forget_paths, matching_paths
from framecue.library.store.table import Table

NAMES = ["/b/2.mp4", "/b/2.mp4", "/a/1.mp4", "/a/it's 3.avi"]


class Library:
    """A table whose reads are counted."""

    def __init__(self, uri: str = "films.lance", *, indexed: str = "path") -> None:
        self.num_reads = 0
        lance = SimpleNamespace(list_indices=lambda: [SimpleNamespace(columns=[indexed])], search=lambda: self)
        self.table = Table(uri, lance)  # type: ignore[arg-type]

    def select(self, columns: list[str]) -> Library:
        assert columns == ["path"]
        return self

    def to_arrow(self, *, timeout: object) -> pa.Table:
        self.num_reads += 1
        return pa.table({"path": NAMES})


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    forget_paths()
    yield
    forget_paths()


def test_who_asks_again_gets_names_and_who_asks_once_reads_nothing() -> None:
    library = Library()
    assert matching_paths(library.table, 1, "mp4$", most=9) is None
    assert library.num_reads == 0
    assert matching_paths(library.table, 1, "mp4$", most=9) == ["/a/1.mp4", "/b/2.mp4"]
    assert matching_paths(library.table, 1, "it's", most=9) == ["/a/it's 3.avi"]
    assert matching_paths(library.table, 1, "nothing", most=9) == []
    assert matching_paths(library.table, 1, "mp4$", most=1) is None
    assert library.num_reads == 1
    # Another store of the same library, as a server has.
    other = Library()
    assert matching_paths(other.table, 1, "mp4$", most=9) == ["/a/1.mp4", "/b/2.mp4"]
    assert other.num_reads == 0


def test_after_a_commit_nothing_is_known_any_more() -> None:
    library = Library()
    for _ in range(2):
        matching_paths(library.table, 1, "mp4$", most=9)
    assert matching_paths(library.table, 2, "mp4$", most=9) is None
    assert matching_paths(library.table, 2, "mp4$", most=9) is not None
    assert library.num_reads == 2


def test_without_an_index_on_the_paths_nothing_is_named() -> None:
    library = Library(indexed="kind")
    assert [matching_paths(library.table, 1, "mp4$", most=9) for _ in range(3)] == [None] * 3
    assert library.num_reads == 0


def test_a_pattern_that_is_too_large_is_left_to_lancedb() -> None:
    library = Library()
    matching_paths(library.table, 1, "x", most=9)
    assert matching_paths(library.table, 1, "((a{0,100}){0,100}){0,100}", most=9) is None


def test_of_many_libraries_the_first_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "_MOST_LIBRARIES", 2)
    libraries = [Library(f"{number}.lance") for number in range(3)]
    for library in libraries:
        for _ in range(2):
            matching_paths(library.table, 1, "x", most=9)
    assert matching_paths(libraries[0].table, 1, "x", most=9) is None
    assert matching_paths(libraries[2].table, 1, "x", most=9) == []
    assert [library.num_reads for library in libraries] == [1, 1, 1]
