from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.attempt import connect
from framecue.library.store.table import TABLE, Table, is_not_found


@pytest.fixture
def table(make_store) -> Table:
    store: Store = make_store([{"path": "/a.mp4"}, {"path": "/it's.mp4", "start_seconds": 3.0}])
    return Table.open(store.uri, connect(store.uri), TABLE)


def test_rows_are_read_by_column_and_condition(table: Table) -> None:
    assert table.scan(["path", "start_seconds"]).to_pylist() == [
        {"path": "/a.mp4", "start_seconds": 0.0},
        {"path": "/it's.mp4", "start_seconds": 3.0},
    ]
    assert table.scan(["path"], where="start_seconds > 1").to_pylist() == [{"path": "/it's.mp4"}]
    assert table.scan().schema.names == table.schema.names


def test_whether_a_row_is_there_is_told_by_its_condition(table: Table) -> None:
    assert table.has_rows("start_seconds > 1")
    assert not table.has_rows("start_seconds > 3")


def test_errors_name_the_library_and_what_was_done(table: Table) -> None:
    with pytest.raises(LibraryError, match=r"made\.lance cannot be read: "):
        table.scan(["nope"])
    with pytest.raises(LibraryError, match=r"made\.lance cannot be painted: "):
        table.attempt("painted", lambda: int("red"))


def test_a_table_that_is_not_there_is_told_from_one_that_is_broken(table: Table) -> None:
    with pytest.raises(LibraryError) as missing:
        Table.open(table.uri, connect(table.uri), "none")
    assert Table.open_if_there(table.uri, connect(table.uri), "none") is None
    there = Table.open_if_there(table.uri, connect(table.uri), TABLE)
    assert there is not None
    assert there.schema == table.schema
    for path in Path(table.uri).rglob("*.manifest"):
        path.write_bytes(b"broken")
    with pytest.raises(LibraryError) as broken:
        Table.open(table.uri, connect(table.uri), TABLE)
    with pytest.raises(LibraryError):
        Table.open_if_there(table.uri, connect(table.uri), TABLE)
    assert is_not_found(missing.value)
    assert not is_not_found(broken.value)
