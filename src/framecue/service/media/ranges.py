"""The ranges of bytes that a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import itertools
import re
from typing import NamedTuple

__all__ = ["ByteRange", "UnsatisfiableError", "parse_ranges"]

_UNIT = re.compile(r"\s*bytes\s*=(?P<ranges>.*)", re.IGNORECASE | re.DOTALL)
# No file has a length of more digits.
_RANGE = re.compile(r"(?P<first>\d{0,18})-(?P<last>\d{0,18})", re.ASCII)
# Who asks for more in one request wants to keep this machine busy; what he gets is the whole.
_MAX_RANGES = 16


class UnsatisfiableError(Exception):
    """None of the ranges is in the file."""


class ByteRange(NamedTuple):
    """Some of a file's bytes.

    Attributes:
        start: the first.
        stop: behind the last.
    """

    start: int
    stop: int


def parse_ranges(header: str | None, size_bytes: int) -> list[ByteRange] | None:
    """Return the ranges that a request wants of a file, in its order; None if it is to get the whole file.

    What is no range of bytes is as if it were not there, as the RFC has it, and so are many ranges, or ranges that
    overlap, which nobody needs.

    Args:
        header: the value of the ``Range`` header; None if there is none.
        size_bytes: of the file.

    Raises:
        UnsatisfiableError: the ranges are well formed, and none of them is in the file.
    """
    match = None if header is None else _UNIT.fullmatch(header)
    if match is None:
        return None
    parts = [part.strip() for part in match["ranges"].split(",")]
    parts = [part for part in parts if part]  # empty elements of a list do not count
    if not 1 <= len(parts) <= _MAX_RANGES:
        return None
    found: list[ByteRange] = []
    for part in parts:
        wanted = _RANGE.fullmatch(part)
        if wanted is None or part == "-":
            return None
        first, last = wanted["first"], wanted["last"]
        if first and last and int(last) < int(first):
            return None
        start, stop = _within(first, last, size_bytes)
        if start < stop:
            found.append(ByteRange(start, stop))
    if not found:
        raise UnsatisfiableError
    return None if _overlap(found) else found


def _within(first: str, last: str, size_bytes: int) -> tuple[int, int]:
    """Return where a range starts and stops in a file; one that is outside of it is empty."""
    if not first:  # so many at the end
        return max(0, size_bytes - int(last)), size_bytes
    return int(first), min(size_bytes, int(last) + 1) if last else size_bytes


def _overlap(ranges: list[ByteRange]) -> bool:
    ordered = sorted(ranges)
    return any(after.start < before.stop for before, after in itertools.pairwise(ordered))
