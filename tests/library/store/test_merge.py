"""Merges: what LanceDB does is what was due, also where an index invites its fault (lancedb issues 3177 and 3515)."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lancedb.index import BTree
from lancedb.merge import LanceMergeInsertBuilder

from framecue.errors import LibraryError
from framecue.library.state import FileState
from framecue.library.store import Store, index
from framecue.library.store.attempt import connect
from framecue.library.store.merge import merge
from framecue.library.store.records import Copy
from framecue.library.store.table import Table

NUM_ROWS = 1000
KEYS = st.tuples(st.sampled_from(["/a", "/b", "/it's"]), st.sampled_from([0.0, 2.5, 5.0]))


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """An index is made of few rows: 10 000 take ten times as long to write down."""
    monkeypatch.setattr(index, "LEAST_INDEXED_ROWS", NUM_ROWS)


def contents(store: Store) -> dict[tuple[str, float], str]:
    rows = [row for rows in store.rows_at(list(store.held())).values() for row in rows]
    assert len(rows) == store.num_rows()
    return {(row.path, row.start_seconds): row.video_id for row in rows}


@pytest.mark.usefixtures("few_rows")
@pytest.mark.parametrize("is_indexed", [False, True])
def test_rows_are_replaced_after_optimize_and_with_an_index_on_the_key(make_store, make_row, is_indexed: bool) -> None:
    store = make_store(
        [
            {"path": f"/{i // 2}.mp4", "start_seconds": float(i % 2), "vector": [1, i % 7, 0, 0, 0, 0, 0, 1]}
            for i in range(NUM_ROWS)
        ]
    )
    store.ensure_text_index()
    if is_indexed:
        # Nobody should. LanceDB might then find no row to replace.
        store.table.lance.create_index("path", config=BTree())
        store.table.lance.create_index("start_seconds", config=BTree())
    assert store.optimize().index == "made"
    vector = [1, 0, 0, 0, 0, 0, 0, 0]
    for round_ in ("first", "second"):
        rows = [make_row(path=f"/{i}.mp4", video_id=round_, vector=vector) for i in range(200)]
        store.write(
            [*rows, make_row(path=f"/{round_}.mp4", vector=vector)], replacing=[f"/{i}.mp4" for i in range(201)]
        )
        found = contents(store)
        assert {path for (path, _), content in found.items() if content == round_} == {f"/{i}.mp4" for i in range(200)}
        assert (found.get(("/0.mp4", 1.0)), found.get(("/200.mp4", 0.0))) == (None, None)
        store.optimize()
    assert store.num_rows() == NUM_ROWS - 2 * 201 + 200 + 2
    assert len(store.search_texts([("second", 1.0)], rows[0].vector, limit=9)) == 1


def test_no_index_on_the_key_is_used(make_store, make_row, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault lies in how LanceDB uses it."""
    used: list[bool] = []
    use_index = LanceMergeInsertBuilder.use_index
    monkeypatch.setattr(
        LanceMergeInsertBuilder, "use_index", lambda self, use: (used.append(use), use_index(self, use))[1]
    )
    store = make_store([{"path": "/a.mp4"}])
    store.write([make_row(path="/a.mp4")], replacing=["/a.mp4"])
    store.note_copies({"/b.mp4": Copy("id", FileState(1, 1.0))})
    assert used == [False, False]


@pytest.mark.usefixtures("few_rows")
def test_of_what_rows_are_matched_by_an_index_is_made_on_the_path_alone(make_store) -> None:
    """Filters by folder need it; merges leave it aside."""
    store = make_store([{"path": f"/{i}.mp4", "vector": [1, i, 0, 0, 0, 0, 0, 1]} for i in range(NUM_ROWS)])
    store.note_copies({"/copy.mp4": Copy("id", FileState(1, 1.0))})
    store.ensure_text_index()
    store.optimize()
    indexed = {tuple(each.columns) for each in store.table.lance.list_indices()}
    assert {("vector",), ("text",), ("path",)} <= indexed
    assert ("start_seconds",) not in indexed
    assert list(connect(store.uri).open_table("copies").list_indices()) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    there=st.sets(KEYS), coming=st.sets(KEYS, min_size=1), leaving=st.sets(st.sampled_from(["/a", "/b", "/it's", "/c"]))
)
def test_a_merge_does_what_it_says(tmp_path_factory, there, coming, leaving) -> None:
    """Against the obvious: of a dictionary by key."""
    schema = pa.schema(
        [pa.field(n, t, nullable=False) for n, t in (("path", pa.string()), ("at", pa.float64()), ("v", pa.string()))]
    )
    lance = connect(str(tmp_path_factory.mktemp("merge"))).create_table("t", schema=schema)
    table = Table("films.lance", lance)

    def rows(keys: set[tuple[str, float]], value: str) -> pa.Table:
        return pa.Table.from_pylist([{"path": path, "at": at, "v": value} for path, at in sorted(keys)], schema=schema)

    if there:
        lance.add(rows(there, "old"))
    merge(table, rows(coming, "new"), on=["path", "at"], leaving=sorted(leaving))
    expected = {key: "old" for key in there if key[0] not in leaving} | dict.fromkeys(coming, "new")
    assert sorted((row["path"], row["at"], row["v"]) for row in table.scan().to_pylist()) == sorted(
        (*key, value) for key, value in expected.items()
    )


