from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from framecue.cluster import connect
from framecue.library.store import index
from framecue.library.store.index_builder import IndexBuilder, TablePlace, VectorIndexing


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    return uri


def test_workers_without_a_cluster_are_refused(run, uri: str) -> None:
    result = run("optimize", "--library", uri, "--ray-workers", "2")
    assert result.code == 2
    assert "--ray-workers is given without --ray" in result.err


def test_an_address_that_is_none_is_told_before_the_library_is_opened(run, tmp_path: Path) -> None:
    result = run("optimize", "--library", tmp_path / "none.lance", "--ray", "everywhere")
    assert result.code == 1
    assert "'everywhere'; give auto for the one" in result.err


def test_without_ray_the_extra_is_named(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "find_spec", lambda name: None)
    result = run("optimize", "--library", uri, "--ray", "auto")
    assert result.code == 1
    assert "framecue[ray]" in result.err


def test_a_cluster_does_the_work(run, uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    class Builder:
        def rehearse(self, place: TablePlace, indexing: VectorIndexing) -> None:
            asked.append("rehearse")

        def join_files(self, place: TablePlace) -> None:
            asked.append(("join", place.uri))

        def make_index(self, place: TablePlace, indexing: VectorIndexing) -> None:
            raise AssertionError("the library is too small")

        def merge_index(self, place: TablePlace, name: str, num_segments: int) -> None:
            raise AssertionError("there is no index")

    @contextmanager
    def builder(address: str, *, num_workers: int | None) -> Iterator[IndexBuilder]:
        asked.append((address, num_workers))
        yield Builder()

    monkeypatch.setattr(connect, "check_extra", lambda: None)
    monkeypatch.setattr("framecue.cluster.optimize.ray_index_builder", builder)
    monkeypatch.setattr(index, "rehearse", lambda builder: builder.rehearse(None, None))
    result = run("optimize", "--library", uri, "--ray", "10.0.0.1:6379", "--ray-workers", "3")
    assert result.code == 0, result.err
    assert asked == [("10.0.0.1:6379", 3), "rehearse", ("join", f"{uri}/segments.lance")]
    assert "no index" in result.err
