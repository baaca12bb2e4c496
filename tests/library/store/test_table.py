from __future__ import annotations

import ast
from pathlib import Path

import pyarrow as pa
import pytest
from lancedb.index import Bitmap
from lancedb.table import LanceTable

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


def test_what_a_commit_holds_is_asked_for_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("list_indices", "count_rows"):
        real = getattr(LanceTable, name)
        noting = lambda self, *given, name=name, real=real: (asked.append(name), real(self, *given))[1]  # noqa: E731
        monkeypatch.setattr(LanceTable, name, noting)
    for _ in range(3):
        assert (table.count(), table.version, len(table.indexes)) == (2, table.lance.version, 0)
    assert asked == ["count_rows", "list_indices"]
    assert table.count("start_seconds > 1") == table.count("start_seconds > 1") == 1
    assert asked == ["count_rows", "list_indices", "count_rows", "count_rows"]


def test_it_is_known_anew_after_each_commit_and_where_others_are_shown(table: Table) -> None:
    def known() -> tuple[int, int, int, int]:
        return table.version, table.count(), len(table.indexes), len(table.schema)

    version, num_rows, num_indexes, num_columns = known()
    table.commit("written", lambda: table.lance.delete("start_seconds > 1"))
    assert known() == (version + 1, num_rows - 1, num_indexes, num_columns)
    table.commit("written", lambda: table.lance.create_index("kind", config=Bitmap()))
    assert known() == (version + 2, num_rows - 1, num_indexes + 1, num_columns)

    def fail() -> None:
        table.lance.add_columns([pa.field("mine", pa.string())])
        raise OSError("no space left")

    with pytest.raises(LibraryError, match="no space left"):
        table.commit("written", fail)
    assert known() == (version + 3, num_rows - 1, num_indexes + 1, num_columns + 1)
    Table.open(table.uri, connect(table.uri), TABLE).lance.delete("true")
    assert known() == (version + 3, num_rows - 1, num_indexes + 1, num_columns + 1)
    table.catch_up()
    assert known() == (version + 4, 0, num_indexes + 1, num_columns + 1)


def test_an_answer_about_the_commit_before_is_not_taken_for_the_next(table: Table) -> None:
    class Slow:
        """LanceDB's table, which is written to by another thread while it is asked."""

        def count_rows(self) -> int:
            number = table.lance.count_rows()
            table.commit("written", lambda: table.lance.delete("start_seconds > 1"))
            return number

    assert table._once("rows", Slow().count_rows) == 2
    assert table.count() == 1


# What writes of LanceDB's table.
WRITES = {
    *("add", "add_columns", "alter_columns", "delete", "drop_columns", "merge", "update", "update_field_metadata"),
    *("create_fts_index", "create_index", "create_scalar_index", "drop_index", "optimize"),
}


def test_whatever_writes_goes_by_commit() -> None:
    # What is known of the commit that is shown would else be that of the one before.
    root = Path(__file__).parents[3]
    past = []
    for file in [*(root / "src").rglob("*.py"), *(root / "benchmarks").glob("*.py")]:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        committed = {
            id(inner)
            for call in ast.walk(tree)
            if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] in ("commit", "do")
            for inner in ast.walk(call)
        }
        past += [
            f"{file.relative_to(root)}:{node.lineno}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and node.attr in WRITES and id(node) not in committed
            if ast.unparse(node.value).split(".")[-1] == "lance"
        ]
    assert past == []
