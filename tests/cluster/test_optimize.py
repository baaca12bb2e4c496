"""The tasks of lance-ray run in this process here: what Ray does with them, `tests/suites/cluster` has."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from framecue.cluster import optimize as module
from framecue.cluster.optimize import RayIndexBuilder, ray_index_builder
from framecue.errors import InputError, LibraryError
from framecue.library.store import Store, index
from framecue.library.store.index_builder import TablePlace, place_of, rehearse

pytest.importorskip("lance_ray", reason="the extra ray is not installed")

WIDTH, NUM_ROWS = 16, 2000


class InProcess:
    """Stands in for Ray's pool: it runs tasks here, one after the other."""

    num_tasks = 0

    def __init__(self, processes: int, ray_remote_args: object = None) -> None:
        self.processes = processes

    def map_async(self, task: Callable[[Any], Any], works: list[Any], chunksize: int) -> SimpleNamespace:
        InProcess.num_tasks += len(works)
        results = [task(work) for work in works]
        return SimpleNamespace(get=lambda: results)

    def close(self) -> None:
        """Do nothing."""

    join = close


@pytest.fixture(autouse=True)
def in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("index", "compaction"):
        monkeypatch.setattr(f"lance_ray.{name}.Pool", InProcess)
    monkeypatch.setattr("ray.put", lambda value: value)
    monkeypatch.setattr(InProcess, "num_tasks", 0)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_vectors: Callable[..., Store]) -> Store:
    """A library of several files, that gets an index though it is small."""
    monkeypatch.setattr(index, "LEAST_INDEXED_ROWS", NUM_ROWS)
    monkeypatch.setattr(index, "LEAST_ROWS_PER_PARTITION", 256)
    return write_vectors(tmp_path / "videos.lance", num_files=4)


@pytest.fixture
def write_vectors() -> Callable[..., Store]:
    from framecue.library.state import FileState
    from framecue.library.store.rows import Row

    def write(place: Path, *, num_files: int) -> Store:
        store = Store.create(str(place), {"backbone": "b", "embedding_dim": WIDTH})
        rng = np.random.default_rng(0)
        vectors = rng.standard_normal((NUM_ROWS, WIDTH))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        rows = [
            Row(
                video_id=f"v{number}",
                path=f"/a/{number:05}.mp4",
                start_seconds=0.0,
                end_seconds=2.0,
                vector=vector,
                duration_seconds=2.0,
                state=FileState(10, 5.5),
            )
            for number, vector in enumerate(vectors)
        ]
        for some in range(num_files):
            store.write(rows[some::num_files])
        return store

    return write


def test_lancedb_reads_what_is_written_here() -> None:
    rehearse(RayIndexBuilder(1))


def test_files_are_joined_and_the_index_has_one_segment(store: Store) -> None:
    held = store.held()
    upkeep = store.optimize(RayIndexBuilder(3))
    assert (upkeep.index, upkeep.num_indexed_rows, upkeep.num_files) == ("made", NUM_ROWS, (4, 1))
    stats = store.table.lance.index_stats("vector_idx")
    assert stats is not None
    assert (stats.index_type, stats.distance_type, stats.num_indices) == ("IVF_RQ", "cosine", 1)
    assert Store.open(store.uri).held() == held
    # And the next run has nothing to do.
    tasks = InProcess.num_tasks
    assert store.optimize(RayIndexBuilder(3)).index == "kept"
    assert InProcess.num_tasks == tasks


def test_it_is_the_index_that_this_machine_makes(
    store: Store, tmp_path: Path, write_vectors: Callable[..., Store]
) -> None:
    local = write_vectors(tmp_path / "local.lance", num_files=4)
    local.optimize()
    store.optimize(RayIndexBuilder(2))
    # LanceDB keeps partitions at the size that was asked for, which it would not know of an index that did not say it.
    for each in (local, store):
        each.optimize()
    assert partitions(store) == partitions(local)
    queries = np.random.default_rng(1).standard_normal((20, WIDTH))
    assert abs(recall(store, queries) - recall(local, queries)) < 0.1  # of builds that are left to chance


