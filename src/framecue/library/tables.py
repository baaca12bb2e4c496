"""A library as a table: its rows for other programs, and columns of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from framecue.checks import check_kind, is_whole
from framecue.errors import InputError
from framecue.library.indexing.metadata import MetadataLike, read_metadata
from framecue.library.indexing.metadata_update import update_metadata
from framecue.library.results import MetadataReport, Skipped
from framecue.library.search.filters import Filters, condition_for
from framecue.library.store import Store
from framecue.library.store.kept import KeptStore
from framecue.library.store.lock import library_lock
from framecue.library.store.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["LibraryTables"]

BATCH_ROWS = 10_000
MAX_BATCH_ROWS = 1_000_000


class LibraryTables:
    """What a library is to whoever sees it as a table; :class:`~framecue.library.Library` has all of it.

    Attributes:
        uri: where the library is.
    """

    uri: str
    _kept: KeptStore

    def to_batches(
        self,
        *,
        columns: Sequence[str] | None = None,
        filters: Filters | None = None,
        vectors: bool = False,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the library's rows, one a segment, in batches: for libraries that do not fit into memory.

        What others write meanwhile is not seen.

        Args:
            columns: which columns, in this order; None for all but ``vector`` and ``thumbnail``. docs/library.md
                describes them.
            filters: which rows; None for all.
            vectors: whether to have ``vector``, float16 (E,), too.
            batch_rows: how many rows a batch has at most.

        Returns:
            The batches, in no particular order of the rows.

        Raises:
            InputError: there is no such column, a condition cannot be used, or ``batch_rows`` is below 1.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        if not is_whole(batch_rows) or batch_rows < 1:
            raise InputError(f"batch_rows is {batch_rows!r}; it must be a whole number, 1 or more")
        store = self._kept.open()
        where = _condition(store, filters)
        # More would be the same, as files hold fewer; and LanceDB counts them in 32 bits.
        batches = store.batches(columns, where=where, vectors=vectors, batch_rows=min(batch_rows, MAX_BATCH_ROWS))
        return _at_work(store, filters, batches)

    def to_arrow(
        self, *, columns: Sequence[str] | None = None, filters: Filters | None = None, vectors: bool = False
    ) -> pa.Table:
        """Return the library's rows, one a segment, in the order of path and start.

        Args:
            columns: as for ``to_batches``.
            filters: as for ``to_batches``.
            vectors: as for ``to_batches``.

        Raises:
            The same as ``to_batches``.
        """
        store = self._kept.open()
        where = _condition(store, filters)
        with store.condition_at_work(filters.where if filters else None):
            return store.to_arrow(columns, where=where, vectors=vectors)

    def to_pandas(
        self, *, columns: Sequence[str] | None = None, filters: Filters | None = None, vectors: bool = False
    ) -> pd.DataFrame:
        """Return the rows that ``to_arrow`` returns as a table of pandas, which has to be installed.

        Raises:
            InputError: pandas is not installed.
            The same as ``to_batches`` besides.
        """
        try:
            import pandas  # noqa: F401 (pyarrow imports it, too, but fails in another way where it is broken)
        except ImportError as error:
            raise InputError(
                f"to_pandas needs pandas, which cannot be imported ({error}); pip install pandas, or use to_arrow()"
            ) from error
        return self.to_arrow(columns=columns, filters=filters, vectors=vectors).to_pandas()

    @property
    def metadata_columns(self) -> dict[str, str]:
        """The library's own columns: "str", "int", "float", "bool" or "datetime", by name.

        Raises:
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        return self._kept.open().own_kinds()

    def set_metadata(self, metadata: MetadataLike, *, on_wait: Callable[[], None] | None = None) -> MetadataReport:
        """Change values in the library's own columns; nothing is encoded, and no model is needed.

        Columns that are not there yet are made. What is not named stays as it is.

        Args:
            metadata: values by video, as for ``add``; None clears a value.
            on_wait: called once if another run is writing to the library, before waiting for it.

        Raises:
            InputError: a value does not fit its column, a name cannot be used, or the library holds none of the videos;
                nothing is written then.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read or written.
        """
        self._kept.open()  # before the lock, which would make a folder where there is none
        with library_lock(self.uri, on_wait=on_wait):
            store, snapshot = self._kept.open(), self._kept.snapshot()
            own = read_metadata(metadata, snapshot.held.keys(), where="the library holds")
            skipped = [_said_of_copies(item, snapshot) for item in own.skipped]
            if skipped and not own.by_path:
                raise InputError(
                    f"no values to set: {skipped[0].path}: {skipped[0].reason}; `framecue info {self.uri}` lists what "
                    "it holds"
                )
            store.add_own_columns(own.kinds(store.own_kinds()))
            updated = update_metadata(store, snapshot, own)
            store.optimize_if_due()
            self._kept.wrote(snapshot)
        return MetadataReport(self.uri, updated, skipped)

    def drop_metadata(self, *names: str, on_wait: Callable[[], None] | None = None) -> None:
        """Take own columns out of the library, with all their values.

        Args:
            *names: of the columns.
            on_wait: called once if another run is writing to the library, before waiting for it.

        Raises:
            InputError: there is no such column, or it is framecue's own; nothing is taken out then.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read or written.
        """
        self._kept.open()  # before the lock, which would make a folder where there is none
        with library_lock(self.uri, on_wait=on_wait):
            snapshot = self._kept.snapshot()
            self._kept.open().drop_own_columns(names)
            self._kept.wrote(snapshot)


def _said_of_copies(item: Skipped, snapshot: Snapshot) -> Skipped:
    """Return why values cannot be set, with the file that is stored where the path is that of a copy."""
    copy = snapshot.copies.get(item.path)
    stored = (path for path, held in snapshot.held.items() if copy and held.video_id == copy.video_id)
    if path := next(stored, None):
        return Skipped(item.path, f"it is a copy of {path}, whose values count")
    return item


def _condition(store: Store, filters: Filters | None) -> str | None:
    """Return the SQL condition of filters, once it is known that the library can answer it."""
    check_kind("filters", filters, Filters)
    if filters is None:
        return None
    if filters.where is not None:
        store.check_condition(filters.where)
    return condition_for(store, filters)


def _at_work(store: Store, filters: Filters | None, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield batches; a condition that fails for some row is an InputError."""
    while True:
        # Not around the yield: what the caller raises is the caller's.
        with store.condition_at_work(filters.where if filters else None):
            batch = next(batches, None)
        if batch is None:
            return
        yield batch
