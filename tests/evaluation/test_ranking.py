from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.evaluation.ranking import gains_of_ranks, text_ranks, video_ranks
from framecue.evaluation.similarities import DenseSimilarities


def test_gains_by_hand() -> None:
    gains = gains_of_ranks(np.array([1, 2, 3, 10, 11, 900]))
    assert gains == pytest.approx([1, 1 / np.log2(3), 0.5, 1 / np.log2(11), 0, 0])


def slow_captions(scores: list[float], owners: list[int], video: int) -> tuple[int, float]:
    """The best rank and nDCG@10 of a video's captions in a list that is sorted with its own last among equals."""
    order = sorted(range(len(scores)), key=lambda text: (-scores[text], owners[text] == video))
    places = [place for place, text in enumerate(order, start=1) if owners[text] == video]
    gain = sum(1 / np.log2(1 + place) for place in places if place <= 10)
    return places[0], gain / sum(1 / np.log2(1 + place) for place in range(1, min(len(places), 10) + 1))


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, list[int], int]:
    num_videos = draw(st.integers(1, 5))
    extra = draw(st.lists(st.integers(0, num_videos - 1), max_size=25))
    owners = draw(st.permutations([*range(num_videos), *extra]))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    # Few different values, so that most cases have ties.
    return rng.integers(0, draw(st.integers(1, 30)), (len(owners), num_videos)) / 8, owners, draw(st.integers(1, 60))


@given(cases())
@settings(max_examples=150, deadline=None)
def test_both_conventions_equal_sorted_lists(case: tuple[np.ndarray, list[int], int]) -> None:
    matrix, owners, block_numbers = case
    similarities = DenseSimilarities(matrix, owners, block_numbers=block_numbers)
    found = video_ranks(similarities)
    for video in range(matrix.shape[1]):
        rank, gain = slow_captions(matrix[:, video].tolist(), owners, video)
        best = [max(matrix[text, video] for text in range(len(owners)) if owners[text] == g) for g in set(owners)]
        assert found.groups[video] == sum(score >= best[video] for score in best)
        assert found.captions[video] == rank
        assert found.caption_gains[video] == pytest.approx(gain)
    own = matrix[np.arange(len(owners)), owners]
    assert text_ranks(similarities).tolist() == (matrix >= own[:, None]).sum(axis=1).tolist()


def test_more_than_ten_right_captions() -> None:
    # Twelve captions of its own before all others: no more can be had.
    matrix = np.concatenate([np.ones((12, 1)), np.zeros((3, 1))])
    similarities = DenseSimilarities(np.hstack([matrix, -matrix]), [0] * 12 + [1] * 3)
    found = video_ranks(similarities)
    assert found.caption_gains.tolist() == [1.0, 1.0]
    assert found.captions.tolist() == [1, 1]
