"""What a library holds, read once in a run and kept up to date as the run writes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from framecue.library.state import FileState
from framecue.library.store.records import Content, ContentFile, Copy, Failure, Held
from framecue.library.store.rows import kind_of

__all__ = ["CAPTION_COLUMN", "HAS_CAPTION", "HELD_COLUMNS", "TIME_COLUMN", "Snapshot", "held_of"]

# The columns of each row from which :func:`held_of` sees which files are held; the last three are not in older formats.
HELD_COLUMNS = (
    "path",
    "video_id",
    "size_bytes",
    "modified_seconds",
    "duration_seconds",
    "sidecars",
    "kind",
    "reading",
    "object_tag",
)
# When each row was encoded, likewise: of a file's rows the first and the last time are held.
TIME_COLUMN = "indexed_seconds"
# Whether each row has a caption: the column that says it, and the SQL that it is made of. Most libraries have none, and
# a caption is a sentence, so it costs little to tell that in the same pass over the rows.
CAPTION_COLUMN, HAS_CAPTION = "has_caption", "caption IS NOT NULL"


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
        # By hash, made when somebody asks for one, and made anew after a change.
        self._contents: Mapping[str, Content] | None = None

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

    def content(self, video_id: str) -> Content | None:
        """Return a content that is held, with all its files; None if there is none with this hash."""
        return self.contents.get(video_id)

    @property
    def contents(self) -> Mapping[str, Content]:
        """Each content that is held, with all its files, by its hash, in the order of the paths of their rows."""
        contents = self._contents
        if contents is None:
            contents = self._contents = _contents_of(dict(self._held), dict(self._copies))
        return MappingProxyType(contents)

    def put(self, path: str, held: Held) -> None:
        """Note that a file has these rows now, in place of earlier ones."""
        self.drop(path)
        self._held[path] = held
        self._contents = None
        self._num_segments += held.num_segments
        self._num_images += held.kind == "image"

    def drop(self, path: str) -> None:
        """Note that a file has no rows any more."""
        earlier = self._held.pop(path, None)
        self._contents = None
        if earlier is not None:
            self._num_segments -= earlier.num_segments
            self._num_images -= earlier.kind == "image"

    def note(self, path: str, copy: Copy) -> None:
        """Note that a file's content is held under another path."""
        self._copies[path] = copy
        self._contents = None

    def forget(self, path: str) -> None:
        """Note that a file is no longer known as a copy."""
        self._copies.pop(path, None)
        self._contents = None

    def note_failure(self, path: str, failure: Failure) -> None:
        """Note that a file could not be indexed because of what it holds."""
        self._failures[path] = failure

    def forget_failure(self, path: str) -> None:
        """Note that nothing is known against a file any more."""
        self._failures.pop(path, None)


def held_of(rows: pa.Table) -> dict[str, Held]:
    """Return what is held about each file, in the order of the paths.

    Args:
        rows: with those of HELD_COLUMNS and TIME_COLUMN that the table has, and CAPTION_COLUMN, of any number of files.
            The rows of a file agree in HELD_COLUMNS; if not, its last row counts.
    """
    present = set(rows.schema.names)
    numbered = pa.table({"path": rows.column("path"), "row": np.arange(rows.num_rows)})
    wanted = [("row", "max"), ("row", "count")]
    if TIME_COLUMN in present:
        numbered = numbered.append_column(TIME_COLUMN, rows.column(TIME_COLUMN))
        wanted += [(TIME_COLUMN, "min"), (TIME_COLUMN, "max")]
    if CAPTION_COLUMN in present:
        numbered = numbered.append_column(CAPTION_COLUMN, rows.column(CAPTION_COLUMN))
        wanted.append((CAPTION_COLUMN, "any"))
    files = numbered.group_by("path").aggregate(wanted).sort_by("path")
    last = rows.select([name for name in HELD_COLUMNS if name in present]).take(files.column("row_max"))
    values = (last.column(name).to_pylist() if name in present else [None] * last.num_rows for name in HELD_COLUMNS)
    times = (files.column(f"{TIME_COLUMN}_{end}").to_pylist() for end in ("min", "max") if TIME_COLUMN in present)
    indexed = list(zip(*times, strict=True)) or [(None, None)] * last.num_rows
    named = f"{CAPTION_COLUMN}_any"
    captions = files.column(named).to_pylist() if named in files.schema.names else [False] * last.num_rows
    told = zip(zip(*values, strict=True), files.column("row_count").to_pylist(), indexed, captions, strict=True)
    return {
        path: Held(
            video_id,
            FileState(size, modified, tag),
            duration,
            num_segments,
            sidecars,
            kind_of(kind, path),
            reading,
            None if ends[0] is None else ends,
            is_captioned,
        )
        for (
            (path, video_id, size, modified, duration, sidecars, kind, reading, tag),
            num_segments,
            ends,
            is_captioned,
        ) in told
    }


def _contents_of(held: Mapping[str, Held], copies: Mapping[str, Copy]) -> dict[str, Content]:
    """Return the contents that are held by their hashes, each with its files, those with rows first."""
    files: dict[str, list[ContentFile]] = {}
    first: dict[str, Held] = {}
    for path, item in sorted(held.items(), key=lambda pair: pair[0]):
        files.setdefault(item.video_id, []).append(ContentFile(path, item.state))
        first.setdefault(item.video_id, item)
    for path, copy in sorted(copies.items(), key=lambda pair: pair[0]):
        if copy.video_id in first and path not in held:
            files[copy.video_id].append(ContentFile(path, copy.state))
    return {
        video_id: Content(video_id, item.kind, item.duration_seconds, tuple(files[video_id]))
        for video_id, item in first.items()
    }
