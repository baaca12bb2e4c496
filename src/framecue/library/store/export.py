"""A library's rows as tables of Arrow, for other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from framecue.errors import InputError
from framecue.library.store.migrations import MIGRATIONS
from framecue.library.store.table import Table

__all__ = ["LARGE_COLUMNS", "export_batches", "export_schema", "export_table"]

# Left out unless they are asked for: with them a table is many times as large.
LARGE_COLUMNS = ("vector", "thumbnail")
_BATCH_ROWS = 10_000


def export_schema(table: Table, columns: Sequence[str] | None, *, vectors: bool) -> pa.Schema:
    """Return the schema of an export.

    Args:
        table: of segments.
        columns: which columns, in this order; None for all but LARGE_COLUMNS, in their order in the table.
        vectors: whether ``vector`` is among them in any case.

    Raises:
        InputError: there is no such column, or one is named twice.
    """
    schema = table.schema
    # What an older format lacks is there, and empty.
    known = {field.name: field for step in MIGRATIONS for field in step.fields()}
    known = {field.name: field for field in schema} | {
        name: field for name, field in known.items() if name not in schema.names
    }
    if columns is None:
        names = [name for name in known if name not in LARGE_COLUMNS]
    else:
        names = [columns] if isinstance(columns, str) else list(columns)
    if vectors and "vector" not in names:
        names.append("vector")
    for name in names:
        if name not in known:
            raise InputError(f"there is no column {name!r}; columns: {', '.join(known)}")
    if len(set(names)) < len(names) or not names:
        raise InputError(f"the columns are {', '.join(names) or 'none'}; name each once, and at least one")
    return pa.schema([known[name] for name in names], metadata=schema.metadata)


def export_batches(
    table: Table, schema: pa.Schema, *, where: str | None = None, batch_rows: int
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table, in no particular order.

    Args:
        table: of segments.
        schema: from :func:`export_schema`.
        where: an SQL condition on the rows; None for all.
        batch_rows: how many rows a batch has at most.

    Raises:
        LibraryError: the library cannot be read.
    """
    there = [name for name in schema.names if name in table.schema.names]
    search = table.lance.search()
    if where is not None:
        search = search.where(where)
    # A row's place is needed even if no column that is wanted is there.
    search = search.select(there or ["path"])
    batches = iter(table.read(lambda: search.to_batches(batch_rows)))
    # Not again from the latest commit, should another process drop this one: rows would be there twice, or not at all.
    while (batch := table.attempt("read", lambda: next(batches, None))) is not None:
        if batch.num_rows:
            yield _shaped(batch, schema)


def export_table(table: Table, schema: pa.Schema, *, where: str | None = None) -> pa.Table:
    """Return the rows of a table in the order of path and start; see :func:`export_batches`."""
    order = [name for name in ("path", "start_seconds") if name not in schema.names]
    wider = pa.schema([*schema, *(table.schema.field(name) for name in order)], metadata=schema.metadata)
    rows = pa.Table.from_batches(export_batches(table, wider, where=where, batch_rows=_BATCH_ROWS), wider)
    return rows.sort_by([("path", "ascending"), ("start_seconds", "ascending")]).select(schema.names)


def _shaped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = [
        batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
