"""A moment of a file, or all of it, as a file that browsers play."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from framecue.errors import OutputError, VideoError
from framecue.video.isolate.question import Decide, Question
from framecue.video.write.playable import Playable, PlayableParts, make_playable

__all__ = ["PlayableQuestion"]

# Whoever searches meanwhile goes first.
_NICENESS = 10


@dataclass(frozen=True)
class PlayableQuestion(Question["Playable | OutputError"]):
    """Asks for what :func:`~framecue.video.write.playable.make_playable` makes of a file.

    The process that answers has little priority from then on. It tells now and then how far it has come: a number from
    0 to 1, and how often it has told so.

    Attributes:
        partial: the file to write; the process that asks removes it if no good comes of it.
        suffix: of the kind of file.
        start_seconds: where the moment starts.
        end_seconds: where it ends.
        parts: what is copied.
    """

    partial: str
    suffix: str
    start_seconds: float
    end_seconds: float
    parts: PlayableParts

    def answer(self, decide: Decide) -> Iterator[Playable | OutputError]:
        """Yield what was written, or why nothing could be."""
        if hasattr(os, "nice"):
            with suppress(OSError):
                os.nice(_NICENESS)
        times = count(1)
        try:
            made = make_playable(
                Path(self.path),
                Path(self.partial),
                self.suffix,
                self.start_seconds,
                self.end_seconds,
                parts=self.parts,
                # The same words are not passed on twice.
                go_on=lambda share: decide(f"{share:.4f} {next(times)}"),
            )
        except VideoError:
            raise
        except OutputError as error:
            yield error
        else:
            yield made
