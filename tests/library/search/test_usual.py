from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from framecue.library.search.usual import Usual, unit
from framecue.library.store import Store
from support.colours import ColourEncoder


def test_a_standardised_vector_has_scores_that_differ_by_one_over_the_library() -> None:
    sample = np.random.default_rng(0).normal(size=(256, 8)).astype(np.float32)
    sample /= np.linalg.norm(sample, axis=1, keepdims=True)
    usual = Usual(sample)
    for vector in sample[:3]:
        assert (sample @ usual.standardised(vector)).std() == pytest.approx(1, abs=1e-5)
        assert usual.spread(vector) == pytest.approx((sample @ vector).std(), abs=1e-6)


def test_where_nothing_differs_nothing_is_blown_up() -> None:
    same = Usual(np.tile(np.float32([1, 0, 0]), (20, 1)))
    none = Usual(np.zeros((0, 3), dtype=np.float32))
    for usual in (same, none):
        assert usual.spread(np.float32([1, 0, 0])) == 1e-3


def test_a_small_library_is_its_own_sample_and_a_larger_one_has_its_backgrounds(
    make_store: Callable[..., Store], colour_model: ColourEncoder
) -> None:
    rng = np.random.default_rng(0)
    for number in (0, 4, 30):
        rows = [{"path": f"/{place}.mp4", "vector": rng.normal(size=4)} for place in range(number)]
        store = make_store(rows, name=f"{number}.lance")
        sample = Usual.of(store, colour_model).sample
        assert sample.shape == (number, 4)
        np.testing.assert_allclose(np.linalg.norm(sample, axis=1), 1, atol=1e-3)


def test_a_sum_of_which_nothing_is_left_has_no_direction() -> None:
    vector = unit(np.array([3.0, 4.0]))
    assert vector is not None
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, [0.6, 0.8], atol=1e-6)
    assert unit(np.array([1e-3, 0]), beside=100) is None
