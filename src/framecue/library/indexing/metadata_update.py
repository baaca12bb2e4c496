"""Changing the values of own columns in rows that are there; the videos are not read or encoded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from framecue.library.indexing.metadata import GivenMetadata
from framecue.library.indexing.sidecar_update import batches
from framecue.library.own_values import MetadataValue
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.library.store.snapshot import Snapshot

__all__ = ["update_metadata", "with_values"]


def update_metadata(store: Store, snapshot: Snapshot, given: GivenMetadata) -> int:
    """Write values that differ from what is stored; call it with the lock, once the columns are there.

    Args:
        store: the library.
        snapshot: what it holds; nothing in it changes.
        given: values by path. Paths that the library does not hold are left out, and columns that are not named stay
            as they are.

    Returns:
        How many videos have new values.

    Raises:
        LibraryError: the library cannot be read or written. What was committed before stays.
    """
    if not given.by_path:
        return 0
    stored = store.metadata()
    differing = [
        path
        for path, values in given.by_path.items()
        if any(stored.get(path, {}).get(name) != value for name, value in values.items())
    ]
    updated = 0
    for some in batches(snapshot, differing):
        rows = {path: with_values(old, given.by_path[path]) for path, old in store.rows_at(some).items()}
        store.write([row for changed in rows.values() for row in changed], replacing=some)
        updated += len(rows)
    return updated


def with_values(rows: list[Row], values: Mapping[str, MetadataValue | None]) -> list[Row]:
    """Return a file's rows with some values in place of earlier ones."""
    return [replace(row, extra={**row.extra, **values}) for row in rows] if values else rows
