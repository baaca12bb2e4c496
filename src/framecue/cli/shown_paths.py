"""Paths as people like to read them: relative where that is shorter, folded in the middle where there is no room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from framecue.paths import is_url

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.measure import Measurement
    from rich.style import Style

__all__ = ["FoldedText", "fold_middle", "name_bytes", "shown_path"]

ELLIPSIS = "…"
# A column of paths is not made narrower than this many cells if others can be. With fewer, only the end is shown.
LEAST_CELLS = 16


def shown_path(path: str) -> str:
    """Return a path as it is shown: relative to the working folder if that is shorter, else as it is.

    What would look like an option or a home folder (``-a.mp4``, ``~b.mp4``) begins with ``./``, so that it can be
    copied. A URL is shown as it is.
    """
    if is_url(path):
        return path
    try:
        relative = os.path.relpath(path)
    except (OSError, ValueError):  # the working folder is gone, or on another drive
        return path
    if relative.startswith(("-", "~")):
        relative = os.path.join(os.curdir, relative)  # noqa: PTH118 (Path would take the dot away)
    return relative if os.curdir != relative and len(relative) < len(path) else path


def name_bytes(path: str) -> bytes:
    """Return the bytes that a path has on the disk."""
    try:
        return os.fsencode(path)
    except UnicodeEncodeError:  # the locale's encoding lacks a letter, so it is not that of the names
        return path.encode("utf-8", "surrogateescape")


def fold_middle(text: str, cells: int) -> str:
    """Return a text that is no wider than so many cells of a terminal, with an ellipsis for its middle.

    The end counts more, as it names the file: as much as there is room for of the file's name is kept, then of the
    folders it is in. A character may be two cells wide.
    """
    from rich.cells import cell_len

    if cell_len(text) <= cells:
        return text
    room = max(cells - 1, 0)
    if cells < LEAST_CELLS:
        return ELLIPSIS + _end(text, room) if cells > 0 else ""
    name = cell_len(text[text.rfind("/") :])
    # Two thirds for the end; more if the name needs it, but for a few cells that tell where the path begins.
    wanted = max(2 * room // 3, min(name, room - min(6, room // 3)))
    tail = _end(text, wanted)
    # Whole names are read more easily: from a slash on, if one is near.
    slash = tail.find("/")
    if 0 < slash <= len(tail) // 3:
        tail = tail[slash:]
    return _beginning(text, room - cell_len(tail)) + ELLIPSIS + tail


class FoldedText:
    """A line for a table of rich that is folded in its middle if its column is too narrow.

    Args:
        text: plain text of one line.
        style: how it is drawn.
    """

    def __init__(self, text: str, style: Style | str = "") -> None:
        self._text, self._style = text, style

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Return how wide it has to be and would like to be."""
        from rich.cells import cell_len
        from rich.measure import Measurement

        width = cell_len(self._text)
        return Measurement(min(width, LEAST_CELLS), width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it as wide as there is room."""
        from rich.text import Text

        yield Text(fold_middle(self._text, options.max_width), style=self._style, no_wrap=True)


def _beginning(text: str, cells: int) -> str:
    """Return as much of a text's beginning as so many cells hold."""
    from rich.cells import cell_len

    end = 0
    # Letter by letter, as an accent has no width of its own, and an emoji of several has that of one.
    while end < len(text) and cell_len(text[: end + 1]) <= cells:
        end += 1
    return text[:end]


def _end(text: str, cells: int) -> str:
    """Return as much of a text's end as so many cells hold; an accent is not parted from its letter."""
    from rich.cells import cell_len

    start = len(text)
    while start and cell_len(text[start - 1 :]) <= cells:
        start -= 1
    while start < len(text) and cell_len(text[start]) == 0:
        start += 1
    return text[start:]
