from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from framecue.errors import InputError
from framecue.library.store import Store
from framecue.library.store.export import LARGE_COLUMNS
from framecue.library.store.rows import COLUMNS

ROWS = [
    {"path": f"/{name}.mp4", "start_seconds": float(start), "vector": (1, number, 0, 0), "thumbnail": b"webp"}
    for number, name in enumerate("cab")
    for start in (4, 0, 2)
]


@pytest.fixture
def store(make_store) -> Store:
    made: Store = make_store(ROWS)
    made.add_own_columns({"rating": "int"})
    return made


def test_rows_come_in_order_without_what_is_large(store: Store) -> None:
    table = store.to_arrow()
    assert set(table.column_names) == (COLUMNS - set(LARGE_COLUMNS)) | {"rating"}
    places = list(zip(table.column("path").to_pylist(), table.column("start_seconds").to_pylist(), strict=True))
    assert places == sorted(places)
    assert len(places) == 9
    assert b"framecue.fingerprint" in table.schema.metadata


def test_columns_come_in_the_order_in_which_they_are_named(store: Store) -> None:
    assert store.to_arrow(["rating", "path"]).column_names == ["rating", "path"]
    assert store.to_arrow("kind").column_names == ["kind"]
    assert store.to_arrow(["thumbnail"]).column("thumbnail").to_pylist() == [b"webp"] * 9
    assert store.to_arrow(["path"], vectors=True).column_names == ["path", "vector"]


def test_vectors_are_as_they_are_stored(store: Store) -> None:
    column = store.to_arrow(["vector"], where="path = '/a.mp4' AND start_seconds = 0").column("vector")
    assert column.type == pa.list_(pa.float16(), 4)
    np.testing.assert_allclose(column.to_pylist(), [np.array([1, 1, 0, 0]) / np.sqrt(2)], atol=1e-3)


@pytest.mark.parametrize("batch_rows", [1, 4, 100])
def test_batches_are_no_larger_than_asked(store: Store, batch_rows: int) -> None:
    batches = list(store.batches(batch_rows=batch_rows))
    assert max(batch.num_rows for batch in batches) <= batch_rows
    together = pa.Table.from_batches(batches)
    assert together.schema == store.to_arrow().schema
    assert sorted(map(str, together.to_pylist())) == sorted(map(str, store.to_arrow().to_pylist()))


def test_an_empty_answer_has_the_columns(store: Store) -> None:
    assert store.to_arrow(where="path = 'nothing'").schema == store.to_arrow().schema
    assert list(store.batches(where="path = 'nothing'", batch_rows=5)) == []


def test_what_an_older_format_lacks_is_empty(store: Store) -> None:
    store.table.lance.drop_columns(["kind", "reading"])
    table = store.to_arrow(["path", "kind"])
    assert table.column("kind").to_pylist() == [None] * 9
    assert store.to_arrow(["kind"]).num_rows == 9
    assert set(store.to_arrow().column_names) == (COLUMNS - set(LARGE_COLUMNS)) | {"rating"}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        (["nothing"], "there is no column 'nothing'; columns: video_id, path"),
        (["path", "path"], "the columns are path, path; name each once"),
        ([], "the columns are none"),
    ],
)
def test_columns_that_make_no_sense(store: Store, columns: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        store.to_arrow(columns)
