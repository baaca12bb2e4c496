from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import lancedb
import numpy as np
import pytest

from framecue.errors import LibraryError
from framecue.library.state import FileState
from framecue.library.store import Store, index
from framecue.library.store.index import LEAST_FRAGMENTS, LEAST_INDEXED_ROWS
from framecue.library.store.rows import Row
from framecue.library.store.table import TABLE, Table
from framecue.library.store.tuning import MOST_SHARE, ways

WIDTH = 32
MOST_RESULTS = int(MOST_SHARE * LEAST_INDEXED_ROWS)
FINGERPRINT = {"backbone": "b", "embedding_dim": WIDTH}


def make_vectors(number: int, *, seed: int = 0) -> np.ndarray:
    """Unit vectors in 50 groups, each group's around a direction of its own."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((50, WIDTH))
    vectors = centres[rng.integers(0, 50, number)] + 0.7 * rng.standard_normal((number, WIDTH))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_rows(vectors: np.ndarray, *, folder: str = "/a") -> Iterator[Row]:
    for number, vector in enumerate(vectors):
        yield Row(
            video_id=f"{folder}{number}",
            path=f"{folder}/{number:06}.mp4",
            start_seconds=0.0,
            end_seconds=2.0,
            vector=vector,
            duration_seconds=2.0,
            state=FileState(10, 5.5),
        )


def make_store(folder: Path, number: int, *, width: int = WIDTH) -> Store:
    store = Store.create(str(folder / "films.lance"), {**FINGERPRINT, "embedding_dim": width})
    store.write(list(make_rows(make_vectors(number)[:, :width])))
    return store


def vector_index(store: Store) -> object | None:
    table = lancedb.connect(store.uri).open_table(TABLE)
    return next((each for each in table.list_indices() if each.columns == ["vector"]), None)


def recall(store: Store, queries: np.ndarray, *, limit: int = 10) -> float:
    found = [
        ({match.path for match in store.search(query, limit=limit)} & {m.path for m in nearest}, nearest)
        for query in queries
        for nearest in [store.search(query, limit=limit, exact=True)]
    ]
    return float(np.mean([len(both) / len(nearest) for both, nearest in found]))


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = make_store(tmp_path_factory.mktemp("indexed"), LEAST_INDEXED_ROWS)
    upkeep = store.optimize()
    assert (upkeep.index, upkeep.num_indexed_rows, upkeep.num_rows) == ("made", LEAST_INDEXED_ROWS, LEAST_INDEXED_ROWS)
    return store


def test_a_search_by_the_index_finds_what_an_exact_one_finds(indexed: Store) -> None:
    assert vector_index(indexed) is not None
    assert recall(indexed, make_vectors(20, seed=1)) > 0.95


def test_scores_are_those_of_the_stored_vectors(indexed: Store) -> None:
    vectors, query = make_vectors(LEAST_INDEXED_ROWS), make_vectors(1, seed=1)[0]
    stored = vectors.astype(np.float16).astype(np.float64)
    for match in indexed.search(query, limit=5):
        vector = stored[int(Path(match.path).stem)]
        assert match.score == pytest.approx(vector @ query / np.linalg.norm(vector), abs=1e-6)


def test_an_exact_search_leaves_the_index_aside(indexed: Store) -> None:
    query = make_vectors(1, seed=2)[0]
    stored = make_vectors(LEAST_INDEXED_ROWS).astype(np.float16).astype(np.float64)
    nearest = np.argsort(-(stored @ query) / np.linalg.norm(stored, axis=1))[:10]
    found = [int(Path(match.path).stem) for match in indexed.search(query, limit=10, exact=True)]
    assert found == nearest.tolist()


def explain(store: Store, *, limit: int, where: str | None = None, exact: bool = False) -> str:
    """LanceDB's plan of a search: `KNNVectorDistance` alone looks at every vector, `ANN` is the index."""
    table = lancedb.connect(store.uri).open_table(TABLE)
    search = table.search(make_vectors(1)[0].astype(np.float32), vector_column_name="vector").distance_type("cosine")
    way = ways(Table(store.uri, table), limit=limit, where=where, exact=exact)[0]
    return way.apply(search, where).explain_plan()


@pytest.mark.parametrize(
    ("options", "is_by_index"),
    [
        ({"limit": 10}, True),
        ({"limit": 10, "exact": True}, False),
        ({"limit": MOST_RESULTS}, True),
        ({"limit": MOST_RESULTS + 1}, False),
        ({"limit": 10, "where": f"path < '/a/{LEAST_INDEXED_ROWS // 2:06}'"}, True),
        ({"limit": 10, "where": f"path < '/a/{LEAST_INDEXED_ROWS // 20:06}'"}, False),
    ],
)
def test_what_goes_by_the_index(indexed: Store, options: dict, is_by_index: bool) -> None:
    assert ("ANN" in explain(indexed, **options)) is is_by_index


