"""Finding the files that an older framecue read otherwise than they are read today: they alone are encoded again.

A file that is read as it was is noted, and not looked at again. The others are noted by being encoded, so a run that is
killed in between goes on with them.
"""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from framecue.counts import counted
from framecue.dates import recorded_seconds
from framecue.errors import VideoError
from framecue.library.indexing.plan import is_outdated
from framecue.library.indexing.uninterrupted import uninterrupted
from framecue.library.indexing.unit import Unit
from framecue.library.store import Store
from framecue.library.store.records import Held
from framecue.library.store.rows import Row, kind_of
from framecue.library.store.snapshot import Snapshot
from framecue.progress import FilesDone, ProgressCallback
from framecue.video import READING, OlderReading, SecondLook

__all__ = ["describe_reread", "find_reread"]

# Rows are read whole, with vectors and thumbnails.
_PATHS_PER_SCAN = 100
ROWS_PER_COMMIT = 2000
_SECONDS_PER_COMMIT = 15.0

# (path, what an older framecue found) -> what it is found to be today
LookAgain = Callable[[str, OlderReading], SecondLook]


def find_reread(
    store: Store,
    snapshot: Snapshot,
    paths: Sequence[str],
    look_again: LookAgain,
    *,
    progress: ProgressCallback | None = None,
) -> list[Unit]:
    """Look at files that an older framecue indexed, and return those that have to be encoded again.

    A file that cannot be read just now stays as it is, and the next run looks at it.

    Args:
        store: the library, opened under the lock.
        snapshot: what it holds; kept up to date.
        paths: of the files, which have not changed.
        look_again: compares a file with what was found in it then.
        progress: called with (files looked at, files in all).

    Raises:
        LibraryError: the library cannot be read or written. What was noted before stays.
    """
    held = snapshot.held
    waiting = [path for path in paths if path in held and is_outdated(held[path])]
    units: list[Unit] = []
    same: dict[str, list[Row]] = {}
    noted_at = time.monotonic()
    for number, (path, rows) in enumerate(_rows_of(store, waiting)):
        if progress:
            progress(FilesDone(number, path), len(waiting))
        try:
            look = look_again(path, _older(rows))
        except VideoError:
            continue
        if look.difference is None:
            same[path] = _noted(rows, look.recorded_seconds)
        else:
            units.append(Unit(path, held[path].state, replaces=True, reread=look.difference))
        if sum(map(len, same.values())) >= ROWS_PER_COMMIT or time.monotonic() - noted_at > _SECONDS_PER_COMMIT:
            _note(store, snapshot, same)
            same, noted_at = {}, time.monotonic()
    _note(store, snapshot, same)
    return units


def describe_reread(units: Sequence[Unit]) -> str:
    """Return a line for a person about the files that are encoded again, at least one."""
    counts = Counter(unit.reread for unit in units)
    reasons = " and ".join(f"{number} for {reason}" for reason, number in sorted(counts.items(), key=str))
    what = counted(len(units), "file")
    return f"{what} that an older framecue indexed with other times or shapes: encoding again {reasons}"


def _rows_of(store: Store, paths: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    for start in range(0, len(paths), _PATHS_PER_SCAN):
        yield from store.rows_at(paths[start : start + _PATHS_PER_SCAN]).items()


def _older(rows: Sequence[Row]) -> OlderReading:
    first = min(rows, key=lambda row: row.start_seconds)
    size = None
    if first.thumbnail is not None:
        with Image.open(io.BytesIO(first.thumbnail)) as picture:
            size = picture.size
    return OlderReading(first.start_seconds, first.duration_seconds, size)


def _noted(rows: Sequence[Row], in_metadata: float | None) -> list[Row]:
    """Return a file's rows with what this framecue knows of a file besides, and an older one did not."""
    first = rows[0]
    recorded = recorded_seconds(
        Path(first.path).name, modified_seconds=first.state.modified_seconds, in_metadata=in_metadata
    )
    kind = kind_of(first.kind, first.path)
    return [replace(row, reading=READING, kind=kind, recorded_seconds=row.recorded_seconds or recorded) for row in rows]


def _note(store: Store, snapshot: Snapshot, files: Mapping[str, list[Row]]) -> None:
    if files:
        uninterrupted(lambda: store.write([row for rows in files.values() for row in rows], replacing=sorted(files)))
    for path, rows in files.items():
        snapshot.put(path, Held.of(rows))
