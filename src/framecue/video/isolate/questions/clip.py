"""A moment of a file, as a file of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from framecue.errors import InputError, VideoError
from framecue.video.isolate.question import Decide, Question
from framecue.video.write.containers import CONTAINERS
from framecue.video.write.cut import Cut, cut_moment

__all__ = ["ClipQuestion"]


@dataclass(frozen=True)
class ClipQuestion(Question["Cut | InputError"]):
    """Asks for what :func:`~framecue.video.write.cut.cut_moment` makes of a file.

    Attributes:
        partial: the file to write; the process that asks removes it if no good comes of it.
        suffix: of the kind of file, one of CLIP_SUFFIXES.
        start_seconds: where the moment starts.
        end_seconds: where it ends.
        exact: whether to encode in any case.
    """

    partial: str
    suffix: str
    start_seconds: float
    end_seconds: float
    exact: bool

    def answer(self, decide: Decide) -> Iterator[Cut | InputError]:
        """Yield what was written, or why nothing could be."""
        try:
            made = cut_moment(
                Path(self.path),
                Path(self.partial),
                CONTAINERS[self.suffix],
                self.start_seconds,
                self.end_seconds,
                exact=self.exact,
            )
        except VideoError:
            raise
        except InputError as error:
            yield error
        else:
            yield made