def test_a_library_that_lances_own_package_has_written_is_one_like_any_other(store: Store) -> None:
    assert store.optimize(RayIndexBuilder(2)).index == "made"
    lancedbs = Store.open(store.uri)
    rows = lancedbs.rows_at(["/a/00007.mp4", "/a/00008.mp4"])
    (seven,), (eight,) = rows["/a/00007.mp4"], rows["/a/00008.mp4"]
    # Rows go, come and change places; columns come; all of it by LanceDB's own Lance.
    lancedbs.add_own_columns({"camera": "str"})
    lancedbs.write([replace(seven, path="/b/new.mp4", extra={"camera": "left"})], replacing=[seven.path])
    assert lancedbs.search(seven.vector, limit=1)[0].path == "/b/new.mp4"
    assert [match.path for match in lancedbs.search(seven.vector, limit=3, where="camera = 'left'")] == ["/b/new.mp4"]
    assert eight.path in {match.path for match in lancedbs.search(eight.vector, limit=1, exact=True)}
    assert seven.path not in lancedbs.held()
    assert (lancedbs.num_rows(), lancedbs.to_arrow().num_rows) == (NUM_ROWS, NUM_ROWS)
    lancedbs.ensure_text_index()
    lancedbs.write([replace(eight, path=f"/c/{number:05}.mp4") for number in range(NUM_ROWS // 5)])
    # The index takes them in, here and on the cluster in turn.
    upkeep = lancedbs.optimize()
    assert (upkeep.index, upkeep.num_indexed_rows) == ("refreshed", NUM_ROWS + NUM_ROWS // 5)
    lancedbs.write([], replacing=[eight.path])
    upkeep = lancedbs.optimize(RayIndexBuilder(2))
    assert (upkeep.num_rows, upkeep.num_indexed_rows) == (NUM_ROWS + NUM_ROWS // 5 - 1, upkeep.num_rows)
    assert lancedbs.search(eight.vector, limit=1)[0].path.startswith("/c/")


def partitions(store: Store) -> int:
    import lance

    (segment,) = lance.dataset(place_of(store.table.lance).uri).stats.index_stats("vector_idx")["indices"]
    return int(segment["num_partitions"])


def recall(store: Store, queries: np.ndarray) -> float:
    def paths(query: np.ndarray, *, exact: bool) -> set[str]:
        return {match.path for match in store.search(query, limit=10, exact=exact)}

    return float(np.mean([len(paths(query, exact=False) & paths(query, exact=True)) / 10 for query in queries]))


@pytest.mark.parametrize(("builder", "done"), [(RayIndexBuilder(2), "kept"), (None, "made")])
def test_a_build_that_was_killed_before_its_segments_were_merged_is_completed(
    builder: RayIndexBuilder | None, done: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unjoined(RayIndexBuilder):
        """Leaves the files apart, as those of a large table are; and is killed before it merges."""

        def join_files(self, place: TablePlace) -> None:
            """Do nothing."""

        def merge_index(self, place: TablePlace, name: str, num_segments: int) -> None:
            assert num_segments == 2
            raise KeyboardInterrupt

    with monkeypatch.context() as apart:
        apart.setattr(type(store.table.lance), "optimize", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            store.optimize(Unjoined(2))
    again = Store.open(store.uri)
    stats = again.table.lance.index_stats("vector_idx")
    assert stats is not None
    assert (stats.num_indices, stats.num_indexed_rows) == (2, NUM_ROWS)
    assert again.search(np.ones(WIDTH), limit=3)
    upkeep = again.optimize(builder)
    assert (upkeep.index, upkeep.num_indexed_rows) == (done, NUM_ROWS)
    stats = again.table.lance.index_stats("vector_idx")
    assert stats is not None
    assert stats.num_indices == 1


def test_what_a_task_says_is_told_with_the_way_out(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def elsewhere(*_: object, **__: object) -> None:
        raise RuntimeError("Compaction failed: Dataset at path a/videos.lance was not found: no such place\nmore")

    monkeypatch.setattr("lance_ray.compact_files", elsewhere)
    with pytest.raises(LibraryError, match=r"was not found.*every node has to reach the library"):
        store.optimize(RayIndexBuilder(2))
    assert len(store.held()) == NUM_ROWS


def test_lance_ray_is_asked_for_by_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = module.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "lance_ray" else found(name))
    with pytest.raises(InputError, match=r"framecue\[ray\]"), ray_index_builder("auto"):
        pass


@pytest.mark.parametrize("wrong", [{"pylance": "0.1"}, {"pylance": None, "lance-ray": "0.5"}])
def test_nodes_with_other_releases_are_refused(wrong: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    here = {name: importlib.metadata.version(name) for name in module._PACKAGES}

    def ask(
        function: Callable[..., dict[str, str | None]], packages: tuple[str, ...]
    ) -> list[tuple[dict[str, str], dict[str, str | None]]]:
        assert function(packages) == here
        return [({"NodeManagerAddress": f"10.0.0.{n}"}, found) for n, found in ((1, here), (2, here | wrong))]

    monkeypatch.setattr(module, "ask_each_node", ask)
    with pytest.raises(LibraryError, match=r"auto: node 10\.0\.0\.2 has pylance .*this machine"):
        module._check_nodes("auto")
