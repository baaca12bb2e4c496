"""Hits as people give them to ``framecue clip``: as arguments, as the table shows them, and on standard input."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from framecue.errors import InputError
from framecue.video import is_span, parse_hit

__all__ = ["Moment", "read_arguments", "read_lines", "read_texts"]

Moment = tuple[str, float, float]
"""A path, and where the moment starts and ends, in seconds."""


def read_arguments(words: Sequence[str]) -> list[Moment | InputError]:
    """Return the hits that words name: each whole, or a path and its times as two words, in either order.

    Returns:
        The hits in order, and for words that name none what is wrong with them.
    """
    found: list[Moment | InputError] = []
    path: str | None = None  # of the times that are to come; or that came, when it is used
    is_used = False
    times: str | None = None  # of the path that is to come
    for word in words:
        if is_span(word):
            if path is not None:
                found.append(_hit(f"{path}@{word}"))
                is_used = True
            else:
                if times is not None:
                    found.append(_hit(times))
                times = word
            continue
        whole = _hit(word)
        if not isinstance(whole, InputError):
            found.append(whole)
        elif times is not None:
            found.append(_hit(f"{word}@{times}"))
            times = None
        else:
            if path is not None and not is_used:
                found.append(_hit(path))
            path, is_used = word, False
    found += [_hit(left) for left in (times, None if is_used else path) if left is not None]
    return found


def read_lines(source: BinaryIO, *, null: bool) -> Iterator[Moment | InputError]:
    """Yield the hits that lines name, as ``framecue search --format hit`` prints them, or ``jsonl``, or its table.

    Args:
        source: standard input.
        null: whether a zero byte ends each, and not the end of a line.
    """
    return map(_hit, read_texts(source, null=null))


def read_texts(source: BinaryIO, *, null: bool) -> Iterator[str]:
    """Yield the lines as :func:`read_lines` reads them, without those that are empty; of ``jsonl`` the hit's name.

    Args:
        source: standard input.
        null: whether a zero byte ends each, and not the end of a line.
    """
    for part in source.read().split(b"\0" if null else b"\n"):
        line = os.fsdecode(part if null else part.removesuffix(b"\r"))
        if line.strip():
            yield _in_json(line) if line.startswith("{") else line


def _in_json(line: str) -> str:
    """Return the hit that a line of ``--format jsonl`` names; the line itself if it is none."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return line
    hit = document.get("hit") if isinstance(document, dict) else None
    return hit if isinstance(hit, str) else line


def _hit(text: str) -> Moment | InputError:
    try:
        return parse_hit(text)
    except InputError as error:
        return error
