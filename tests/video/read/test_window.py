"""Windows and sizes that make no sense, before any file is opened."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.video.read.window import check_short_side, check_window

seconds = st.none() | st.floats()


@given(seconds, seconds)
def test_a_window_starts_in_the_video_and_ends_after_that(start, end):
    first = 0.0 if start is None else start
    is_fine = first >= 0 and (end is None or end > first)
    if is_fine:
        check_window(start, end)
        return
    with pytest.raises(InputError, match="give 0 <= start < end"):
        check_window(start, end)


def test_a_number_that_is_none_is_no_window():
    for window in ((math.nan, None), (0.0, math.nan), (None, math.nan)):
        with pytest.raises(InputError, match="nan"):
            check_window(*window)


def test_a_size_has_pixels():
    for short_side in (None, 1, 224):
        check_short_side(short_side)
    for short_side in (0, -3):
        with pytest.raises(InputError, match=f"short_side is {short_side}; it must be at least 1 pixel"):
            check_short_side(short_side)
