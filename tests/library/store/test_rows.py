from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from framecue.library.state import FileState
from framecue.library.store.rows import (
    SCHEMA_VERSION,
    Metadata,
    Row,
    make_schema,
    read_metadata,
    rows_from_table,
    table_from_rows,
)

FINGERPRINT = {"backbone": "b", "sampling": {"num_frames": 4}, "embedding_dim": 3}


def make_row(path: str = "/a.mp4", vector: tuple[float, ...] = (0.6, 0.8, 0.0), **changes: object) -> Row:
    fields = {
        "video_id": "ab12",
        "path": path,
        "start_seconds": 0.0,
        "end_seconds": 2.5,
        "vector": np.array(vector, dtype=np.float32),
        "duration_seconds": 2.5,
        "state": FileState(2**40, 1_700_000_000.123),
        "thumbnail": b"webp",
        "caption": None,
    }
    return Row(**(fields | changes))  # type: ignore[arg-type]


def test_rows_survive_arrow() -> None:
    rows = [make_row(), make_row("/b.mp4", (0.0, 0.0, -1.0), thumbnail=None, caption="a dog")]
    table = table_from_rows(rows, make_schema(FINGERPRINT, {}))
    assert table.schema.field("vector").type == pa.list_(pa.float16(), 3)
    for before, after in zip(rows, rows_from_table(table), strict=True):
        assert after.vector.dtype == np.float16
        np.testing.assert_allclose(after.vector, before.vector, atol=5e-4)
        assert {**vars(after), "vector": 0} == {**vars(before), "vector": 0}


def test_schema_carries_fingerprint_and_version() -> None:
    schema = make_schema(FINGERPRINT, {"kind": "shots"})
    assert read_metadata(schema) == Metadata(FINGERPRINT, {"kind": "shots"}, SCHEMA_VERSION)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"other": "x"},
        {"framecue.fingerprint": "{", "framecue.schema_version": "1"},
        {"framecue.fingerprint": "[]", "framecue.schema_version": "1"},
        {"framecue.fingerprint": "{}", "framecue.schema_version": "one"},
    ],
)
def test_foreign_schema_has_no_metadata_of_ours(metadata: dict[str, str] | None) -> None:
    assert read_metadata(pa.schema([pa.field("x", pa.int32())], metadata=metadata)) is None


def test_vector_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="3 wide"):
        table_from_rows([make_row(vector=(1.0, 0.0))], make_schema(FINGERPRINT, {"kind": "shots"}))
