"""Updating the texts of sidecars in the rows of unchanged videos; the videos themselves are not read or encoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.sidecars import SidecarFinder, Sidecars
from framecue.library.results import Remark, Skipped
from framecue.library.store import Store
from framecue.library.store.records import Held
from framecue.library.store.rows import Row, kind_of
from framecue.library.store.snapshot import Snapshot

__all__ = ["SidecarUpdate", "batches", "beyond_the_end", "update_subtitles", "with_sidecars"]

# Rows are read and written whole, with vectors and thumbnails: some kilobytes each.
ROWS_PER_COMMIT = 2000


@dataclass(frozen=True)
class SidecarUpdate:
    """How many videos have new texts in their rows, which sidecars could not be read, and what else is wrong."""

    updated: int = 0
    skipped: tuple[Skipped, ...] = ()
    beyond: tuple[Remark, ...] = ()


def update_subtitles(
    store: Store, snapshot: Snapshot, paths: Sequence[str], *, files: Files = ALL_FILES
) -> SidecarUpdate:
    """Bring the texts of videos up to date with the files beside them.

    Args:
        store: the library.
        snapshot: what it holds; kept up to date.
        paths: of the videos; those that the library does not hold are left out.
        files: where the files lie.

    Raises:
        LibraryError: the library cannot be read or written. What was committed before stays.
    """
    if not paths:
        return SidecarUpdate()
    finder = SidecarFinder(files)
    updated = 0
    skipped: list[Skipped] = []
    beyond: list[Remark] = []
    for some in batches(snapshot, paths):
        told: dict[str, list[Row]] = {}
        for path, old in store.rows_at(some).items():
            sidecars = finder.read(path)
            skipped += sidecars.skipped
            beyond += beyond_the_end(old, sidecars)
            told[path] = with_sidecars(old, sidecars)
            updated += 1
        if told:
            store.write([row for rows in told.values() for row in rows], replacing=some)
            for path, rows in told.items():
                snapshot.put(path, Held.of(rows))
    return SidecarUpdate(updated, tuple(skipped), tuple(beyond))


def with_sidecars(rows: Sequence[Row], sidecars: Sidecars) -> list[Row]:
    """Return a file's rows with the texts of its present sidecars in place of earlier texts.

    Args:
        rows: of one file.
        sidecars: from :meth:`SidecarFinder.read` for the file's path.
    """
    return [
        replace(
            row,
            subtitles=sidecars.text_between(row.start_seconds, row.end_seconds),
            sidecars=sidecars.state,
        )
        for row in rows
    ]


def beyond_the_end(rows: Sequence[Row], sidecars: Sidecars) -> list[Remark]:
    """Return a remark about each sidecar with cues beyond the end of a video; a picture has no such end.

    Args:
        rows: of one file.
        sidecars: of it.
    """
    first = rows[0]
    if kind_of(first.kind, first.path) == "image":
        return []
    return [Remark(first.path, reason) for reason in sidecars.beyond(first.duration_seconds)]


def batches(snapshot: Snapshot, paths: Sequence[str]) -> Iterator[list[str]]:
    """Yield the paths in batches of about ROWS_PER_COMMIT rows each."""
    held = snapshot.held
    batch: list[str] = []
    num_rows = 0
    for path in paths:
        if path not in held:
            continue
        batch.append(path)
        num_rows += held[path].num_segments
        if num_rows >= ROWS_PER_COMMIT:
            yield batch
            batch, num_rows = [], 0
    if batch:
        yield batch
