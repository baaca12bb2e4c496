from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.uses.accuracy import Share, accuracy_of_ranks, wilson_interval


def test_wilson_by_hand() -> None:
    # 8 of 10: the table of Newcombe (Statistics in Medicine 17, 1998) has 81/263: 0.2553 to 0.3662, 0/20: 0 to 0.1611.
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson_interval(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@given(total=st.integers(1, 400), part=st.floats(0, 1))
def test_the_ends_are_where_the_score_test_is_at_its_limit(total: int, part: float) -> None:
    successes = round(part * total)
    low, high = wilson_interval(successes, total)
    share = successes / total
    assert 0 <= low <= share <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share - end) / math.sqrt(end * (1 - end) / total) == pytest.approx(1.959963985, abs=1e-6)
    mirrored = wilson_interval(total - successes, total)
    assert (low, high) == pytest.approx((1 - mirrored[1], 1 - mirrored[0]), abs=1e-12)


def test_a_share_that_is_none() -> None:
    for successes, total, level in ((1, 0, 95), (3, 2, 95), (-1, 2, 95), (1, 2, 100), (1, 2, 0)):
        with pytest.raises(InputError):
            wilson_interval(successes, total, level=level)
    assert Share.of(1, 2).to_dict() == pytest.approx({"percent": 50.0, "low": 9.45, "high": 90.55}, abs=0.01)


@given(st.lists(st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(1, 9))), min_size=1, max_size=30))
def test_accuracy_counts_each_video_and_unreadable_ones_as_wrong(videos: list[tuple[int, int | None]]) -> None:
    labels = "abcd"
    found = accuracy_of_ranks(labels, [label for label, _ in videos], [rank for _, rank in videos])
    assert found.num_videos == len(videos)
    assert found.num_unreadable == sum(rank is None for _, rank in videos)
    assert found.top_1.percent == pytest.approx(100 * sum(rank == 1 for _, rank in videos) / len(videos))
    assert found.top_5.percent == pytest.approx(100 * sum(rank in (1, 2, 3, 4, 5) for _, rank in videos) / len(videos))
    shares = []
    for number, label in enumerate(labels):
        ranks = [rank for own, rank in videos if own == number]
        if ranks:
            shares.append(Fraction(ranks.count(1), len(ranks)))
            (one,) = [one for one in found.classes if one.label == label]
            assert (one.num_videos, one.num_right) == (len(ranks), ranks.count(1))
    assert len(found.classes) == len(shares)
    assert found.class_mean == pytest.approx(float(100 * sum(shares) / len(shares)))


def test_no_videos_have_no_accuracy() -> None:
    with pytest.raises(InputError, match="no video has a known label"):
        accuracy_of_ranks(["a", "b"], [], [])
