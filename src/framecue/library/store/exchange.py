"""Putting the rows of one library in place of another's: what is written, and what is taken over from the old rows."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from framecue.library.store.attempt import attempt, connect
from framecue.library.store.commit import check_lease
from framecue.library.store.lease_note import LEASE_FILE
from framecue.library.store.remote import delete_object
from framecue.library.store.rows import rows_from_table, table_from_rows
from framecue.library.store.table import Table
from framecue.paths import is_url

__all__ = ["drop_library", "exchanged_rows"]

_ROWS_PER_BATCH = 1024
# What does not come from the model, and so outlives it where the same segment has none in the new table.
_KEPT = ("caption",)
# By this a segment is found again.
_SEGMENT = ("video_id", "start_seconds", "end_seconds")


def exchanged_rows(old: Table, new: Table) -> pa.RecordBatchReader:
    """Return the rows of a new table as they are to be written, read bit by bit.

    A segment without a caption gets that of the same segment in the old table. A column that the old table alone has is
    taken over by content.

    Args:
        old: the table whose rows go.
        new: the table whose rows come; the result has its schema and metadata.
    """
    extra = [field.with_nullable(True) for field in old.schema if field.name not in new.schema.names]
    schema = new.schema
    for field in extra:
        schema = schema.append(field)
    by_segment = _kept(old, _SEGMENT, _KEPT)
    by_content = _kept(old, _SEGMENT[:1], [field.name for field in extra])

    def batches() -> Iterator[pa.RecordBatch]:
        reader = new.read(lambda: new.lance.search().to_batches(_ROWS_PER_BATCH))
        for batch in reader:
            table = pa.Table.from_batches([batch]).select(new.schema.names)
            if by_segment:
                rows = rows_from_table(table)
                old_values = (by_segment.get(tuple(getattr(row, name) for name in _SEGMENT), {}) for row in rows)
                rows = [
                    replace(row, **{name: value for name, value in values.items() if getattr(row, name) is None})
                    for row, values in zip(rows, old_values, strict=True)
                ]
                table = table_from_rows(rows, new.schema)
            contents = [(video_id,) for video_id in table.column("video_id").to_pylist()]
            for field in extra:
                values = [by_content.get(content, {}).get(field.name) for content in contents]
                table = table.append_column(field, pa.array(values, type=field.type))
            yield from table.cast(schema).to_batches()
        # Reading them may have taken hours, and what is put in place of a table is put there whatever came meanwhile.
        check_lease(old.uri)

    return pa.RecordBatchReader.from_batches(schema, batches())


def drop_library(uri: str) -> None:
    """Delete a library, as far as it is there.

    Raises:
        LibraryError: it cannot be deleted.
    """
    if is_url(uri):
        attempt(uri, "deleted", lambda: connect(uri).drop_all_tables())
        delete_object(uri, LEASE_FILE)
    elif Path(uri).is_dir():
        attempt(uri, "deleted", lambda: shutil.rmtree(uri))


def _kept(table: Table, key: tuple[str, ...], names: list[str] | tuple[str, ...]) -> Mapping[tuple[Any, ...], Any]:
    """Return the values of columns, where there are any, by the columns that are the key."""
    there = [name for name in names if name in table.schema.names]
    if not there:
        return {}
    rows = table.scan([*key, *there], where=" OR ".join(f"`{name}` IS NOT NULL" for name in there))
    keys = zip(*(rows.column(name).to_pylist() for name in key), strict=True)
    values = zip(*(rows.column(name).to_pylist() for name in there), strict=True)
    return {one: dict(zip(there, item, strict=True)) for one, item in zip(keys, values, strict=True)}
