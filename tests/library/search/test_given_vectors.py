from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from framecue.errors import InputError
from framecue.library.search.given_vectors import QueryVector, as_weighted_vectors

UNIT = np.array([0.6, 0.8, 0], dtype=np.float32)


def values(given: object) -> list[list[float]]:
    return [vector.values.tolist() for vector, _ in as_weighted_vectors(given)]


@pytest.mark.parametrize(
    "one",
    [
        UNIT,
        UNIT[None],
        [0.6, 0.8, 0],
        (3, 4, 0),
        np.array([30, 40, 0]),
        torch.tensor([3.0, 4.0, 0.0]),
        torch.tensor([[3.0, 4.0, 0.0]], dtype=torch.bfloat16),
        [UNIT],
        [(UNIT, 1.0)],
        [(UNIT[None], 1.0)],
        [np.float32(0.6), np.float32(0.8), 0],
    ],
    ids=lambda value: str(value).replace("\n", ""),
)
def test_a_vector_in_every_form(one: object) -> None:
    ((vector, weight),) = as_weighted_vectors(one)
    np.testing.assert_allclose(vector.values, UNIT, atol=1e-7)
    assert weight == 1.0
    assert vector.values.dtype == np.float32


def test_several_with_weights() -> None:
    found = as_weighted_vectors([(UNIT, 0.5), UNIT[::-1], (np.stack([UNIT, -UNIT]), -2)])
    assert [weight for _, weight in found] == [0.5, 1.0, -2, -2]
    assert len(values(np.stack([UNIT] * 4))) == 4
    assert as_weighted_vectors(()) == []


def test_a_unit_vector_is_kept_bit_by_bit() -> None:
    for seed in range(20):
        wide = np.random.default_rng(seed).normal(size=512)
        unit = (wide / np.linalg.norm(wide)).astype(np.float32)
        ((vector, _),) = as_weighted_vectors(unit)
        np.testing.assert_array_equal(vector.values, unit)
        assert pickle.loads(pickle.dumps(vector)) == vector == QueryVector(unit.tobytes())


@given(arrays.arrays(np.float64, 5, elements=st.floats(allow_nan=False, allow_infinity=False)))
def test_every_finite_vector_but_0_has_length_1(vector: np.ndarray) -> None:
    if not np.abs(vector).max():
        return
    ((found, _),) = as_weighted_vectors(vector)
    assert np.linalg.norm(found.values.astype(np.float64)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([0.0, float("nan")], "holds NaN or infinity"),
        ([float("inf"), 1], "holds NaN or infinity"),
        (np.zeros(4), "is 0 throughout"),
        (np.zeros((0, 4)), r"an array of shape \(0, 4\)"),
        (np.zeros((2, 2, 4)), r"an array of shape \(2, 2, 4\)"),
        (np.array(3.0), r"shape \(\)"),
        (np.array(["a", "b"]), "an array of <U1"),
        (np.array([True, False]), "an array of bool"),
        (np.array([1j]), "an array of complex128"),
        ("abc", "vectors is 'abc'; give an array"),
        (3, "vectors is 3"),
        (None, "vectors is None"),
        ([None], "an array of object"),
        ([[1.0, 2.0], [3.0, "x"]], "an array of <U32"),
        ([[[1.0], [2.0, 3.0]]], "no array"),
    ],
)
def test_what_is_no_vector_is_one_clear_line(value: object, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        as_weighted_vectors(value)
    assert "\n" not in str(caught.value)