def says(monkeypatch: pytest.MonkeyPatch, updated: int, inserted: int, deleted: int, *, attempts: int = 1) -> None:
    result = SimpleNamespace(
        num_updated_rows=updated, num_inserted_rows=inserted, num_deleted_rows=deleted, num_attempts=attempts
    )
    monkeypatch.setattr(LanceMergeInsertBuilder, "execute", lambda self, rows: result)


@pytest.mark.parametrize("counts", [(0, 1, 1), (1, 1, 1), (1, 0, 0), (0, 0, 1), (0, 2, 0)])
def test_a_merge_that_did_something_else_is_reported(
    make_store, make_row, monkeypatch: pytest.MonkeyPatch, counts: tuple[int, int, int]
) -> None:
    store = make_store([{"path": "/a.mp4"}, {"path": "/a.mp4", "start_seconds": 2.0}, {"path": "/b.mp4"}])
    says(monkeypatch, *counts)
    with pytest.raises(LibraryError) as caught:
        store.write([make_row(path="/a.mp4")], replacing=["/a.mp4"])
    updated, inserted, deleted = counts
    assert str(caught.value) == (
        f"library {store.uri} was not written as it should be: of its rows 1 replaced, 0 added and 1 taken out were "
        f"due, but LanceDB has {updated} replaced, {inserted} added and {deleted} taken out; it may do so where "
        "there is an index on path or start_seconds: drop one that was made by hand, and index into a new library"
    )


def test_copies_that_were_not_noted_are_reported(make_store, monkeypatch: pytest.MonkeyPatch) -> None:
    store = make_store([{"path": "/a.mp4"}])
    copy = Copy("id", FileState(1, 1.0))
    store.note_copies({"/b.mp4": copy, "/c.mp4": copy})
    says(monkeypatch, 0, 1, 1)
    with pytest.raises(LibraryError, match="1 replaced, 0 added and 1 taken out were due, but LanceDB has 0 replaced"):
        store.note_copies({"/b.mp4": copy}, forget=["/c.mp4", "/none.mp4"])


def test_a_merge_that_another_run_came_between_is_not_counted(
    make_store, make_row, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an object store alone: LanceDB began again, with rows that were not there when they were counted."""
    store = make_store([{"path": "/a.mp4"}])
    says(monkeypatch, 0, 1, 0, attempts=2)
    store.write([make_row(path="/a.mp4")], replacing=["/a.mp4"])


def test_rows_that_are_stored_twice_are_mended_when_their_file_is_written(make_store, make_row) -> None:
    """Two runs at once in an object store may leave them, and an interrupted run of an earlier framecue did."""
    rows = [make_row(path="/a.mp4"), make_row(path="/a.mp4", start_seconds=2.0)]
    store = make_store([{"path": "/b.mp4"}])
    for _ in range(2):
        store.write(rows)
    assert store.num_rows() == 5
    assert [row.start_seconds for row in store.rows_at(["/a.mp4"])["/a.mp4"]] == [0.0, 2.0]
    store.write(store.rows_at(["/a.mp4"])["/a.mp4"], replacing=["/a.mp4"])
    assert store.num_rows() == 3
    for _ in range(2):
        store.write(rows[:1], replacing=["/b.mp4"])
        store.write([make_row(path="/b.mp4")])
    store.write([], replacing=["/a.mp4"])
    assert sorted(store.held()) == ["/b.mp4"]
