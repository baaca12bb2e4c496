from __future__ import annotations

import pytest

from framecue.errors import LibraryError
from framecue.library.store.index_builder import TablePlace, VectorIndexing, rehearse


class Builder:
    """Does nothing but what a test has it do in the rehearsal."""

    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem
        self.places: list[TablePlace] = []

    def rehearse(self, place: TablePlace, indexing: VectorIndexing) -> None:
        self.places.append(place)
        if self.problem:
            raise self.problem

    def join_files(self, place: TablePlace) -> None:
        raise NotImplementedError

    def make_index(self, place: TablePlace, indexing: VectorIndexing) -> None:
        raise NotImplementedError

    def merge_index(self, place: TablePlace, name: str, num_segments: int) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (None, "the index lacks rows"),
        (RuntimeError("unknown feature flags 1024\nin some file"), "unknown feature flags 1024; install"),
        (OSError("no such version"), "no such version"),
    ],
)
def test_what_cannot_be_read_here_is_told_before_a_library_is_touched(problem: Exception | None, reason: str) -> None:
    with pytest.raises(LibraryError, match=rf"LanceDB cannot read here.*{reason}.*optimize without --ray"):
        rehearse(Builder(problem))


def test_an_error_that_is_a_bug_is_told_as_one() -> None:
    with pytest.raises(KeyError):
        rehearse(Builder(KeyError("column")))
