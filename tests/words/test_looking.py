from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.video import Segmentation
from framecue.words.looking import looked_at, segment_edges


@pytest.mark.parametrize(
    ("segments", "moments"),
    [
        ([(0.0, 0.0)], (0.0,)),
        ([(3.0, 3.0)], (3.0,)),
        ([(0.0, 1.0)], (0.5,)),
        ([(0.0, 4.0)], (1.0, 3.0)),
        ([(0.5, 2.5), (2.5, 6.5)], (1.5, 3.5, 5.5)),
        ([(0.0, 5.0), (2.5, 7.5), (5.0, 10.0)], (1.0, 3.0, 5.0, 7.0, 9.0)),
    ],
)
def test_moments_are_even_from_cut_to_cut(segments: list[tuple[float, float]], moments: tuple[float, ...]) -> None:
    assert looked_at(segments) == pytest.approx(moments)


def test_edges_are_where_no_segment_goes_on() -> None:
    assert segment_edges([(0.0, 5.0), (2.5, 7.5), (7.5, 9.0), (9.0, 12.0)]) == [0.0, 7.5, 9.0, 12.0]
    assert segment_edges([(1.0, 1.0)]) == [1.0]


@given(
    seconds=st.floats(0.1, 300),
    cuts=st.lists(st.floats(0, 300), max_size=20),
    kind=st.sampled_from(["shots", "windows"]),
)
def test_no_moment_of_a_video_is_far_from_one_that_is_looked_at(seconds: float, cuts: list[float], kind: str) -> None:
    segments = Segmentation(kind).segments(seconds, cuts)
    moments = looked_at(segments)
    assert list(moments) == sorted(set(moments))
    assert 0 <= moments[0] <= 1.5
    assert moments[-1] <= seconds <= moments[-1] + 1.5
    assert all(later - sooner < 3.0 for sooner, later in pairwise(moments))
    # Segments of the usual length overlap by half.
    assert len(moments) <= max(2 * len(segments), seconds / 2 + len(segments))
