"""The direction that tells examples from a library's other moments."""

from __future__ import annotations

import numpy as np
import pytest

from framecue.names.directions import telling_direction


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def others() -> np.ndarray:
    """They differ much in the first coordinate, little in the others."""
    drawn = np.random.default_rng(0).standard_normal((400, 6)) * np.array([1.0, 0.1, 0.1, 0.1, 0.1, 0.1])
    return unit(drawn + np.array([0, 0, 0, 0, 0, 3.0]))


def test_what_varies_anyway_tells_little(others: np.ndarray):
    # Both examples are far out where the others vary too, and a little where these do not.
    examples = unit(np.array([[1.0, 0.3, 0, 0, 0, 3.0], [1.1, 0.3, 0, 0, 0, 3.0]]))
    told = telling_direction(examples, others)
    assert told.dtype == np.float32
    assert np.linalg.norm(told) == pytest.approx(1.0, abs=1e-6)
    assert abs(told[1]) > 3 * abs(told[0])
    # The mean of the examples goes the other way.
    mean = examples.mean(axis=0)
    assert mean[0] > 3 * mean[1]


def test_it_is_the_discriminant_by_hand():
    examples = np.array([[0.8, 0.6]], dtype=np.float32)
    others = np.tile(np.array([[1, 0], [0, 1], [1, 0], [0, -1]], dtype=np.float32), (20, 1))
    spread = others - others.mean(axis=0)
    covariance = spread.T @ spread / len(others)
    variance = np.trace(covariance) / 2
    # A matrix of two rows is inverted by its determinant.
    (a, b), (c, d) = covariance / variance + (0.01 + 0.3 * 2 / 80) * np.eye(2)
    inverse = np.array([[d, -b], [-c, a]]) / (a * d - b * c)
    wanted = inverse @ (examples[0] - others.mean(axis=0))
    np.testing.assert_allclose(telling_direction(examples, others), wanted / np.linalg.norm(wanted), atol=1e-6)


@pytest.mark.parametrize("number", [0, 59])
def test_beside_few_others_it_is_the_mean(number: int, others: np.ndarray):
    examples = unit(np.array([[1.0, 0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0, 0]]))
    np.testing.assert_allclose(telling_direction(examples, others[:number]), unit(examples.mean(axis=0)), atol=1e-6)


def test_where_nothing_differs_it_is_the_mean_and_where_that_is_nothing_the_first():
    same = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (80, 1))
    np.testing.assert_array_equal(telling_direction(same[:2], same), same[0])
    opposite = np.array([[1.0, 0.0], [-1.0, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(telling_direction(opposite, same[:0]), opposite[0])


def test_what_few_others_cannot_tell_is_left_to_the_examples():
    # Most of 200 coordinates vary in ways of which 70 others know nothing, and by chance the examples have some of each.
    rng = np.random.default_rng(3)
    width = 200
    meant = np.zeros(width)
    meant[0] = 4.0

    def drawn(number: int) -> np.ndarray:
        return rng.standard_normal((number, width)) * np.where(np.arange(width) < 5, 3.0, 1.0) + 2.0

    found: list[list[float]] = []
    for _ in range(20):
        examples, others = unit(drawn(3) + meant), unit(drawn(70))
        further, elsewhere = unit(drawn(100) + meant), unit(drawn(100))
        told, mean = telling_direction(examples, others), examples.mean(axis=0)
        found.append([float((further @ one > (elsewhere @ one)[:, None]).mean()) for one in (told, mean)])
    by_told, by_mean = np.mean(found, axis=0)
    assert by_told > by_mean
