"""The sound of a file, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from framecue.video.isolate.question import Decide, Question
from framecue.video.read.sound import SoundOptions, read_sound
from framecue.video.read.sound_line import SoundChunk
from framecue.video.read.sound_tracks import SoundTrack

__all__ = ["SoundQuestion"]


@dataclass(frozen=True)
class SoundQuestion(Question[SoundTrack | SoundChunk]):
    """Asks for what :func:`~framecue.video.read.sound.read_sound` yields of a file.

    Attributes:
        options: what is listened to.
    """

    options: SoundOptions

    reads = "all"

    def answer(self, decide: Decide) -> Iterator[SoundTrack | SoundChunk]:
        """Yield the track, then its sound."""
        yield from read_sound(self.path, self.options)

    def unchanging(self, part: object) -> object:
        """Return the track, and when and how long each piece is heard; the file has changed if these differ."""
        return (part.start_seconds, len(part.samples)) if isinstance(part, SoundChunk) else part
