"""How commands talk: results on standard output, all else on standard error, and nothing that a terminal would obey.

Names of files may hold anything; :func:`one_line` makes a text fit for a line of a terminal or a log.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["clock", "log", "one_line", "print_json", "print_table", "progress_bar", "quiet_libraries", "time_span"]


def one_line(text: str) -> str:
    """Write control characters and bytes that are not UTF-8 as escapes, so that the text is one printable line."""
    printable = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return printable.encode("utf-8", "backslashreplace").decode()


def log(message: str) -> None:
    """Write one line on standard error."""
    click.echo(one_line(message), file=sys.stderr)


def print_json(document: Any) -> None:
    """Write one JSON document on standard output, ASCII alone, so that any encoding can carry any file name."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Write a table on standard output; in a pipe each row is one line, however long.

    Args:
        columns: the heads; all empty for a table without.
        rows: the cells, plain text.
        right: heads of the columns to set flush right.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(columns))
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", overflow="fold")
    for row in rows:
        # Text, not markup: a path may hold [brackets].
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console = Console(file=sys.stdout, highlight=False)
    if not console.is_terminal:
        console = Console(file=sys.stdout, highlight=False, width=1_000_000)
    console.print(table)


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar on standard error while the block runs, if that is a terminal.

    Args:
        label: what is being done.

    Yields:
        A function to call with (done, total).
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def clock(seconds: float) -> str:
    """Write a time as m:ss, or h:mm:ss from an hour on."""
    whole = int(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def time_span(start_seconds: float, end_seconds: float) -> str:
    """Write a span as m:ss–m:ss, its end rounded up so that a short clip does not look empty."""
    return f"{clock(start_seconds)}–{clock(-(-end_seconds // 1))}"  # noqa: RUF001 (the dash of a span)


def quiet_libraries() -> None:
    """Keep the libraries' own progress bars and warnings off standard error; what a user set is left alone.

    Call it before the model's libraries are imported: they look at these variables then.
    """
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    if not sys.warnoptions:
        for package in ("huggingface_hub", "lancedb", "torch", "transformers"):
            warnings.filterwarnings("ignore", module=rf"{package}(\.|$)")
