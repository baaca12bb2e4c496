"""What a library knows about a file, apart from its rows: a run reads it to see what there is to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from framecue.library.state import FileState
from framecue.library.store.rows import Row

__all__ = ["Copy", "Held"]


@dataclass(frozen=True)
class Held:
    """What a library holds about one file.

    Attributes:
        video_id: hash of the content that was indexed.
        state: the file's state when it was indexed.
        duration_seconds: the video's duration.
        num_segments: how many rows the file has.
        sidecars: the state of the files beside it whose texts are in its rows, see
            :meth:`framecue.library.files.sidecars.SidecarFinder.state`.
        reading: by which rules it was read, ``framecue.video.READING``; None if an older framecue did it.
    """

    video_id: str
    state: FileState
    duration_seconds: float
    num_segments: int
    sidecars: str | None = None
    reading: int | None = None

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Held:
        """Return what is held about a file from its rows, at least one."""
        first = rows[0]
        return cls(first.video_id, first.state, first.duration_seconds, len(rows), first.sidecars, first.reading)


@dataclass(frozen=True)
class Copy:
    """A library's note about a file whose content it holds under another path.

    Attributes:
        video_id: hash of the content.
        state: the file's state when it was hashed.
    """

    video_id: str
    state: FileState
