"""One video as a store holds it, or why it does not."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from framecue.errors import VideoErrorCause
from framecue.video import Extent

__all__ = ["StoredVideo"]

_NO_NUMBERS = np.zeros(0, dtype=np.int32)
_NO_EXTENT = Extent(0.0, 0.0, 0.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class StoredVideo:
    """One video: N pictures that are shown at M moments of the grid; none of both if it could not be read.

    Attributes:
        id: a number of its own in the store, which is the name of its folder in the shard.
        path: relative to the data set's folder, with "/"; absolute if it lies elsewhere.
        size_bytes: of the video file, when it was read.
        modified_ns: when the video file was changed last, in nanoseconds since 1970.
        start_seconds: from where on its frames were wanted; None for its beginning.
        end_seconds: up to where; None for its end.
        reason: why it could not be read; None if it could.
        cause: see :class:`~framecue.errors.VideoError`.
        extent: when its pictures are shown.
        first_moment: the number of the first moment; the others follow it.
        moment_frames: int32 (M,), which of the pictures is shown at each moment.
        stand_ins: int64, the numbers of the moments whose picture stands in for one that cannot be decoded.
        times_seconds: float64 (N,), when each picture is shown.
        checksums: int64 (N,), the CRC-32 of each picture.
        shard: which shard the pictures are in.
        offsets: int64 (N,), where each begins in that file, in bytes.
        lengths: int32 (N,), how many bytes each has.
    """

    id: int
    path: str
    size_bytes: int
    modified_ns: int
    start_seconds: float | None = None
    end_seconds: float | None = None
    reason: str | None = None
    cause: VideoErrorCause | None = None
    extent: Extent = _NO_EXTENT
    first_moment: int = 0
    moment_frames: np.ndarray = field(default_factory=lambda: _NO_NUMBERS)
    stand_ins: np.ndarray = field(default_factory=lambda: _NO_NUMBERS.astype(np.int64))
    times_seconds: np.ndarray = field(default_factory=lambda: _NO_NUMBERS.astype(np.float64))
    checksums: np.ndarray = field(default_factory=lambda: _NO_NUMBERS.astype(np.int64))
    shard: int = -1
    offsets: np.ndarray = field(default_factory=lambda: _NO_NUMBERS.astype(np.int64))
    lengths: np.ndarray = field(default_factory=lambda: _NO_NUMBERS)

    @property
    def is_readable(self) -> bool:
        """Whether the store has its frames."""
        return self.reason is None

    def covers(self, start_seconds: float | None, end_seconds: float | None) -> bool:
        """Whether what was wanted of the video holds all of a window; None for its beginning or its end."""
        starts = self.start_seconds is None or (start_seconds is not None and start_seconds >= self.start_seconds)
        ends = self.end_seconds is None or (end_seconds is not None and end_seconds <= self.end_seconds)
        return starts and ends

    def to_dict(self) -> dict[str, Any]:
        """Return its document in JSON: all but where it lies in the shard, which the shard itself tells."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        for name in ("shard", "offsets", "lengths"):
            del values[name]
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}

    @classmethod
    def from_dict(cls, document: dict[str, Any], *, shard: int, offsets: list[int], lengths: list[int]) -> StoredVideo:
        """Return the video that a document and its place in a shard describe.

        Raises:
            KeyError, TypeError, ValueError: it is no such document.
        """
        values = dict(document)
        values["extent"] = Extent(*(float(value) for value in values["extent"]))
        for name, dtype in _ARRAYS.items():
            if name not in ("offsets", "lengths"):
                values[name] = np.array(values[name], dtype=dtype)
        return cls(
            **values, shard=shard, offsets=np.array(offsets, dtype=np.int64), lengths=np.array(lengths, dtype=np.int32)
        )


_ARRAYS = {
    "moment_frames": np.int32,
    "stand_ins": np.int64,
    "times_seconds": np.float64,
    "checksums": np.int64,
    "offsets": np.int64,
    "lengths": np.int32,
}
