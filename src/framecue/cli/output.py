"""Output of commands: results on standard output, all else on standard error, and nothing that a terminal would obey.

Names of files may contain anything; :func:`one_line` makes a text safe for a line of a terminal or a log.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console
    from rich.progress import Progress, TaskID

__all__ = [
    "FilePath",
    "ProgressBar",
    "file_uri",
    "log",
    "one_line",
    "print_json",
    "print_table",
    "progress_bar",
    "quiet_libraries",
    "stdout_console",
]


def one_line(text: str) -> str:
    """Return a text as one printable line, with escapes for control characters and bytes that are not UTF-8."""
    printable = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return printable.encode("utf-8", "backslashreplace").decode()


def file_uri(path: str) -> str:
    """Return an absolute path as a URI, with every byte but letters, digits and a few signs as %XX."""
    return "file://" + quote(os.fsencode(path), safe="/")


def log(message: str) -> None:
    """Write one line on standard error."""
    click.echo(one_line(message), file=sys.stderr)


def print_json(document: Any) -> None:
    """Write one JSON document on standard output, in ASCII only, so that any encoding can carry any file name."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


class FilePath(str):
    """A cell of a table that is a file's path: if a terminal supports links, it links to the file."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Write a table on standard output; in a pipe each row is one line, however long.

    Args:
        columns: the headings; all empty for a table without headings.
        rows: the cells, plain text; a :class:`FilePath` becomes a link if the output is a terminal.
        right: headings of the columns to align right.
    """
    from rich import box
    from rich.style import Style
    from rich.table import Table
    from rich.text import Text

    def cell(text: str) -> Text:
        # Text, not markup: a path may hold [brackets].
        return Text(one_line(text), style=Style(link=file_uri(text)) if isinstance(text, FilePath) else "")

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(cell, row))
    stdout_console().print(table)


def stdout_console() -> Console:
    """Return a console that writes on standard output; in a pipe it never wraps a line."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False)
    return console if console.is_terminal else Console(file=sys.stdout, highlight=False, width=1_000_000)


class ProgressBar:
    """A progress bar on standard error that appears with the first progress and disappears when it is closed.

    If standard error is not a terminal, nothing is shown. Lines that :func:`log` writes meanwhile appear above the bar.
    A closed bar may be shown again.

    Args:
        label: the work that is being done.
    """

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: tuple[Progress, TaskID] | None = None

    def show(self, done: float, total: int | None) -> None:
        """Show how much of a total is done; None for a total that is not known yet."""
        progress, task = self._bar = self._bar or self._start()
        progress.update(task, completed=done, total=total)

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
        progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        task = progress.add_task(self._label, total=None)
        progress.start()
        return progress, task


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar on standard error while the block runs, if that is a terminal.

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
    if not sys.warnoptions:
        for package in ("huggingface_hub", "lancedb", "torch", "transformers"):
            warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
