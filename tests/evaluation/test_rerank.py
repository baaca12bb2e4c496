from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.errors import InputError
from framecue.evaluation.metrics import retrieval_metrics
from framecue.evaluation.rerank import rerank, reranked_metrics


def test_by_hand() -> None:
    first = [[0.9, 0.5, 0.7, 0.1], [0.0, 0.3, 0.2, 0.4]]
    second = {(0, 0): -0.2, (0, 2): 0.6, (1, 3): 0.1, (1, 1): 0.8}
    asked = []

    def rescore(query: int, candidates: np.ndarray) -> np.ndarray:
        asked.append((query, candidates.tolist()))
        return np.array([second[query, candidate] for candidate in candidates.tolist()])

    reranked = rerank(first, rescore, depth=2)
    assert asked == [(0, [0, 2]), (1, [3, 1])]  # the best two of each, and nothing else
    assert np.argsort(-reranked, axis=1).tolist() == [[2, 0, 1, 3], [1, 3, 2, 0]]
    # The others are as they were, the best two stand above with the second stage's distance.
    assert reranked[0, [1, 3]].tolist() == [0.5, 0.1]
    assert reranked[1, [0, 2]].tolist() == [0.0, 0.2]
    assert reranked[0, 2] - reranked[0, 0] == pytest.approx(0.8)


def order(first: list[float], second: list[float], depth: int) -> list[int]:
    places = sorted(range(len(first)), key=lambda place: (-first[place], place))
    return sorted(places[:depth], key=lambda place: -second[place]) + places[depth:]


scores = st.integers(-50, 50).map(lambda number: number / 50)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), depth=st.integers(1, 9), shape=st.tuples(st.integers(1, 5), st.integers(1, 7)))
def test_order_and_ties_are_those_of_two_stages(data: st.DataObject, depth: int, shape: tuple[int, int]) -> None:
    queries, candidates = shape
    row = st.lists(scores, min_size=candidates, max_size=candidates)
    first, second = (data.draw(st.lists(row, min_size=queries, max_size=queries)) for _ in range(2))
    reranked = rerank(first, lambda query, some: np.array(second[query])[some], depth=depth)
    for query in range(queries):
        expected = order(first[query], second[query], depth)
        top, rest = expected[:depth], expected[depth:]
        values = reranked[query]
        for left in top:
            for right in top:  # a tie stays a tie, so that it counts against the system
                assert (values[left] > values[right]) == (second[query][left] > second[query][right])
            assert all(values[left] > values[right] for right in rest)
        assert values[rest].tolist() == np.array(first[query])[rest].tolist()


def test_of_candidates_that_tie_for_the_last_place_the_first_is_looked_at() -> None:
    asked = []
    rerank([[0.5, 0.5, 0.9, 0.5]], lambda query, some: asked.append(some.tolist()) or np.zeros(len(some)), depth=2)
    assert asked == [[2, 0]]


@pytest.mark.parametrize("num_candidates", [17, 100, 1000])
def test_of_many_that_tie_the_first_are_looked_at_in_their_order(num_candidates: int) -> None:
    # Rows that are longer than what a sort that keeps no order handles in one go.
    asked = []
    row = np.tile([0.25, 0.5], num_candidates)
    rerank([row], lambda query, some: asked.append(some.tolist()) or np.zeros(len(some)), depth=num_candidates + 3)
    assert asked == [[*range(1, 2 * num_candidates, 2), 0, 2, 4]]


def test_the_smallest_differences_of_the_second_stage_are_kept() -> None:
    close = np.array([0.25, 0.25 + 2**-26, 0.25 - 2**-26], dtype=np.float64)
    reranked = rerank(np.zeros((1, 3)), lambda query, some: close[some], depth=3)
    assert np.argsort(-reranked[0]).tolist() == [1, 0, 2]


@pytest.mark.parametrize("depth", [1, 2, 4, 100])
def test_both_directions_against_brute_force(depth: int) -> None:
    rng = np.random.default_rng(depth)
    owners = np.array([0, 0, 1, 2, 2, 2, 3, 4])
    first, second = rng.normal(size=(8, 5)), rng.normal(size=(8, 5))
    asked: list[tuple[int, int]] = []

    def pairs(texts: np.ndarray, videos: np.ndarray) -> np.ndarray:
        asked.append((len(texts), len(videos)))
        return second[np.ix_(texts, videos)]

    metrics = reranked_metrics(torch.from_numpy(first), pairs, owners, depth=depth)
    assert asked == [(1, min(depth, 5))] * 8 + [(min(depth, 8), 1)] * 5
    ranks = [order(list(first[text]), list(second[text]), depth).index(owner) + 1 for text, owner in enumerate(owners)]
    assert metrics.text_to_video.mean_rank == np.mean(ranks)
    video_ranks = []
    for video in range(5):
        groups = [owners[text] for text in order(list(first[:, video]), list(second[:, video]), depth)]
        seen = list(dict.fromkeys(groups))  # a group stands where its best caption does
        video_ranks.append(seen.index(video) + 1)
    assert metrics.video_to_text.mean_rank == np.mean(video_ranks)
    if depth == 100:
        assert metrics == retrieval_metrics(second, owners)


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match=r"^depth is 0; give at least 1"):
        rerank([[0.1]], lambda query, some: np.zeros(len(some)), depth=0)
    with pytest.raises(InputError, match=r"^similarities\[0, 1\] is nan"):
        rerank([[0.1, np.nan]], lambda query, some: np.zeros(len(some)), depth=1)
    with pytest.raises(InputError, match=r"^second stage's similarities\[1\] is inf"):
        rerank([[0.1, 0.2]], lambda query, some: np.array([0.0, np.inf]), depth=2)
