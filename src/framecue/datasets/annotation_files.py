"""Reading annotation files that come from anywhere: JSON, delimited lines, lists; errors name file and line."""

from __future__ import annotations

import csv
import io
import json
import logging
import pickle
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from framecue.errors import DatasetError
from framecue.validation import shown

__all__ = [
    "Caption",
    "captions_by_video",
    "check_head",
    "check_video_id",
    "csv_rows",
    "read_json",
    "read_names",
    "read_plain_pickle",
    "read_table",
    "wrong_shape",
]

logger = logging.getLogger(__name__)

MAX_PICKLE_BYTES = 200_000_000
# No file system has longer names of files.
MAX_ID_LENGTH = 255
# Neither a file's name nor a tokenizer can handle NUL and half characters (surrogates).
_NOT_IN_TEXTS = re.compile("[\0\ud800-\udfff]")
_NOT_IN_IDS = re.compile(r"[/\\\0\ud800-\udfff]")


class Caption(NamedTuple):
    """One caption as a file has it.

    Attributes:
        video_id: the video that it describes.
        text: the caption, perhaps blank.
        where: its place in the file, such as "line 3".
    """

    video_id: str
    text: str
    where: str


def _text_of(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{file}: is not UTF-8 (byte {error.start + 1}); get the file again") from error


def read_json(file: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        DatasetError: it cannot be read, or is not JSON (the message has the line), or an object has a key twice.
    """

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):  # JSON lets the last one win, so a video's captions would be lost silently
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    raise DatasetError(
                        f"{file}: {_printable(key)} stands there twice in one object; take one of them out"
                    )
                seen.add(key)
        return found

    try:
        return json.loads(_text_of(file), object_pairs_hook=object_of)
    except json.JSONDecodeError as error:
        raise DatasetError(
            f"{file}, line {error.lineno}: is not JSON ({error.msg} at column {error.colno}); the file is damaged or "
            "was cut off, get it again"
        ) from error
    except RecursionError:
        raise DatasetError(f"{file}: is nested too deeply for an annotation file; get it again") from None
    except ValueError as error:  # an integer of thousands of digits
        raise DatasetError(f"{file}: cannot be read as JSON ({error}); get the file again") from error


def wrong_shape(file: Path, where: str, found: object, wanted: str) -> DatasetError:
    """Return the error that a part of a file is not as it is published."""
    place = f"{file}, {where}" if where else str(file)
    return DatasetError(f"{_printable(place)}: is {shown(found)}; the published file has {wanted} here")


def read_names(file: Path) -> list[str]:
    """Return the names of a list: one a line (or a JSON list), blank lines and a heading `video_id` left out.

    Raises:
        DatasetError: it cannot be read, or a name stands twice or cannot be that of a video (the message has the
            lines), or there is none.
    """
    if file.suffix.lower() == ".json":
        found = read_json(file)
        if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
            raise wrong_shape(file, "", found, "a list of names")
        numbered = list(enumerate(found, start=1))
    else:
        numbered = list(enumerate((line.strip() for line in _text_of(file).splitlines()), start=1))
    names: dict[str, int] = {}
    for number, name in numbered:
        if not name or (number == 1 and name == "video_id"):
            continue
        check_video_id(name, f"{file}, line {number}")
        first = names.setdefault(name, number)
        if first != number:
            raise DatasetError(f"{file}, line {number}: {name} stands on line {first}, too; take one of them out")
    if not names:
        raise DatasetError(f"{file}: names no video; get the file again")
    return list(names)


def read_table(
    file: Path, *, columns: tuple[str, ...], delimiter: str = ",", has_head: bool
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the rows of a delimited file as (place, cells by column).

    Args:
        file: the file.
        columns: the names of its columns; with a head, those that must be in it.
        delimiter: "," or a tab. In a file with tabs, quotation marks mean themselves.
        has_head: whether its first line names the columns.

    Raises:
        DatasetError: it cannot be read, a column is missing or there twice, or a row has another number of cells.
    """
    rows = csv_rows(file, _text_of(file), delimiter=delimiter)
    head = next(rows, (1, list[str]()))[1] if has_head else list(columns)
    lacking = [name for name in columns if name not in head]
    if lacking:
        raise DatasetError(
            f"{file}, line 1: lacks the column {lacking[0]}; the published file has {', '.join(columns)}"
        )
    check_head(file, head)
    for number, row in rows:
        where = f"line {number}"
        if len(row) != len(head):
            raise DatasetError(f"{file}, {where}: has {len(row)} cells instead of {len(head)}; get the file again")
        yield where, dict(zip(head, row, strict=True))


def csv_rows(file: Path, text: str, *, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a delimited text that are not empty, each with the number of the line on which it begins.

    Args:
        file: where the text is from, for messages.
        text: the text.
        delimiter: "," or a tab. In a file with tabs, quotation marks mean themselves.

    Raises:
        DatasetError: a row is not CSV, such as one whose quotation mark is not closed.
    """
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
        strict=True,
    )
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            where = f"{file}, line {number}"
            if "field limit" in str(error):
                raise DatasetError(
                    f"{where}: a cell has more than {csv.field_size_limit()} characters; a quotation mark that is not "
                    "closed takes in the rows after it"
                ) from error
            if "unexpected end" in str(error):
                raise DatasetError(f"{where}: is not CSV: a quotation mark is not closed in this row") from error
            upto = f" up to line {reader.line_num}" if reader.line_num > number else ""
            raise DatasetError(f"{where}{upto}: is not CSV ({error}); a quotation mark may be missing") from error
        if row is None:
            return
        if row:
            yield number, row


def check_head(file: Path, head: Sequence[str]) -> None:
    """Refuse a table with two columns of one name, of which one would be lost silently.

    Raises:
        DatasetError: it has.
    """
    twice = [name for name, count in Counter(head).items() if count > 1]
    if twice:
        raise DatasetError(f"{file}: has the column {shown(twice[0])} twice; take one of them out")


def check_video_id(video_id: str, where: str) -> None:
    """Refuse an id that cannot be the name of a file; one with a separator would lead out of the data set's folder.

    Args:
        video_id: the id.
        where: file and place, for the message.

    Raises:
        DatasetError: it is empty, "." or "..", too long, or has a separator, NUL or half characters.
    """
    if video_id in ("", ".", "..") or len(video_id) > MAX_ID_LENGTH or _NOT_IN_IDS.search(video_id):
        raise DatasetError(
            f"{_printable(where)}: the video's id is {shown(video_id)}, which cannot be the name of a file; get the "
            "file again"
        )


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


class _PlainUnpickler(pickle.Unpickler):
    """Reads lists, dicts, texts and numbers; anything that a pickle would call is refused, so it cannot do anything."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"it wants to call {module}.{name}")


def read_plain_pickle(file: Path) -> Any:
    """Return the content of a pickle that holds nothing but lists, dicts, texts and numbers.

    Raises:
        DatasetError: it cannot be read, or it would call something, as a pickle that does harm does.
    """
    try:
        if file.stat().st_size > MAX_PICKLE_BYTES:
            raise DatasetError(f"{file}: has {file.stat().st_size} bytes; no pickle of captions is that large")
        content = file.read_bytes()
    except OSError as error:
        raise DatasetError(f"{file}: cannot be read ({error.strerror})") from error
    try:
        # The files that go around are from Python 2, whose texts are bytes.
        return _PlainUnpickler(io.BytesIO(content), encoding="utf-8").load()
    except Exception as error:  # a damaged pickle raises anything
        raise DatasetError(
            f"{file}: is no pickle of plain captions ({' '.join(str(error).split())}); get it again, or as JSON"
        ) from error


def captions_by_video(file: Path, captions: Iterable[Caption]) -> dict[str, list[str]]:
    """Return the captions of each video, in the order of the file, with single spaces.

    Blank captions are left out, with one warning that counts them and names the first.

    Raises:
        DatasetError: a caption is no text, or has NUL or half characters; or an id cannot be that of a video.
    """
    found: dict[str, list[str]] = {}
    blank: list[Caption] = []
    for caption in captions:
        if not isinstance(caption.text, str):
            raise wrong_shape(file, caption.where, caption.text, "a text")
        if _NOT_IN_TEXTS.search(caption.text):
            raise DatasetError(
                f"{_printable(f'{file}, {caption.where}')}: the caption is {shown(caption.text)}, which has NUL or "
                "half characters (surrogates); get the file again"
            )
        if caption.video_id not in found:
            check_video_id(caption.video_id, f"{file}, {caption.where}")
        text = " ".join(caption.text.split())
        texts = found.setdefault(caption.video_id, [])
        if text:
            texts.append(text)
        else:
            blank.append(caption)
    if blank:
        first = blank[0]
        logger.warning(
            "%s, %s: the caption of %s is blank, and left out (%d in all)",
            file,
            first.where,
            first.video_id,
            len(blank),
        )
    return found
