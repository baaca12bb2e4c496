"""Output of commands: results on standard output, all else on standard error, and nothing that a terminal would obey.

Names of files may contain anything; :func:`one_line` makes a text safe for a line of a terminal or a log.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from framecue.cli.plain_table import plain_table
from framecue.cli.shown_paths import FoldedText, name_bytes, shown_path
from framecue.times import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console, RenderableType
    from rich.progress import Progress, TaskID
    from rich.text import Text

__all__ = [
    "FilePath",
    "FoldedLine",
    "Marked",
    "ProgressBar",
    "file_uri",
    "folded",
    "log",
    "one_line",
    "print_json",
    "print_table",
    "progress_bar",
    "quiet_libraries",
    "shown_path",
    "stdout_console",
]

_LONGEST_NAME = 300  # characters
_HALF = _LONGEST_NAME // 2


# Not printable by Python's word, but part of names as people see them: what joins an emoji of several, and parts
# letters in Persian; the spaces that macOS and Asian keyboards write.
_SHOWN = frozenset("\u200c\u200d\xa0\u202f\u3000")
# How long the line below a table's head is at most where there is no terminal.
RULE_CELLS = 120
# How often progress is told where there is no terminal to draw a bar in.
LINE_SECONDS = 60.0


def folded(message: str) -> str:
    """Return a message without the middle of names that are longer than a few lines."""
    long = rf"\S{{{_LONGEST_NAME + 1},}}?(?=[:;,.]?(\s|$))"
    return re.sub(long, lambda name: f"{name[0][:_HALF]} ... {name[0][-_HALF:]}", message)


def one_line(text: str) -> str:
    """Return a text as one printable line, with escapes for control characters and bytes that are not UTF-8.

    What turns the direction of writing counts as control: it could make a name look like another.
    """
    printable = "".join(
        char if char.isprintable() or char in _SHOWN else char.encode("unicode_escape").decode() for char in text
    )
    return printable.encode("utf-8", "backslashreplace").decode()


def file_uri(path: str) -> str:
    """Return an absolute path as a URI, with every byte but letters, digits and a few signs as %XX."""
    return "file://" + quote(name_bytes(path), safe="/")


def log(message: str) -> None:
    """Write one line on standard error."""
    click.echo(one_line(message), file=sys.stderr)


def print_json(document: Any) -> None:
    """Write one JSON document on standard output, in ASCII only, so that any encoding can carry any file name."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


class FilePath(str):
    """A cell of a table that is a file's absolute path.

    It is shown relative where that is shorter, and folded in its middle where a terminal is too narrow. If the terminal
    knows links, it links to the file.
    """


class FoldedLine(str):
    """A cell of a table that stays one line: where a terminal is too narrow, it is folded in its middle."""


