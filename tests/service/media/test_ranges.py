"""Ranges of bytes, as RFC 9110 has them."""

from __future__ import annotations

import pytest

from framecue.service.media.ranges import UnsatisfiableError, parse_ranges

SIZE = 1000


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-", [(500, 1000)]),
        ("bytes=-200", [(800, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=0-0", [(0, 1)]),
        ("bytes=999-4000", [(999, 1000)]),
        ("Bytes = 1-2 , 4-5", [(1, 3), (4, 6)]),
        ("bytes=700-800,,0-10", [(700, 801), (0, 11)]),
        ("bytes=0-10,2000-", [(0, 11)]),  # what is not in the file is left out of several
    ],
)
def test_ranges_that_are_in_the_file(header: str, expected: list[tuple[int, int]]) -> None:
    assert parse_ranges(header, SIZE) == expected


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001,2000-", "bytes=-0", "bytes=999999999999999999-"])
def test_ranges_of_which_none_is_in_the_file(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        parse_ranges(header, SIZE)


@pytest.mark.parametrize(
    "header",
    [
        *(None, "", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=a-b", "bytes=5-3", "bytes=--5", "bytes=1-2-3"),
        *("lines=1-2", "bytes=0x1-2", "bytes=\u0661-\u0662", "bytes=1.5-2", "bytes=9999999999999999999-"),
        "bytes=" + ",".join(f"{2 * n}-{2 * n}" for n in range(17)),  # many
        "bytes=0-,0-,0-",  # that overlap
        "bytes=0-10,5-15",
        "bytes=0-10,oops",
    ],
)
def test_what_is_no_range_gets_the_whole_file(header: str | None) -> None:
    assert parse_ranges(header, SIZE) is None


def test_an_empty_file_has_no_range() -> None:
    for header in ("bytes=0-", "bytes=-1"):
        with pytest.raises(UnsatisfiableError):
            parse_ranges(header, 0)
