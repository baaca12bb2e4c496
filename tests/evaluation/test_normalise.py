"""Dual softmax and QB-Norm against their definitions, written out with whole matrices."""

from __future__ import annotations

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.evaluation.normalise import (
    BankNormalised,
    DualSoftmax,
    DualSoftmaxSimilarities,
    QueryBank,
    bank_of,
)
from framecue.evaluation.ranking import text_ranks, video_ranks
from framecue.evaluation.similarities import DenseSimilarities

OWNERS = np.array([0, 0, 1, 2, 3, 3, 4, 5, 6, 7])


@pytest.fixture
def cosines() -> np.ndarray:
    return np.random.default_rng(4).uniform(-0.1, 0.4, (10, 8))


def softmax(values: np.ndarray, axis: int) -> np.ndarray:
    return np.exp(values) / np.exp(values).sum(axis=axis, keepdims=True)


def pessimistic(rows: np.ndarray) -> list[int]:
    own = rows[np.arange(len(rows)), OWNERS]
    return (rows >= own[:, None]).sum(axis=1).tolist()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 20.0])
def test_dual_softmax_is_s_times_a_softmax_over_the_queries_times_their_number(
    cosines: np.ndarray, temperature: float
) -> None:
    base = DenseSimilarities(cosines, OWNERS, block_numbers=24)
    weighed = DualSoftmaxSimilarities(base, scale=100.0, temperature=temperature)
    logits = 100.0 * cosines
    by_text = logits * softmax(logits / temperature, axis=0) * len(logits)
    by_video = logits * softmax(logits / temperature, axis=1) * logits.shape[1]
    np.testing.assert_allclose(np.concatenate([block for _, block in weighed.row_blocks()]), by_text)
    np.testing.assert_allclose(np.concatenate([block for _, block in weighed.column_blocks()], axis=1), by_video)
    assert text_ranks(weighed).tolist() == pessimistic(by_text)
    assert pessimistic(by_text) != pessimistic(cosines)
    groups = np.maximum.reduceat(by_video, [0, 2, 3, 4, 6, 7, 8, 9], axis=0)
    assert video_ranks(weighed).groups.tolist() == (groups >= groups.diagonal()).sum(axis=0).tolist()


def test_dual_softmax_leaves_videos_that_could_not_be_read_out(cosines: np.ndarray) -> None:
    shown = [0, 1, 2, 3, 4, 6, 7]
    weighed = DualSoftmaxSimilarities(DenseSimilarities(cosines, OWNERS, missing=[5]), scale=100.0, temperature=1.0)
    logits = 100.0 * cosines[:, shown]
    ((_, rows),) = weighed.row_blocks()
    np.testing.assert_allclose(rows[:, shown], logits * softmax(logits, axis=0) * 10)
    assert (rows[:, 5] == -np.inf).all()
    ((_, columns),) = weighed.column_blocks()
    np.testing.assert_allclose(columns[:, shown], logits * softmax(logits, axis=1) * 8)
    assert text_ranks(weighed)[7] == video_ranks(weighed).groups[5] == 9


@pytest.mark.parametrize("depth", [1, 2])
def test_qb_norm_is_a_ratio_for_the_texts_whose_first_video_is_a_hub(cosines: np.ndarray, depth: int) -> None:
    bank_texts = np.random.default_rng(9).uniform(-0.1, 0.4, (4, 8))
    beta = 20.0
    hubs = {int(video) for row in bank_texts for video in np.argsort(-row)[:depth]}
    expected = cosines.copy()
    for text, row in enumerate(cosines):
        if int(row.argmax()) in hubs:
            expected[text] = np.exp(beta * row) / np.exp(beta * bank_texts).sum(axis=0)
    assert {int(row.argmax()) in hubs for row in cosines} == {True, False}
    bank = bank_of(iter([bank_texts[:3], bank_texts[3:]]), 8, temperature=1 / beta, depth=depth)
    assert set(np.flatnonzero(bank.hubs).tolist()) == hubs
    normalised = BankNormalised(DenseSimilarities(cosines, OWNERS, block_numbers=24), bank)
    assert text_ranks(normalised).tolist() == pessimistic(expected)
    assert pessimistic(expected) != pessimistic(cosines)
    rows = np.concatenate([block for _, block in normalised.row_blocks()])
    np.testing.assert_array_equal(np.argsort(-rows, axis=1), np.argsort(-expected, axis=1))


def test_qb_norm_keeps_order_where_ratios_would_underflow() -> None:
    cosines = np.array([[0.9, 0.8, -0.9], [0.9, 0.5, 0.4], [0.9, 0.1, 0.2]])
    bank = bank_of(iter([np.array([[0.95, -0.9, -0.9]])]), 3, temperature=1 / 2000, depth=1)
    # Videos 1 and 2 are hubs of no text; their bank is almost nothing, so they come before video 0.
    assert text_ranks(BankNormalised(DenseSimilarities(cosines, [0, 1, 2]), bank)).tolist() == [3, 1, 1]


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_a_temperature_that_makes_no_sense(temperature: float) -> None:
    with pytest.raises(InputError, match="give a number above 0"):
        DualSoftmax(temperature=temperature)
    with pytest.raises(InputError, match="give a number above 0"):
        QueryBank(texts=("a",), temperature=temperature)


def test_a_bank_that_makes_no_sense() -> None:
    assert QueryBank(texts=("a",)).temperature == pytest.approx(1 / 20)
    with pytest.raises(InputError, match="the query bank is empty; give captions of the training split"):
        QueryBank(texts=())
    with pytest.raises(InputError, match="depth is 0"):
        QueryBank(texts=("a",), depth=0)
