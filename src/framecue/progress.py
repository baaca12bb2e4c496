"""How far a run over files is: a number that also names the file at hand."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["FilesDone", "ProgressCallback", "StopCallback"]


class FilesDone(float):
    """How many files are done; the one at hand counts by the part of it that is done.

    It is a number like any other, so a progress bar takes it as it is.

    Attributes:
        path: the file at hand, or the one that was finished just now.
    """

    path: str

    def __new__(cls, number: float, path: str) -> FilesDone:
        """Return a number of files with the path of the last of them."""
        made = super().__new__(cls, number)
        made.path = path
        return made

    def __getnewargs__(self) -> tuple[float, str]:  # type: ignore[override]
        return float(self), self.path


ProgressCallback = Callable[[FilesDone, int], object]
"""Called with (files done, files in all), from the thread that does the work; what it returns is ignored."""

StopCallback = Callable[[int, int], None]
"""Called with (files that were kept, files in all) when a run is stopped."""
