"""What a name is taught from: hits, moments of files and of videos that the library holds, and pictures."""

from __future__ import annotations

import os
from dataclasses import dataclass

from framecue.checks import is_number
from framecue.errors import InputError
from framecue.library.results import Hit
from framecue.library.search.query import HeldMoment, VideoMoment
from framecue.pictures import ImageLike

__all__ = ["Example", "VideoSpan"]


@dataclass(frozen=True)
class VideoSpan:
    """A stretch of a video file.

    Args:
        path: the file.
        start_seconds: where it starts.
        end_seconds: where it ends.

    Raises:
        InputError: the path is empty, or the times are no times, or it ends before it starts.
    """

    path: str | os.PathLike[str]
    start_seconds: float
    end_seconds: float

    def __post_init__(self) -> None:
        if not os.fspath(self.path):
            raise InputError("the video of an example has an empty name")
        for name in ("start_seconds", "end_seconds"):
            if not is_number(value := getattr(self, name)) or value < 0:
                raise InputError(f"{name} of an example is {value!r}; it must be a time in seconds, 0 or more")
        if self.end_seconds < self.start_seconds:
            raise InputError(
                f"the example {os.fspath(self.path)} ends at {self.end_seconds:g} s, before it starts at "
                f"{self.start_seconds:g} s; give START and END in this order"
            )


Example = Hit | VideoMoment | HeldMoment | VideoSpan | ImageLike
"""What a name can be taught from; a path is a picture's, or a video's of which the library holds one moment."""
