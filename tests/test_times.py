from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.times import clock, parse_time, time_span


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (9.99, "0:09"), (61, "1:01"), (3599, "59:59"), (3661.5, "1:01:01")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "decimals", "text", "trimmed"),
    [
        (0, 1, "0:00.0", "0:00"),
        (61.25, 3, "1:01.250", "1:01.25"),
        (59.96, 1, "1:00.0", "1:00"),
        (3599.9996, 3, "1:00:00.000", "1:00:00"),
        (3661.04, 2, "1:01:01.04", "1:01:01.04"),
        (100.0, 2, "1:40.00", "1:40"),
        (60.5, 0, "1:00", "1:00"),
    ],
)
def test_decimals_are_rounded_and_may_be_trimmed(seconds: float, decimals: int, text: str, trimmed: str) -> None:
    assert clock(seconds, decimals=decimals) == text
    assert clock(seconds, decimals=decimals, trim=True) == trimmed


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, 0, "0:00\u20130:00"),
        (0, 2, "0:00\u20130:02"),
        (0, 1.98, "0:00\u20130:02"),
        (0, 0.5, "0:00.0\u20130:00.5"),
        (12.5, 15, "0:12.5\u20130:15.0"),
        (59.97, 61.26, "1:00.0\u20131:01.3"),
        (3599.5, 3602, "59:59.5\u20131:00:02.0"),
        (0, 61.2, "0:00\u20131:02"),
        (5.4, 3661.5, "0:05\u20131:01:02"),
    ],
)
def test_a_short_span_has_tenths_and_the_end_of_a_long_one_is_rounded_up(start: float, end: float, text: str) -> None:
    assert time_span(start, end) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("12.5", 12.5), ("90", 90), ("1:02", 62), ("90:00", 5400), ("1:02:03.25", 3723.25), (" 7. ", 7)],
)
def test_times_are_read(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:60:00", "1:2:3:4", "x", "nan", "inf", "1e3", "1:-2", ".5:1"])
def test_what_is_no_time_is_one_clear_line(text: str) -> None:
    with pytest.raises(InputError, match=r"is no time; write seconds such as 12\.5"):
        parse_time(text)


@given(st.integers(0, 10**7))
def test_what_clock_writes_is_read_back(seconds: int) -> None:
    assert parse_time(clock(seconds)) == seconds


@given(st.floats(0, 1e6), st.integers(1, 4), st.booleans())
def test_decimals_are_read_back(seconds: float, decimals: int, trim: bool) -> None:
    assert parse_time(clock(seconds, decimals=decimals, trim=trim)) == pytest.approx(seconds, abs=0.51 * 10**-decimals)
