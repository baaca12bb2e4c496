from __future__ import annotations

from collections.abc import Callable, Sequence

import lancedb
import pyarrow as pa
import pytest

from framecue.library.store import Store
from framecue.library.store.migrations import VERSION_KEY, format_of
from framecue.library.store.rows import Row, make_schema, table_from_rows
from framecue.library.store.table import TABLE


@pytest.fixture
def make_format_2() -> Callable[..., Store]:
    """Makes libraries as they were before format 3: without the columns that were added since."""

    def make(uri: str, rows: Sequence[Row], *, width: int = 4) -> Store:
        new = make_schema({"backbone": "b", "embedding_dim": width}, {})
        fields = [field for field in new if not field.metadata]
        schema = pa.schema(fields, metadata={**new.metadata, VERSION_KEY: b"2"})
        lancedb.connect(uri).create_table(TABLE, table_from_rows(rows, schema), schema=schema)
        assert format_of(schema) == 2
        return Store.open(uri)

    return make
