"""What a library holds, read once in a run and kept up to date as the run writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from framecue.library.state import FileState
from framecue.library.store.records import Copy, Failure, Held
from framecue.library.store.rows import kind_of

__all__ = ["HELD_COLUMNS", "TIME_COLUMN", "Snapshot", "held_of"]

# The columns of each row from which :func:`held_of` sees which files are held; the last two are not in older formats.
HELD_COLUMNS = (
    "path",
    "video_id",
    "size_bytes",
    "modified_seconds",
    "duration_seconds",
    "sidecars",
    "kind",
    "reading",
)
# When each row was encoded, likewise: of a file's rows the first and the last time are held.
TIME_COLUMN = "indexed_seconds"


class Snapshot:
    """The files that a library holds or knows as copies.

    A snapshot is right as long as nobody else writes to the library: read it with the lock, and note in it what was
    committed. It writes nothing itself.

    Args:
        held: the files that have rows, by absolute path.
        copies: the files whose content is held under another path, by absolute path.
        failures: the files that could not be indexed because of what they hold, by absolute path.
    """

    def __init__(
        self,
        held: Mapping[str, Held] | None = None,
        copies: Mapping[str, Copy] | None = None,
        failures: Mapping[str, Failure] | None = None,
    ) -> None:
        self._held, self._copies, self._failures = dict(held or {}), dict(copies or {}), dict(failures or {})
        self._num_segments = sum(item.num_segments for item in self._held.values())
        self._num_images = sum(item.kind == "image" for item in self._held.values())
        self._by_content: dict[str, list[str]] | None = None

    @property
    def held(self) -> Mapping[str, Held]:
        """The files that have rows, by path: first those that were read, in the order of their paths, then later ones.

        This is a view that shows later changes; copy it to keep it.
        """
        return MappingProxyType(self._held)

    @property
    def copies(self) -> Mapping[str, Copy]:
        """The files whose content is held under another path, by path; a view, like ``held``.

        A run that was killed may leave a note about a path that has rows; then the rows count.
        """
        return MappingProxyType(self._copies)

    @property
    def failures(self) -> Mapping[str, Failure]:
        """The files that could not be indexed because of what they hold, by path; a view, like ``held``.

        As with copies, rows count where a path has both.
        """
        return MappingProxyType(self._failures)

    @property
    def paths(self) -> list[str]:
        """All paths of files that are held or known as copies, each once."""
        return list({**self._held, **self._copies})

    @property
    def by_content(self) -> Mapping[str, Sequence[str]]:
        """The paths of each content that is held, by its hash: that of its rows, then those of its copies.

        Contents come in the order of the paths of their rows; a view, like ``held``.
        """
        if self._by_content is None:
            found: dict[str, list[str]] = {}
            for path in sorted(self._held):
                found.setdefault(self._held[path].video_id, []).append(path)
            for path, copy in sorted(self._copies.items()):
                if copy.video_id in found and path not in self._held:
                    found[copy.video_id].append(path)
            self._by_content = found
        return MappingProxyType(self._by_content)

    @property
    def num_videos(self) -> int:
        """How many videos are held; a picture is none."""
        return len(self._held) - self._num_images

    @property
    def num_images(self) -> int:
        """How many pictures are held."""
        return self._num_images

    @property
    def num_segments(self) -> int:
        """How many rows these files have together."""
        return self._num_segments

    @property
    def indexed_seconds(self) -> tuple[float, float] | None:
        """When the first and the last of these rows were encoded, seconds since 1970; None if none says it."""
        times = [item.indexed_seconds for item in self._held.values() if item.indexed_seconds is not None]
        return (min(first for first, _ in times), max(last for _, last in times)) if times else None

    def put(self, path: str, held: Held) -> None:
        """Note that a file has these rows now, in place of earlier ones."""
        self.drop(path)
        self._held[path] = held
        self._by_content = None
        self._num_segments += held.num_segments
        self._num_images += held.kind == "image"

    def drop(self, path: str) -> None:
        """Note that a file has no rows any more."""
        earlier = self._held.pop(path, None)
        if earlier is not None:
            self._by_content = None
            self._num_segments -= earlier.num_segments
            self._num_images -= earlier.kind == "image"

    def note(self, path: str, copy: Copy) -> None:
        """Note that a file's content is held under another path."""
        self._copies[path] = copy
        self._by_content = None

    def forget(self, path: str) -> None:
        """Note that a file is no longer known as a copy."""
        self._copies.pop(path, None)
        self._by_content = None

    def note_failure(self, path: str, failure: Failure) -> None:
        """Note that a file could not be indexed because of what it holds."""
        self._failures[path] = failure

    def forget_failure(self, path: str) -> None:
        """Note that nothing is known against a file any more."""
        self._failures.pop(path, None)


def held_of(rows: pa.Table) -> dict[str, Held]:
    """Return what is held about each file, in the order of the paths.

    Args:
        rows: with those of HELD_COLUMNS and TIME_COLUMN that the table has, of any number of files. The rows of a file
            agree in HELD_COLUMNS; if not, its last row counts.
    """
    present = set(rows.schema.names)
    numbered = pa.table({"path": rows.column("path"), "row": np.arange(rows.num_rows)})
    wanted = [("row", "max"), ("row", "count")]
    if TIME_COLUMN in present:
        numbered = numbered.append_column(TIME_COLUMN, rows.column(TIME_COLUMN))
        wanted += [(TIME_COLUMN, "min"), (TIME_COLUMN, "max")]
    files = numbered.group_by("path").aggregate(wanted).sort_by("path")
    last = rows.select([name for name in HELD_COLUMNS if name in present]).take(files.column("row_max"))
    values = (last.column(name).to_pylist() if name in present else [None] * last.num_rows for name in HELD_COLUMNS)
    times = (files.column(f"{TIME_COLUMN}_{end}").to_pylist() for end in ("min", "max") if TIME_COLUMN in present)
    indexed = list(zip(*times, strict=True)) or [(None, None)] * last.num_rows
    return {
        path: Held(
            video_id,
            FileState(size, modified),
            duration,
            num_segments,
            sidecars,
            kind_of(kind, path),
            reading,
            None if ends[0] is None else ends,
        )
        for path, video_id, size, modified, duration, sidecars, kind, reading, num_segments, ends in zip(
            *values, files.column("row_count").to_pylist(), indexed, strict=True
        )
    }
