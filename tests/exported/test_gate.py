"""Whether a graph of bytes may stand for a model: cosines and rankings by hand."""

from __future__ import annotations

import numpy as np
import pytest

from framecue.exported.gate import Check, check, first_that_passes


def unit(values: np.ndarray) -> np.ndarray:
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


QUERIES = unit(np.random.default_rng(0).standard_normal((200, 32)))
VIDEOS = unit(np.random.default_rng(1).standard_normal((3, 32)))


def test_the_same_vectors_pass() -> None:
    found = check(VIDEOS, VIDEOS, QUERIES)
    assert found.passes
    assert (found.cosine, found.rank_correlation, found.num_videos) == (pytest.approx(1), pytest.approx(1), 3)


def test_the_worst_video_counts() -> None:
    other = VIDEOS.copy()
    other[1] = VIDEOS[0]
    found = check(VIDEOS, other, QUERIES)
    assert not found.passes
    assert found.cosine == pytest.approx(float(VIDEOS[1] @ VIDEOS[0]), abs=1e-6)


def test_spearman_by_hand() -> None:
    # Similarities 0.6, 0.8, 0 and 0.8, 0.6, 0: two neighbours change places, 1 - 6 * 2 / (3 * 8) = 0.5.
    queries, one, other = np.eye(3, dtype=np.float32), np.array([[0.6, 0.8, 0.0]]), np.array([[0.8, 0.6, 0.0]])
    assert check(one, other, queries).rank_correlation == pytest.approx(0.5)
    # Equal ones share their ranks: 0, 1.5, 1.5 and 0, 1, 2.
    tied = check(np.array([[0.0, 0.6, 0.6]]), np.array([[0.0, 0.6, 0.8]]), queries)
    assert tied.rank_correlation == pytest.approx(1.5 / (1.5 * 2) ** 0.5)
    assert check(np.zeros((1, 3)) + 0.1, np.zeros((1, 3)) + 0.1, queries).rank_correlation == 1
    assert check(np.zeros((1, 3)) + 0.1, one, queries).rank_correlation == -1


def test_both_limits_count() -> None:
    assert Check(0.999, 0.99, 1).passes
    assert not Check(0.9989, 1.0, 1).passes
    assert not Check(1.0, 0.9899, 1).passes


def test_what_is_no_number_fails() -> None:
    broken = VIDEOS.copy()
    broken[2, 0] = np.nan
    assert check(VIDEOS, broken, QUERIES) == Check(-1.0, -1.0, 3)


def test_the_first_try_that_passes_is_the_last() -> None:
    bad, good = Check(0.5, 0.5, 1), Check(1.0, 1.0, 1)
    assert first_that_passes([lambda: bad, lambda: good, lambda: pytest.fail("one too many")]) == (1, [bad, good])
    assert first_that_passes([lambda: bad]) == (-1, [bad])