def test_a_table_without_an_index_is_searched_whole(tmp_path: Path) -> None:
    assert "ANN" not in explain(make_store(tmp_path, 100), limit=10)


def test_rows_that_came_after_the_index_are_found_and_then_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "ROWS_BEFORE_INDEX", 1000)
    store = make_store(tmp_path, 999)
    assert store.optimize_if_due() is None
    store.write(list(make_rows(make_vectors(1, seed=3), folder="/b")))
    upkeep = store.optimize_if_due()
    assert upkeep is not None
    assert (upkeep.index, upkeep.num_indexed_rows) == ("made", 1000)
    assert store.optimize_if_due() is None

    few, query = make_vectors(50, seed=4), make_vectors(1, seed=5)[0]
    few[7] = query
    store.write(list(make_rows(few, folder="/c")))
    best = store.search(query, limit=3)[0]
    assert (best.path, round(best.score, 3)) == ("/c/000007.mp4", 1.0)
    assert store.optimize_if_due() is None  # few enough to look at one by one

    store.write(list(make_rows(make_vectors(100, seed=6), folder="/d")))
    upkeep = store.optimize_if_due()
    assert upkeep is not None
    assert (upkeep.index, upkeep.num_indexed_rows, upkeep.num_rows) == ("refreshed", 1150, 1150)
    assert store.search(query, limit=3)[0].path == "/c/000007.mp4"

    store.write(list(make_rows(make_vectors(2000, seed=8), folder="/e")))
    upkeep = store.optimize_if_due()
    assert upkeep is not None
    assert (upkeep.index, upkeep.num_indexed_rows) == ("made", 3150)  # anew: most rows came after it
    assert recall(Store.open(store.uri), make_vectors(20, seed=1)) > 0.95


def test_deleted_rows_are_not_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "ROWS_BEFORE_INDEX", 1000)
    store = make_store(tmp_path, 1000)
    store.optimize_if_due()
    query = make_vectors(1000)[3]
    assert store.search(query, limit=1)[0].path == "/a/000003.mp4"
    store.write([], replacing=["/a/000003.mp4"])
    assert "/a/000003.mp4" not in {match.path for match in store.search(query, limit=10)}
    store.optimize()
    assert "/a/000003.mp4" not in {match.path for match in store.search(query, limit=10)}
    assert store.num_rows() == 999


def test_many_small_files_are_joined_and_nothing_is_lost(tmp_path: Path) -> None:
    store = make_store(tmp_path, 1)
    for number, row in enumerate(make_rows(make_vectors(LEAST_FRAGMENTS), folder="/b"), start=2):
        assert store.optimize_if_due() is None
        store.write([row])
        assert store.num_rows() == number
    held = store.held()
    upkeep = store.optimize_if_due()
    assert upkeep is not None
    assert (upkeep.num_files, upkeep.index, upkeep.num_indexed_rows) == ((LEAST_FRAGMENTS + 1, 1), "none", 0)
    assert Store.open(store.uri).held() == held
    assert Store.open(store.uri).fingerprint == FINGERPRINT


def test_by_hand_everything_is_done_that_can_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_KEEP_BY_HAND", index._KEEP_BY_HAND * 0)
    store = make_store(tmp_path, 10)
    store.write(list(make_rows(make_vectors(5, seed=1), folder="/b")))
    with pytest.warns(UserWarning, match="cleanup_older_than"):  # LanceDB's, of an age of 0: others may be reading
        upkeep = store.optimize()
    assert (upkeep.num_files, upkeep.num_versions_dropped, upkeep.index) == ((2, 1), 3, "none")
    assert len(store.held()) == 15


def test_a_width_that_cannot_be_indexed_has_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LEAST_INDEXED_ROWS", 500)
    store = make_store(tmp_path, 500, width=12)
    assert store.optimize().index == "none"
    assert vector_index(store) is None


def test_another_writer_in_an_object_store_is_no_error_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "ROWS_BEFORE_INDEX", 1)
    store = make_store(tmp_path, 10)

    def conflict(**_: object) -> None:
        raise RuntimeError("lance error: Retryable commit conflict for version 3, /place/in/sources.rs:1")

    monkeypatch.setattr(store.table.lance, "optimize", conflict)
    assert store.optimize_if_due() is None
    with pytest.raises(LibraryError, match="cannot be optimized: lance error: Retryable commit conflict"):
        store.optimize()


def test_a_full_disk_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "ROWS_BEFORE_INDEX", 1)
    store = make_store(tmp_path, 10)

    def full(**_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(store.table.lance, "optimize", full)
    with pytest.raises(LibraryError, match=r"films\.lance cannot be optimized: No space left"):
        store.optimize_if_due()
