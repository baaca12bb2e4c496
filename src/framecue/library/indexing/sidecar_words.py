"""The lines of the files beside a video, with their times, as words that are said in it."""

from __future__ import annotations

from framecue.library.files.interface import Files
from framecue.library.files.sidecars import SidecarFinder
from framecue.words.cue_texts import timed_texts
from framecue.words.timed_text import TimedText

__all__ = ["SidecarWords"]


class SidecarWords:
    """Reads the files beside videos; it lists each folder once, so each run needs a new one.

    Args:
        files: where they lie.
    """

    def __init__(self, files: Files) -> None:
        self._finder = SidecarFinder(files)

    def find(self, path: str) -> list[TimedText]:
        """Return the lines of the files beside a video, in the order of the beginnings.

        A file that cannot be read has none: whoever updates the texts in the video's rows has reported it.

        Args:
            path: of the video.
        """
        return list(timed_texts(self._finder.read(path).cues))
