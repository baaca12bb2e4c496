"""The subtitle tracks of text inside a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.subtitle_tracks import SubtitleTrack, read_subtitle_tracks

__all__ = ["SubtitleTracksQuestion"]


@dataclass(frozen=True)
class SubtitleTracksQuestion(Question[SubtitleTrack]):
    """Asks for what :func:`~framecue.video.read.subtitle_tracks.read_subtitle_tracks` returns of a file."""

    reads = "little"

    def answer(self, decide: Decide) -> Iterator[SubtitleTrack]:
        """Yield one track after the other."""
        yield from read_subtitle_tracks(self.path)

    def unchanging(self, part: object) -> object:
        """Return how many lines a track has, which are others if the file changed."""
        return len(part.lines) if isinstance(part, SubtitleTrack) else None
