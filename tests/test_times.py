from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.times import clock, exact_clock, parse_time, time_span


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (9.99, "0:09"), (61, "1:01"), (3599, "59:59"), (3661.5, "1:01:01")]
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "decimals", "text"),
    [
        (0, 1, "0:00.0"),
        (9.94, 1, "0:09.9"),
        (9.96, 1, "0:10.0"),
        (59.97, 1, "1:00.0"),
        (3599.96, 1, "1:00:00.0"),
        (61.5, 3, "1:01.500"),
        (0.05, 2, "0:00.05"),
    ],
)
def test_decimals_of_a_clock_are_rounded(seconds: float, decimals: int, text: str) -> None:
    assert clock(seconds, decimals=decimals) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (10, "0:10"),
        (61.5, "1:01.5"),
        (0.05, "0:00.05"),
        (59.9996, "1:00"),
        (3600, "1:00:00"),
        (3661.503, "1:01:01.503"),
        (2.3e-9, "0:00"),
    ],
)
def test_an_exact_clock_has_no_more_decimals_than_it_needs(seconds: float, text: str) -> None:
    assert exact_clock(seconds) == text


@given(st.floats(0, 10**6))
def test_an_exact_clock_is_read_back_to_the_millisecond(seconds: float) -> None:
    text = exact_clock(seconds)
    assert abs(parse_time(text) - seconds) <= 0.000501
    assert parse_time(text) == pytest.approx(round(1000 * seconds) / 1000, abs=1e-9)
    assert "." not in text or not text.endswith(("0", "."))


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
    [
        ("0", 0),
        ("12.5", 12.5),
        ("90", 90),
        ("1:02", 62),
        ("90:00", 5400),
        ("1:02:03.25", 3723.25),
        (" 7. ", 7),
        ("30s", 30),
        ("1.5 s", 1.5),
        ("1m30s", 90),
        ("1m 30.5 s", 90.5),
        ("2 min", 120),
        ("90M", 5400),
        ("1h", 3600),
        ("1h2m3.25s", 3723.25),
        ("1h5s", 3605),
        (".5", 0.5),
        (".5s", 0.5),
        ("1m.5s", 60.5),
        ("30sec", 30),
        ("30 secs", 30),
        ("30 Seconds", 30),
        ("1 second", 1),
        ("1:30 sec", 90),
        ("1 min 30 s", 90),
        ("2 mins", 120),
        ("2minutes 5seconds", 125),
        ("1 hour 2 minutes", 3720),
        ("2 hrs", 7200),
        ("1hr30min", 5400),
    ],
)
def test_times_are_read(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-1",
        "1:60",
        "1:60:00",
        "1:2:3:4",
        "x",
        "nan",
        "inf",
        "1e3",
        "1:-2",
        ".5:1",
        "s",
        "30ss",
        "m",
        "1m30",
        "1h60m",
        "1m60s",
        "30s1m",
        ".",
        ".s",
        "1:.5",
        "1..5",
        "1.5.5",
        "5 parsecs",
        "30se",
        "2mi",
        "2 months",
        "1ho",
        "30secss",
        "1 30 s",
        "1,5",
    ],
)
def test_what_is_no_time_is_one_clear_line(text: str) -> None:
    with pytest.raises(InputError, match=r"is no time; write seconds such as 12\.5 or 30s, or 1m30s, or 2:12\.5"):
        parse_time(text)


@given(st.integers(0, 10**7))
def test_what_clock_writes_is_read_back(seconds: int) -> None:
    assert parse_time(clock(seconds)) == seconds
