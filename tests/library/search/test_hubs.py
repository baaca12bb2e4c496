"""Segments that are near to whatever is asked, or to nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framecue.library.search import hubs as module
from framecue.library.search.confidence import Confidence, Yardstick
from framecue.library.search.hubs import Hubs
from framecue.library.store.background import Background

RNG = np.random.default_rng(5)
WIDTH = 24


def units(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def background(sample: np.ndarray, querybank: np.ndarray | None) -> Background:
    bank = units(RNG.normal(size=(100, WIDTH)))
    scores = bank @ sample.T
    return Background(
        "", len(sample), sample, scores.max(axis=1), scores.mean(axis=1), scores.std(axis=1), 60, querybank
    )


@pytest.fixture
def bank() -> np.ndarray:
    return units(RNG.normal(size=(400, WIDTH)))


def test_what_shows_something_else_is_taken_down_and_what_shows_nothing_known_is_lifted(bank: np.ndarray) -> None:
    # One shows what a query of the bank means, the other nothing that any means; both are as near to what is asked.
    known, blurred = bank[0], units(RNG.normal(size=(1, WIDTH)))[0]
    sample = units(bank[:60] + 0.6 * units(RNG.normal(size=(60, WIDTH))))
    found = Hubs.of(background(sample, bank))
    assert found is not None
    taken = found.corrections(np.stack([known, blurred]))
    assert taken[0] > 0 > taken[1]
    # Of the library as a whole nothing is taken.
    assert found.corrections(sample).mean() == pytest.approx(0, abs=1e-6)
    confidence = Confidence(0.2, 0.05, hubs=found)
    assert confidence.of_segment(0.5, known) < confidence.of(0.5) < confidence.of_segment(0.5, blurred)


def test_it_is_the_mean_of_the_nearest_queries_whatever_the_length_of_a_vector(
    bank: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = RNG.normal(size=(7, WIDTH)).astype(np.float32)
    found = Hubs(bank, usual=0.1)
    cosines = np.sort(units(vectors).astype(np.float64) @ bank.astype(np.float64).T, axis=1)
    expected = module._SHARE * (cosines[:, -module._NEAREST :].mean(axis=1) - 0.1)
    np.testing.assert_allclose(found.corrections(vectors), expected, atol=1e-6)
    np.testing.assert_allclose(found.corrections((3 * vectors).astype(np.float16)), expected, atol=2e-3)
    monkeypatch.setattr(module, "_SEGMENTS_AT_A_TIME", 2)
    np.testing.assert_allclose(found.corrections(vectors), expected, atol=1e-6)
    assert len(found.corrections(vectors[:0])) == 0
    # A bank with fewer queries than are compared.
    np.testing.assert_allclose(
        Hubs(bank[:3], usual=0.0).corrections(vectors),
        module._SHARE * (units(vectors) @ bank[:3].T).mean(axis=1),
        atol=1e-6,
    )


def test_without_a_bank_a_score_means_what_it_did(bank: np.ndarray) -> None:
    sample = units(RNG.normal(size=(60, WIDTH)))
    for none in (None, np.zeros((0, WIDTH), dtype=np.float32)):
        assert Hubs.of(background(sample, none)) is None
    plain = Yardstick.of(background(sample, None)).confidence(sample[0])
    assert plain.of_segment(0.5, sample[1]) == plain.of(0.5)
    assert plain.of_segments(np.array([0.2, 0.5]), sample[:2]).tolist() == [plain.of(0.2), plain.of(0.5)]


@pytest.mark.parametrize("dimensions", [60.0, 2.0])
def test_a_text_is_judged_by_it_and_a_taught_name_is_not(bank: np.ndarray, dimensions: float) -> None:
    sample = units(RNG.normal(size=(60, WIDTH)))
    yardstick = Yardstick.of(replace(background(sample, bank), dimensions=dimensions))
    assert yardstick.hubs is not None
    assert yardstick.confidence(sample[0]).hubs is yardstick.hubs
    assert yardstick.confidence_of_joined(sample[0]).hubs is None
    assert yardstick.confidence_of_meaning().hubs is None