class Marked(str):
    """A text with marks, such as the words of a query in a sentence; a terminal shows them bold.

    Attributes:
        spans: (start, end) of the marks, in characters, in order.
    """

    spans: Sequence[tuple[int, int]]

    def __new__(cls, text: str, spans: Sequence[tuple[int, int]] = ()) -> Marked:
        """Return the text with its marks."""
        made = super().__new__(cls, text)
        made.spans = spans
        return made

    def after(self, head: str) -> Marked:
        """Return it behind another text, with its marks."""
        return Marked(head + self, [(start + len(head), end + len(head)) for start, end in self.spans])

    def shown(self) -> Text:
        """Return it for a terminal, as one printable line."""
        from rich.text import Text

        line, place = Text(), 0
        for start, end in self.spans:
            if start < place:
                continue
            line.append(one_line(self[place:start]))
            line.append(one_line(self[start:end]), style="bold")
            place = end
        return line.append(one_line(self[place:]))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Write a table on standard output; in a pipe each row is one line, however long.

    Args:
        columns: the headings; all empty for a table without headings.
        rows: the cells, plain text; a :class:`FilePath` becomes a link if the output is a terminal.
        right: headings of the columns to align right, which are not wrapped.
    """
    console = stdout_console()
    if not console.is_terminal:
        plain = [[one_line(shown_path(text) if isinstance(text, FilePath) else text) for text in row] for row in rows]
        # One long name would fill up every line.
        click.echo(plain_table(columns, plain, right=right, longest_rule=RULE_CELLS), nl=False)
        return
    from rich import box
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    def cell(text: str) -> RenderableType:
        if isinstance(text, FilePath):
            return FoldedText(one_line(shown_path(text)), Style(link=file_uri(text)))
        if isinstance(text, Marked):
            return text.shown()
        if isinstance(text, FoldedLine):
            return FoldedText(one_line(text))
        # Text, not markup: a name may hold [brackets].
        return Text(one_line(text))

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns))
    for name in columns:
        is_right = name in right
        table.add_column(name, justify="right" if is_right else "left", overflow="fold", no_wrap=is_right)
    for row in rows:
        table.add_row(*map(cell, row))
    console.print(table)


def stdout_console() -> Console:
    """Return a console that writes on standard output; in a pipe it never wraps a line."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False)
    return console if console.is_terminal else Console(file=sys.stdout, highlight=False, width=1_000_000)


class ProgressBar:
    """A progress bar on standard error that appears with the first progress and disappears when it is closed.

    If standard error is not a terminal, a line a minute stands in for it, so that a log tells how far a long run is,
    and a short one says nothing. Lines that :func:`log` writes meanwhile appear above the bar. A closed bar may be
    shown again.

    Args:
        label: the work that is being done.
        seconds: gives the time, in seconds from any point.
    """

    def __init__(self, label: str, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._seconds = seconds
        self._bar: tuple[Progress, TaskID] | None = None
        # Where lines are written: since when, when the last one was, and how much was done at the first progress.
        self._since, self._last, self._done_before = 0.0, 0.0, 0.0

    def show(self, done: float, total: int | None) -> None:
        """Show how much of a total is done; None for a total that is not known yet."""
        if self._bar is None:
            self._bar = self._start()
            self._since = self._last = self._seconds()
            self._done_before = done
        progress, task = self._bar
        progress.update(task, completed=done, total=total)
        if progress.disable and total and self._seconds() - self._last >= LINE_SECONDS:
            self._last = self._seconds()
            log(self._line(done, total))

    def _line(self, done: float, total: int) -> str:
        """Return the line that says how much is done, and about how long the rest will take."""
        text = f"{self._label}: {int(done)} of {total} ({done / total:.0%})"
        gained = done - self._done_before
        if gained <= 0:
            return text
        left = (total - done) * (self._last - self._since) / gained
        return f"{text}, about {clock(left)} left"

    def close(self) -> None:
        """Remove the bar, and give the terminal its cursor back."""
        if self._bar is not None:
            self._bar[0].stop()
            self._bar = None

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> tuple[Progress, TaskID]:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = Console(file=sys.stderr)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        can_draw = console.is_terminal and not console.is_dumb_terminal
        progress = Progress(*columns, console=console, transient=True, disable=not can_draw)
        task = progress.add_task(self._label, total=None)
        progress.start()
        # A run that Ctrl-Z stops, or kill -9 ends, would leave the terminal without one.
        console.show_cursor(True)
        return progress, task


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar on standard error while the block runs; a line a minute if that is no terminal.

    Args:
        label: the work that is being done.

    Yields:
        A function to call with (done, total).
    """
    with ProgressBar(label) as bar:
        bar.show(0, None)
        yield bar.show


def quiet_libraries() -> None:
    """Keep other libraries' progress bars and warnings off standard error; the user's own settings are left alone.

    Call it before these libraries are imported, which is when they read the variables.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("LANCE_LOG", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TORCH_CPP_LOG_LEVEL", "ERROR")
    if not sys.warnoptions:
        for package in ("huggingface_hub", "lancedb", "torch", "transformers"):
            warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
