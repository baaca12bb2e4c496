"""The lines of the files beside a video, with their times, as words that are said in it."""

from __future__ import annotations

from dataclasses import replace

from framecue.library.files.interface import Files
from framecue.library.files.sidecars import SidecarFinder
from framecue.library.indexing.words_runner import ReadLimits
from framecue.words.fitting import FittedLines, fit_lines_of
from framecue.words.source import WordsUnit

__all__ = ["SidecarWords"]


class SidecarWords:
    """Reads the files beside videos; it lists each folder once, so each run needs a new one.

    Args:
        files: where they lie.
    """

    def __init__(self, files: Files) -> None:
        self._finder = SidecarFinder(files)

    def find(self, path: str, unit: WordsUnit, limits: ReadLimits) -> FittedLines:
        """Return the lines of the files beside a video, in the order of the beginnings.

        A file that cannot be read has none: whoever updates the texts in the video's rows has reported it. The
        remark about times names the files.

        Args:
            path: of the video, beside which they lie.
            unit: the video.
            limits: of the process that is asked how long its sound is, if lines begin behind its pictures.
        """
        beside = self._finder.read(path)
        with limits.open_reader() as reader:
            fitted = fit_lines_of(unit, beside.timed_texts(), reader, num_mended=beside.num_mended)
        if fitted.remark is None:
            return fitted
        names = dict.fromkeys(cue.file_name for cue in beside.cues if cue.file_name)
        return replace(fitted, remark=f"({', '.join(names)}) {fitted.remark}")
