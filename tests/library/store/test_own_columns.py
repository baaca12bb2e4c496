from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.library.store import Store
from framecue.library.store.own_columns import KINDS, add_columns, check_name, drop_columns, kinds_in, kinds_of_rows
from framecue.library.store.rows import COLUMNS

VALUES = {
    "str": "Anna",
    "int": -3,
    "float": 2.5,
    "bool": False,
    "datetime": datetime(2024, 5, 1, 12, 30, 15, 250, tzinfo=timezone.utc),
}
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,62}", fullmatch=True)


@given(NAMES)
def test_a_name_is_taken_or_said_to_be_someone_elses(name: str) -> None:
    try:
        assert check_name(name) == name
    except InputError:
        assert name.lower() in COLUMNS or len(name) < 20


@pytest.mark.parametrize("name", [*sorted(COLUMNS), "Path", "VECTOR"])
def test_framecues_own_names_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"^a column named {name} is framecue's own; take another name, such as my_"):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "a-b",
        "a.b",
        "1a",
        "_a",
        "_rowid",
        "_distance",
        "é",
        "a" * 64,
        "a'b",
        'a"b',
        "a;b",
        "a\n",
        3,
        None,
    ],
)
def test_names_that_would_need_quotes_are_refused(name: object) -> None:
    with pytest.raises(InputError, match="cannot be the name of a column; take letters"):
        check_name(name)


@pytest.mark.parametrize("name", ["select", "NOT", "true", "null", "Case", "interval", "in"])
def test_words_of_sql_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"^{name} means something else in a condition"):
        check_name(name)


def test_names_that_conditions_do_not_tell_apart_are_refused() -> None:
    assert check_name("rating", ["rating", "place"]) == "rating"
    with pytest.raises(InputError, match="there is a column rating, and conditions do not tell it from Rating"):
        check_name("Rating", ["rating"])


# Words that SQL has a use for, but LanceDB takes as names.
ODD_NAMES = ("date", "year", "order", "group", "user", "value", "name", "end", "desc", "time", "Camera", "language")


def test_columns_of_every_kind_can_be_written_read_and_asked_for(make_store, make_row) -> None:
    store: Store = make_store([{"vector": (1, 0, 0, 0)}])
    version = store.table.lance.version
    store.add_own_columns({**{f"a_{kind}": kind for kind in KINDS}, **dict.fromkeys(ODD_NAMES, "int")})
    assert store.table.lance.version == version + 1
    assert store.own_kinds() == {**{f"a_{kind}": kind for kind in KINDS}, **dict.fromkeys(ODD_NAMES, "int")}
    extra = {f"a_{kind}": value for kind, value in VALUES.items()} | dict.fromkeys(ODD_NAMES, 7)
    store.write([make_row(path="/b.mp4", extra=extra)])
    ((row,),) = Store.open(store.uri).rows_at(["/b.mp4"]).values()
    assert row.extra == extra
    assert store.metadata() == {"/a.mp4": dict.fromkeys(extra), "/b.mp4": extra}
    asked = ["a_str = 'Anna'", "a_int < 0", "a_float > 2", "NOT a_bool", "a_bool = false", "a_str IS NOT NULL"]
    asked += ["a_datetime > timestamp '2024-05-01 12:00:00'", "A_INT = -3"]
    asked += [f"{name} > 6 AND 8 > {name}" for name in ODD_NAMES]
    for condition in asked:
        store.check_condition(condition)
        found = store.search(np.array([1, 0, 0, 0]), limit=5, where=condition)
        assert [match.path for match in found] == ["/b.mp4"], condition
        (details,) = store.details(found)
        assert details.metadata == extra


def test_adding_is_idempotent_and_a_kind_does_not_change(make_store) -> None:
    store: Store = make_store([{}])
    store.add_own_columns({"rating": "int"})
    version = store.table.lance.version
    store.add_own_columns({"rating": "int"})
    store.add_own_columns({})
    assert store.table.lance.version == version
    with pytest.raises(InputError, match="column rating holds values of int, not of str"):
        add_columns(store.table, {"rating": "str"})


def test_another_run_may_have_added_them(make_store) -> None:
    store: Store = make_store([{}])
    other = Store.open(store.uri)
    other.add_own_columns({"rating": "int", "place": "str"})
    store.add_own_columns({"rating": "int"})
    assert store.own_kinds() == {"rating": "int", "place": "str"}


def test_columns_can_be_taken_out(make_store) -> None:
    store: Store = make_store([{}])
    store.add_own_columns({"rating": "int", "place": "str"})
    drop_columns(store.table, ["rating"])
    assert kinds_in(store.table.schema) == {"place": "str"}
    store.add_own_columns({"rating": "str"})
    for name in ("path", "rated", "vector"):
        with pytest.raises(InputError, match=f"has no column {name} of your own; its own columns: place, rating"):
            drop_columns(store.table, ["place", name])
    assert store.own_kinds() == {"place": "str", "rating": "str"}


def test_rows_bring_their_columns_into_another_library(make_store, make_row, tmp_path: Path) -> None:
    extra = {"rating": 3, "place": None, "taken": VALUES["datetime"]}
    rows = [make_row(extra=extra), make_row(path="/b.mp4", extra={"rating": 2.5})]
    assert kinds_of_rows(rows, []) == {"rating": "float", "taken": "datetime"}
    store: Store = make_store([{"path": "/c.mp4"}])
    store.write(rows)
    assert store.metadata()["/a.mp4"] == {"rating": 3.0, "taken": VALUES["datetime"]}


def test_a_column_that_somebody_made_by_hand_travels_with_its_rows(make_store) -> None:
    store: Store = make_store([{}])
    store.table.lance.add_columns(pa.schema([pa.field("scores", pa.list_(pa.float32()))]))
    store.table.lance.update(values={"scores": [0.5, 1.5]})
    (rows,) = Store.open(store.uri).rows_at(["/a.mp4"]).values()
    store.refresh()
    store.write(rows, replacing=["/a.mp4"])
    assert store.own_kinds() == {}
    assert store.table.scan(["scores"]).to_pylist() == [{"scores": [0.5, 1.5]}]
