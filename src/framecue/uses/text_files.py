"""Files with a text a line, or an item of a JSON list, or a row of CSV: labels, templates, texts to embed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from framecue.checks import check_text
from framecue.errors import InputError
from framecue.paths import user_path
from framecue.validation import shown

__all__ = ["MAX_FILE_BYTES", "Text", "checked_text", "csv_rows", "read_text_file", "read_texts"]

MAX_FILE_BYTES = 256_000_000
"""How large a file of texts may be: it is read whole."""


class Text(NamedTuple):
    """A text of a file, and where it stands, for messages."""

    text: str
    where: str


def read_texts(file: str | Path, *, columns: tuple[str, ...]) -> Iterator[Text]:
    """Yield the texts of a file, without the spaces around them.

    A ``.json`` file holds a list of texts, a ``.csv`` file a column of them, any other a text a line; blank lines are
    passed over there, as most files end with one. Files are in UTF-8.

    Args:
        file: the file.
        columns: the names that the column may have in a ``.csv`` file; the first that is there counts.

    Raises:
        InputError: the file cannot be read, or a text is blank, too long or no Unicode; the message names the place.
    """
    path = Path(user_path(file))
    text = read_text_file(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        yield from _of_json(path, text)
    elif suffix == ".csv":
        for where, row in csv_rows(path, text):
            name = next((name for name in columns if name in row), None)
            if name is None:
                raise InputError(f"{path}: has no column {' or '.join(columns)}; its first line names the columns")
            yield Text(checked_text(row[name], f"{where}: {name}"), where)
    else:
        for number, line in enumerate(io.StringIO(text, newline=None), start=1):
            if line.strip():
                where = f"{path}, line {number}"
                yield Text(checked_text(line, where), where)


def read_text_file(path: Path) -> str:
    """Return a file's text.

    Raises:
        InputError: it cannot be read, is larger than MAX_FILE_BYTES, or is not UTF-8.
    """
    try:
        # Not a pipe or a device, of whose size nobody knows.
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: is no file")
        with path.open("rb") as source:
            content = source.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > MAX_FILE_BYTES:
        raise InputError(f"{path}: is larger than {MAX_FILE_BYTES // 1_000_000} MB; divide it into several files")
    try:
        return content.decode("utf-8-sig")  # spreadsheets and some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 (byte {error.start + 1}); save the file as UTF-8") from error


def csv_rows(path: Path, text: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield where a row of CSV stands, and its cells by the columns that the first line names.

    Raises:
        InputError: it is no CSV, or a row has not as many cells as the first line.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            where = f"{path}, line {reader.line_num}"
            if None in row or None in row.values():
                raise InputError(f"{where}: has not as many cells as the first line; put texts with commas in quotes")
            yield where, row
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: is not CSV ({error})") from error


def checked_text(value: object, where: str) -> str:
    """Return a text without the spaces around it.

    Raises:
        InputError: it is no text, is blank, too long or no Unicode, or holds a zero byte; the message begins with
            where it stands.
    """
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{where}: is {shown(value)}; give a text that is not blank")
    if "\0" in value:
        raise InputError(f"{where}: is {shown(value)}; give a text without NUL")
    try:
        check_text(value.strip())
    except InputError as error:
        raise InputError(f"{where}: {error}") from error
    return value.strip()


def _of_json(path: Path, text: str) -> Iterator[Text]:
    try:
        items = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not JSON ({str(error).splitlines()[0]})") from error
    if not isinstance(items, list):
        raise InputError(f'{path}: is {shown(items)}; give a list of texts such as ["running", "jumping"]')
    for number, item in enumerate(items, start=1):
        where = f"{path}, item {number}"
        yield Text(checked_text(item, where), where)
