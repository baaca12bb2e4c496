"""What a name is taught from, as people give it: hits, files and ranks of the last search; and on standard input."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING, BinaryIO, Union

from framecue.cli.clip_arguments import read_texts
from framecue.cli.ranks import are_ranks, read_ranks
from framecue.errors import InputError
from framecue.paths import is_url, user_path
from framecue.video import is_span, parse_hit

if TYPE_CHECKING:
    from framecue.library import VideoSpan

__all__ = ["TAKES", "GivenExample", "read_example_lines", "read_examples"]

GivenExample = Union[int, str, "VideoSpan"]
"""A rank of the last search, the path of a picture or a short video, or a moment of a video."""

_RANGE = re.compile(r"\s*\d+\s*-\s*\d+\s*", re.ASCII)
_ENDS_IN_TIMES = re.compile(r"@[\d:.\s-]+$", re.ASCII)
TAKES = (
    "give PATH@START-END as `framecue search --format hit` prints it, a picture, a short video, or ranks of the last "
    "search such as 1,4"
)
"""What an option that takes examples wants."""


def read_examples(words: Sequence[str], *, option: str) -> list[GivenExample]:
    """Return what words name: each a hit, a file, or ranks (``1,4``); or a path and its times as two words.

    Args:
        words: as they are given. Times may be several behind one path, or stand before it, as the table shows them;
            whole numbers (``1-3``) without a path before them are ranks.
        option: behind which they stand, for messages.

    Raises:
        InputError: a word names nothing.
    """
    found: list[GivenExample] = []
    path: str | None = None  # which times follow
    times: str | None = None  # which a path follows
    for word, after in pairwise([*words, ""]):
        is_pair = times is not None
        if is_span(word) and path is not None:
            found.append(_moment(f"{path}@{word}"))
            continue
        path = None
        if is_span(word) and not _RANGE.fullmatch(word) and after and not is_span(after):
            times = word
            continue
        if is_pair:
            found.append(_moment(f"{word}@{times}"))
            times = None
        elif are_ranks(word):
            found += read_ranks(word)
        elif after and is_span(after) and not _is_moment(word):
            path = word
        else:
            found.append(_example(word, option))
    return found


def read_example_lines(source: BinaryIO, *, null: bool, option: str) -> Iterator[GivenExample]:
    """Yield what lines name: hits as ``framecue search`` prints them, with or without ``--format``, or files.

    Args:
        source: standard input.
        null: whether a zero byte ends each, and not the end of a line.
        option: which names standard input, for messages.

    Raises:
        InputError: a line names nothing, or there is none.
    """
    is_empty = True
    for number, line in enumerate(read_texts(source, null=null), start=1):
        is_empty = False
        yield _example(line, f"standard input, line {number}:")
    if is_empty:
        raise InputError(
            f"{option} is -, and no hit came on standard input; `framecue search TEXT --format hit` prints some"
        )


def _is_moment(text: str) -> bool:
    try:
        parse_hit(text)
    except InputError:
        return False
    return True


def _moment(text: str) -> GivenExample:
    """Return the moment that a hit names; of a picture, whose times are 0, its path.

    Raises:
        InputError: it names none, or ends before it starts.
    """
    from framecue.library import VideoSpan

    path, start_seconds, end_seconds = parse_hit(text)
    if end_seconds == 0:
        return user_path(path)
    return VideoSpan(user_path(path), start_seconds, end_seconds)


def _example(text: str, where: str) -> GivenExample:
    """Return the moment or the file that one text names.

    Raises:
        InputError: it names neither.
    """
    if not text.strip():
        raise InputError(f"{where} has an empty value; {TAKES}")
    path = user_path(text)
    if _is_moment(text) or (_ENDS_IN_TIMES.search(text) and not os.path.lexists(path)):
        return _moment(text)
    # A name with an ending was meant for a file, also where that is gone: the library says so, or holds it.
    if is_url(path) or os.path.lexists(path) or PurePath(path).suffix:
        return path
    raise InputError(f"{where} {text[:80]!r} names no moment, file or result; {TAKES}")
