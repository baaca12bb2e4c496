from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.evaluation import encoding
from framecue.evaluation.encoding import similarities_of, similarity_matrix
from framecue.evaluation.exact import inner_products
from framecue.evaluation.normalise import BankNormalised, DualSoftmaxSimilarities, bank_of
from framecue.evaluation.ranking import text_ranks, video_ranks
from framecue.evaluation.rerank import RerankedSimilarities
from framecue.evaluation.similarities import (
    DenseSimilarities,
    EmbeddingSimilarities,
    PairSimilarities,
    Similarities,
)
from framecue.methods.x_pool import XPool, XPoolConfig
from framecue.model import VideoTextModel

OWNERS = np.array([2, 0, 1, 2, 0, 3, 3, 3, 4])


@pytest.fixture
def matrix() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(9, 5))


def all_kinds(matrix: np.ndarray, **options: Any) -> list[Similarities]:
    texts, videos = matrix, np.eye(5)  # whose products are the matrix, but for the grid of 1e-8
    return [
        DenseSimilarities(matrix, OWNERS, **options),
        EmbeddingSimilarities(texts, videos, OWNERS, **options),
        PairSimilarities(lambda some, others: matrix[np.ix_(some, others)], OWNERS, 5, **options),
    ]


@pytest.mark.parametrize("block_numbers", [1, 7, 10, 18, 1000])
def test_blocks_are_the_matrix_with_the_texts_in_the_order_of_their_videos(
    matrix: np.ndarray, block_numbers: int
) -> None:
    for similarities in all_kinds(matrix, block_numbers=block_numbers):
        assert similarities.owners.tolist() == sorted(OWNERS)
        assert similarities.order.tolist() == [1, 4, 2, 0, 3, 5, 6, 7, 8]
        assert (similarities.num_texts, similarities.num_videos, similarities.has_groups) == (9, 5, True)
        expected = matrix[similarities.order]
        rows = np.zeros((9, 5))
        for texts, block in similarities.row_blocks():
            assert block.size <= max(block_numbers, 5)
            rows[texts] = block
        np.testing.assert_allclose(rows, expected, atol=1e-7)
        columns = np.zeros((9, 5))
        for videos, block in similarities.column_blocks():
            assert block.size <= max(block_numbers, 9)
            columns[:, videos] = block
        np.testing.assert_allclose(columns, expected, atol=1e-7)


def test_a_video_that_could_not_be_read_comes_last_and_finds_nothing(matrix: np.ndarray) -> None:
    before = matrix.copy()
    for similarities in all_kinds(matrix, missing=[3], block_numbers=10):
        ranks = text_ranks(similarities)
        assert ranks[5:8].tolist() == [6, 6, 6]
        others = np.delete(matrix, 3, axis=1)
        own = np.take_along_axis(matrix, OWNERS[:, None], axis=1)
        expected = (others >= own - 1e-6).sum(axis=1)
        assert ranks[[0, 1, 2, 3, 4, 8]].tolist() == expected[[0, 1, 2, 3, 4, 8]].tolist()
        by_video = video_ranks(similarities)
        assert (by_video.groups[3], by_video.captions[3], by_video.caption_gains[3]) == (6, 10, 0)
        whole = video_ranks(DenseSimilarities(matrix, OWNERS))
        assert np.delete(by_video.groups, 3).tolist() == np.delete(whole.groups, 3).tolist()
    np.testing.assert_array_equal(matrix, before)


def test_a_similarity_of_pairs_that_is_not_finite_is_named_by_text_and_video(matrix: np.ndarray) -> None:
    matrix[4, 2] = np.nan
    pairs = PairSimilarities(lambda some, others: matrix[np.ix_(some, others)], OWNERS, 5, block_numbers=10)
    with pytest.raises(InputError, match="the similarity of text 4 and video 2 is nan"):
        text_ranks(pairs)
    with pytest.raises(InputError, match="the similarity of text 4 and video 2 is nan"):
        video_ranks(pairs)


NUM_TEXTS, NUM_VIDEOS, BLOCK = 1500, 1200, 2**15
# The whole matrix is 14 MB of float64, a block of 2**15 numbers a quarter of a megabyte.
MOST_BYTES = 5e6


@pytest.mark.parametrize("kind", ["embeddings", "pairs", "dual softmax", "bank", "reranked"])
def test_no_way_of_ranking_holds_the_whole_matrix(kind: str) -> None:
    rng = np.random.default_rng(0)
    texts, videos = rng.normal(size=(NUM_TEXTS, 8)), rng.normal(size=(NUM_VIDEOS, 8))
    owners = np.arange(NUM_TEXTS) % NUM_VIDEOS

    def pairs(some: np.ndarray, others: np.ndarray) -> np.ndarray:
        return inner_products(texts[some], videos[others])

    def scored() -> None:
        options: dict[str, Any] = {"block_numbers": BLOCK}
        base = EmbeddingSimilarities(texts, videos, owners, **options)
        made: dict[str, Callable[[], Similarities]] = {
            "embeddings": lambda: base,
            "pairs": lambda: PairSimilarities(pairs, owners, NUM_VIDEOS, **options),
            "dual softmax": lambda: DualSoftmaxSimilarities(base, scale=10.0, temperature=1.0),
            "bank": lambda: base,
            "reranked": lambda: RerankedSimilarities(base, pairs, depth=3),
        }
        similarities = made[kind]()
        if kind == "bank":
            rows = (inner_products(texts[start : start + 20], videos) for start in range(0, NUM_TEXTS, 20))
            bank = bank_of(rows, NUM_VIDEOS, temperature=0.05, depth=1)
            text_ranks(BankNormalised(similarities, bank))
            return
        text_ranks(similarities)
        video_ranks(similarities)

    tracemalloc.start()
    try:
        scored()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES


def test_a_fusion_is_computed_a_block_at_a_time_where_its_matrix_is_large(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    model = VideoTextModel(backbone, XPool(XPoolConfig(num_frames=3, num_test_frames=3), backbone)).eval()
    texts, videos = torch.randn(9, model.embedding_dim), torch.randn(5, 3, model.embedding_dim)
    shapes: list[tuple[int, ...]] = []

    def noted(*arguments: Any) -> np.ndarray:
        made = similarity_matrix(*arguments)
        shapes.append(made.shape)
        return made

    monkeypatch.setattr(encoding, "similarity_matrix", noted)
    whole = similarities_of(model, texts, videos, OWNERS)
    assert isinstance(whole, DenseSimilarities)
    assert shapes == [(9, 5)]
    monkeypatch.setattr(encoding, "KEPT_NUMBERS", 44)
    parts = similarities_of(model, texts, videos, OWNERS)
    parts.block_numbers = 10
    np.testing.assert_array_equal(text_ranks(parts), text_ranks(whole))
    np.testing.assert_array_equal(video_ranks(parts).captions, video_ranks(whole).captions)
    assert max(rows * columns for rows, columns in shapes[1:]) <= 10


@pytest.mark.parametrize(
    ("owners", "message"),
    [
        ([0, 1], r"video_of_text: got int64 of shape \(2,\); give one integer for each of 9 texts"),
        ([0] * 9, r"video 1 has no text .4 of 5 videos"),
        ([0, 1, 2, 3, 4, 5, 0, 0, 0], "text 5 has no video: its index is 5, allowed are 0 to 4"),
    ],
)
def test_texts_without_videos_and_videos_without_texts(matrix: np.ndarray, owners: list[int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DenseSimilarities(matrix, owners)
    with pytest.raises(InputError, match=message):
        EmbeddingSimilarities(matrix, np.eye(5), owners)
