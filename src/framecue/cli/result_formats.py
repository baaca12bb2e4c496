"""Results of searches for other programs: a path, a hit, a row of tabs or a JSON object a line.

Paths stand as they are, whole and with their own bytes, so that what reads them finds the files. The table for people
is in :mod:`framecue.cli.hits`, the JSON document in ``to_dict()``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click

from framecue.cli.output import one_line
from framecue.cli.shown_paths import name_bytes
from framecue.errors import InputError

if TYPE_CHECKING:
    from framecue.library import Hit, SearchResult

__all__ = ["FORMATS", "NULL_FORMATS", "print_lines", "print_tsv_head"]

# What came later stands last, as people name columns by their numbers.
TSV_COLUMNS = ("query", "rank", "score", "start_seconds", "end_seconds", "path", "hit", "confidence")
_TSV_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def _path(query: str, hit: Hit) -> str:
    return hit.path


def _hit(query: str, hit: Hit) -> str:
    return str(hit.to_dict()["hit"])


def _tsv(query: str, hit: Hit) -> str:
    document = {"query": query, **hit.to_dict()}
    return "\t".join(_tsv_cell(document[name]) for name in TSV_COLUMNS)


def _jsonl(query: str, hit: Hit) -> str:
    return json.dumps({"query": query, **hit.to_dict()}, allow_nan=False)


FORMATS: dict[str, Callable[[str, Hit], str]] = {"path": _path, "hit": _hit, "tsv": _tsv, "jsonl": _jsonl}
"""The line of a hit in each format, of a query as a person wrote it and a hit."""
NULL_FORMATS = ("path", "hit")
"""The formats whose lines may hold anything that a name does, so that a zero byte may have to end them."""


def print_tsv_head() -> None:
    """Write the names of the columns of a ``tsv``."""
    _write(["\t".join(TSV_COLUMNS)], end=b"\n")


def print_lines(result: SearchResult, format_name: str, *, null: bool) -> None:
    """Write a line for each hit of a result on standard output.

    Args:
        result: a query and its hits.
        format_name: one of `FORMATS`.
        null: whether a zero byte ends each, and not the end of a line.

    Raises:
        InputError: a line would hold the end of a line; nothing is written then.
    """
    lines = [FORMATS[format_name](result.query, hit) for hit in result.hits]
    if not null and (broken := next((line for line in lines if "\n" in line), None)):
        names = " or ".join(f"--format {name}" for name in FORMATS if name not in NULL_FORMATS)
        raise InputError(f"{broken}: the name has the end of a line in it; add --null, or take {names}")
    if sys.stdout.isatty():
        # A person sees them: a terminal must not obey a name.
        lines = [one_line(line) if format_name in NULL_FORMATS else line for line in lines]
    _write(lines, end=b"\0" if null else b"\n")


def _tsv_cell(value: object) -> str:
    """Return a value as a cell: with escapes for what would end it, and what a terminal would obey; empty for None."""
    if value is None:
        return ""
    text = f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    return one_line("".join(_TSV_ESCAPES.get(char, char) for char in text))


def _write(lines: Iterable[str], *, end: bytes) -> None:
    # As bytes: no encoding of standard output need carry a name.
    click.echo(b"".join(name_bytes(line) + end for line in lines), nl=False)
