"""Names of moments: whatever the path holds, what was named is what is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.video import format_hit, is_span, parse_hit

paths = st.text(st.characters(codec=None), min_size=1) | st.sampled_from(
    ["a@1:00-2:00", "@", "-", "a@b-c.mp4", "~/x y.mp4", "line\nbreak", "bad\udcff.mp4"]
)


@given(paths, st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_name_gives_back_what_was_named(path, start, length):
    found_path, found_start, found_end = parse_hit(format_hit(path, start, start + length))
    assert found_path == path
    assert (found_start, found_end) == pytest.approx((start, start + length), abs=0.000501)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, 0, "0:00-0:00"),
        (61.5, 66.5, "1:01.5-1:06.5"),
        (59.9996, 60.25, "1:00-1:00.25"),
        (3599.999, 3600, "59:59.999-1:00:00"),
        (7263.04, 36000, "2:01:03.04-10:00:00"),
    ],
)
def test_how_times_are_written(start, end, text):
    assert format_hit("a.mp4", start, end) == f"a.mp4@{text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.mp4@61.5-66.5", ("a.mp4", 61.5, 66.5)),
        ("me@home-2.mp4@1:02-1:1:02.25", ("me@home-2.mp4", 62.0, 3662.25)),
        ("a.mp4@5-5", ("a.mp4", 5.0, 5.0)),
        ("a.mp4@0.1-5.", ("a.mp4", 0.1, 5.0)),
        ("a b.mp4@0:40\u20130:45", ("a b.mp4", 40.0, 45.0)),
        ("a.mp4@0:40 \u2014 0:45", ("a.mp4", 40.0, 45.0)),
        ("a.mp4@0:40\u22120:45", ("a.mp4", 40.0, 45.0)),
        ("a b.mp4 0:40\u20130:45", ("a b.mp4", 40.0, 45.0)),
        ("0:40\u20130:45   a b.mp4", ("a b.mp4", 40.0, 45.0)),
        ("  3   0.512   0:40.5\u20130:45.0   a b.mp4", ("a b.mp4", 40.5, 45.0)),
        ("0:40-0:45@1-2", ("0:40-0:45", 1.0, 2.0)),
    ],
)
def test_times_that_people_type(text, expected):
    assert parse_hit(text) == expected


@pytest.mark.parametrize(
    "text", ["", "a.mp4", "a.mp4@5", "@1-2", "a@-1-2", "a@1:2:3:4-5", "a@1-2x", "a@1e3-2e3", "a@٣-٤"]
)
def test_what_is_no_name(text):
    with pytest.raises(InputError, match=r"names no moment: give PATH@START-END, for example"):
        parse_hit(text)


def test_an_end_before_the_start():
    with pytest.raises(InputError, match=r"'a@2-1' ends before it starts"):
        parse_hit("a@2-1")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0:40\u20130:45", True),
        (" 1-2 ", True),
        ("1:00:00.5 - 2:00:00", True),
        ("a@1-2", False),
        ("1-2x", False),
        ("5", False),
    ],
)
def test_times_alone(text, expected):
    assert is_span(text) is expected
