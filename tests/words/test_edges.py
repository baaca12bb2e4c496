from __future__ import annotations

import numpy as np
import pytest

from framecue.words.edges import Change, grey_copy, likeness


def found(change: Change, *likenesses: float) -> dict[float, float]:
    return dict(zip(change.moments, likenesses, strict=True))


def test_moments_run_from_where_it_is_absent_to_before_where_it_is_there() -> None:
    assert Change(2.0, 4.0).moments == pytest.approx((2.0, 2.4, 2.8, 3.2, 3.6))
    assert Change(4.0, 2.0).moments == pytest.approx((4.0, 3.6, 3.2, 2.8, 2.4))
    assert Change(1.0, 1.0).moments == ()
    assert len(Change(0.0, 1000.0).moments) == 16


def test_a_text_comes_half_way_between_where_it_is_not_and_where_it_is() -> None:
    change = Change(2.0, 4.0)
    assert change.seconds(found(change, 0.1, 0.2, 0.1, 0.95, 0.97), []) == pytest.approx(3.0)
    assert change.seconds(found(change, 0.1, 0.9, 0.9, 0.9, 0.9), []) == pytest.approx(2.2)
    assert change.seconds(found(change, 0.1, 0.2, 0.1, 0.1, 0.2), []) == pytest.approx(3.8)


def test_a_text_goes_likewise() -> None:
    change = Change(4.0, 2.0)
    assert change.seconds(found(change, -0.1, 0.2, 0.1, 0.95, 0.97), []) == pytest.approx(3.0)


def test_what_is_like_it_where_it_is_not_raises_what_counts() -> None:
    change = Change(2.0, 4.0)
    assert change.seconds(found(change, 0.7, 0.75, 0.7, 0.95, 0.97), []) == pytest.approx(3.0)


def test_where_likeness_does_not_tell_it_changes_with_a_cut_or_half_way() -> None:
    change = Change(2.0, 4.0)
    alike = found(change, 0.95, 0.95, 0.95, 0.95, 0.95)
    assert change.seconds(alike, [0.0, 1.9, 2.5, 3.8, 9.0]) == 2.5
    assert change.seconds(alike, [0.0, 9.0]) == 3.0
    assert change.seconds({}, [0.0, 9.0]) == 3.0
    assert Change(1.0, 1.0).seconds({}, [1.0]) == 1.0


def test_a_text_that_is_there_from_the_beginning_comes_with_it() -> None:
    change = Change(0.0, 1.0)
    assert change.seconds(found(change, 1.0, 1.0, 1.0), [0.0, 9.0]) == 0.0


def test_a_moment_that_could_not_be_seen_is_passed_over() -> None:
    change = Change(2.0, 4.0)
    first, *_, last = change.moments
    assert change.seconds({first: 0.0, last: 0.9}, []) == pytest.approx(2.2)


def test_likeness_is_correlation() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 200, (2, 12, 96), dtype=np.uint8)
    assert likeness(one, one) == pytest.approx(1.0)
    assert likeness(one, (one // 2 + 40).astype(np.uint8)) > 0.99
    assert likeness(one, (255 - one).astype(np.uint8)) == pytest.approx(-1.0)
    assert abs(likeness(one, other)) < 0.2
    assert likeness(one, np.full_like(one, 7)) == 0.0


def test_a_grey_copy_has_a_size_that_a_pixel_does_not_change() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (31, 301, 3), dtype=np.uint8)
    assert grey_copy(pixels).shape == grey_copy(pixels[1:, 1:]).shape == (12, 120)
    assert grey_copy(pixels[:2]).shape == (12, 200)
    assert grey_copy(pixels[:, :1]).shape == (12, 8)
    assert grey_copy(pixels).dtype == np.uint8
    assert grey_copy(pixels, num_columns=40).shape == (12, 40)
