from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.errors import LibraryError
from framecue.library.search.filters import Filters
from framecue.library.store import Store, index
from framecue.library.store.filter_indexes import complete_columns, indexed_columns, lacking, make_indexes

OURS = {"path", "duration_seconds", "recorded_seconds", "modified_seconds", "kind", "video_id", "size_bytes"}


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    """Of three rows, one of which is as an older framecue wrote it."""
    new = {"recorded_seconds": 5.0, "kind": "video"}
    return make_store([{"path": "/a/1.mp4", **new}, {"path": "/a/2.mp4", **new}, {"path": "/b/3.png"}])


def test_what_filters_ask_for_is_indexed_and_own_columns_are_too(store: Store) -> None:
    store.add_own_columns({"rating": "int", "seen": "bool"})
    assert indexed_columns(store.table) == set()
    assert set(lacking(store.table, ())) == {*OURS, "rating", "seen"}
    make_indexes(store.table, ["path"])  # as a run that was killed thereafter
    rest = lacking(store.table, indexed_columns(store.table))
    assert set(rest) == {*OURS, "rating", "seen"} - {"path"}
    make_indexes(store.table, rest)
    assert lacking(store.table, indexed_columns(store.table)) == []
    types = {each.columns[0]: each.index_type.upper() for each in store.table.lance.list_indices()}
    assert {name for name, kind in types.items() if kind == "BITMAP"} == {"kind", "seen"}
    store.drop_own_columns(["rating"])
    assert "rating" not in indexed_columns(store.table)


def test_an_older_format_has_indexes_on_what_it_has(make_format_2, make_row, tmp_path: Path) -> None:
    store = make_format_2(str(tmp_path / "old.lance"), [make_row(vector=[1, 0, 0, 0])])
    assert set(lacking(store.table, ())) == OURS - {"recorded_seconds", "kind"}
    assert complete_columns(store.table) == set()


def test_conditions_say_the_same_before_and_after(store: Store, make_row) -> None:
    filters = [
        Filters(folder="/a"),
        Filters(path="/a/*.mp4"),
        Filters(kind="image"),
        Filters(kind="video"),
        Filters(after="1970-01-02", before="2100-01-01"),
        Filters(before="1970-01-02"),
    ]

    def found() -> list[int]:
        return [store.num_files(each.condition(complete=complete_columns(store.table))) for each in filters]

    before = found()
    make_indexes(store.table, lacking(store.table, ()))
    assert complete_columns(store.table) == set()
    assert found() == before == [2, 2, 1, 2, *before[4:]]
    store.write([], replacing=["/b/3.png"])
    assert complete_columns(store.table) == {"recorded_seconds", "kind"}
    assert found()[2:4] == [0, 2]
    store.write([make_row(path="/b/4.png")])  # behind the indexes, and with neither
    assert complete_columns(store.table) == set()
    assert found()[2:4] == [1, 2]


def test_rows_are_replaced_as_before_where_there_are_indexes(store: Store, make_row) -> None:
    make_indexes(store.table, lacking(store.table, ()))
    store.write([make_row(path="/a/1.mp4", video_id="new", kind="image")], replacing=["/a/1.mp4", "/a/2.mp4"])
    assert {path: held.video_id for path, held in store.held().items()} == {
        "/a/1.mp4": "new",
        "/b/3.png": "id of /b/3.png",
    }
    assert store.num_files("kind = 'image'") == 1
    assert [row.path for row in store.rows_of("new")] == ["/a/1.mp4"]


def test_upkeep_makes_them_and_goes_on_where_it_was_killed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "ROWS_BEFORE_INDEX", 3)
    monkeypatch.setattr(index, "WIDTH_UNIT", 10**6)  # no index on so few vectors
    assert store.has_text_index() is False

    make = type(store.table.lance).create_index

    def killed(lance, column: str, **named: object) -> None:
        if column == "kind":
            raise RuntimeError("killed")
        make(lance, column, **named)

    with monkeypatch.context() as patched:
        patched.setattr(type(store.table.lance), "create_index", killed)
        with pytest.raises(LibraryError, match="killed"):
            store.optimize_if_due()
    made = indexed_columns(store.table)
    assert set() < made < OURS
    again = Store.open(store.uri)
    assert again.optimize_if_due() is not None
    assert indexed_columns(again.table) == OURS
    assert again.optimize_if_due() is None
    again.add_own_columns({"rating": "int"})
    assert again.optimize_if_due() is not None
    assert indexed_columns(again.table) == {*OURS, "rating"}
