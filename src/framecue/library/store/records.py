"""What a library knows about a file, apart from its rows: a run reads it to see what there is to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from framecue._version import __version__
from framecue.library.state import FileState
from framecue.library.store.rows import Row, kind_of
from framecue.video import READING

__all__ = ["Content", "ContentFile", "Copy", "Failure", "Held"]


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
        kind: "video" or "image".
        reading: by which rules it was read, ``framecue.video.READING``; None if an older framecue did it.
        indexed_seconds: when the first and the last of its segments were encoded, seconds since 1970; None if none says
            it, as formats before 3 do not.
        has_captions: whether any of its segments has a caption.
    """

    video_id: str
    state: FileState
    duration_seconds: float
    num_segments: int
    sidecars: str | None = None
    kind: str = "video"
    reading: int | None = None
    indexed_seconds: tuple[float, float] | None = None
    has_captions: bool = False

    @classmethod
    def of(cls, rows: Sequence[Row]) -> Held:
        """Return what is held about a file from its rows, at least one."""
        first = rows[0]
        times = [row.indexed_seconds for row in rows if row.indexed_seconds is not None]
        return cls(
            first.video_id,
            first.state,
            first.duration_seconds,
            len(rows),
            first.sidecars,
            kind_of(first.kind, first.path),
            first.reading,
            (min(times), max(times)) if times else None,
            any(row.caption is not None for row in rows),
        )


@dataclass(frozen=True)
class Copy:
    """A library's note about a file whose content it holds under another path.

    Attributes:
        video_id: hash of the content.
        state: the file's state when it was hashed.
    """

    video_id: str
    state: FileState


@dataclass(frozen=True)
class Failure:
    """A library's note about a file that it does not hold because of what is in the file.

    Attributes:
        state: the file's state when it was read.
        cause: "content" if it cannot be read, "sound" if it holds sound alone, "image" if it is a picture, and pictures
            were not asked for.
        reason: what is wrong with it, in words for a person.
        version: of the framecue that read it.
        reading: the rules by which it was read, ``framecue.video.READING``.
    """

    state: FileState
    cause: str
    reason: str
    version: str = __version__
    reading: int = READING

    def still_holds(self, state: FileState) -> bool:
        """Whether reading the file would give the same: it is in this state, and what reads it has not changed."""
        return (self.state, self.version, self.reading) == (state, __version__, READING)


@dataclass(frozen=True)
class ContentFile:
    """A file that had a content when it was read.

    Attributes:
        path: its absolute path.
        state: its state then.
    """

    path: str
    state: FileState


@dataclass(frozen=True)
class Content:
    """A content that a library holds.

    Attributes:
        video_id: hash of it.
        kind: "video" or "image".
        duration_seconds: the video's duration.
        files: that have it, at least one: first the one under whose path its rows are.
    """

    video_id: str
    kind: str
    duration_seconds: float
    files: tuple[ContentFile, ...]
