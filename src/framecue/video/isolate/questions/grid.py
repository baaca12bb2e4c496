"""The frames of a file on a fixed grid in time, as JPEG pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.grid_frames import GridFrame, GridFrames, GridOptions, read_grid_parts

__all__ = ["GridQuestion"]


@dataclass(frozen=True)
class GridQuestion(Question[GridFrames | GridFrame]):
    """Asks for what :func:`~framecue.video.read.grid_frames.read_grid_parts` yields of a file.

    Attributes:
        options: what to keep of it.
    """

    options: GridOptions

    reads = "all"

    def answer(self, decide: Decide) -> Iterator[GridFrames | GridFrame]:
        """Yield all but the pictures, then each picture that can be decoded."""
        yield from read_grid_parts(self.path, self.options)

    def unchanging(self, part: object) -> object:
        """Return when the pictures are shown and which one a part is; the file has changed if these differ."""
        if isinstance(part, GridFrames):
            return part.extent, len(part.moment_frames), len(part.times_seconds)
        return part.number if isinstance(part, GridFrame) else None
