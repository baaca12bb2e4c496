"""Retrieval metrics against hand-worked numbers, the reference implementation's, and a slow double loop.

`metrics_reference.npz` and `.json` hold similarities, 0-based ranks and metrics that the metric code of Prompt Switch
(github.com/bladewaltz1/PromptSwitch, commit 6420d3f3) gave on random input. Its similarities are
(videos, captions a video, videos), padded with NaN where a video has fewer captions.
"""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from framecue.errors import InputError
from framecue.evaluation import (
    RankMetrics,
    inner_products,
    retrieval_metrics,
    retrieval_metrics_from_embeddings,
    retrieval_ranks,
    twin_accuracy,
)

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "metrics_reference.json").read_text())
TIED = [name for name in EXPECTED if "t2v_MeanR_optimistic_pessimistic" in EXPECTED[name]]
UNTIED = [name for name in EXPECTED if name not in TIED]


PERFECT = {
    **{"R@1": 100.0, "R@5": 100.0, "R@10": 100.0, "R@50": 100.0},
    **{"median_rank": 1.0, "mean_rank": 1.0, "Rsum": 300.0, "nDCG@10": 100.0},
}
NOTHING_FOUND = {"R@1": 0.0, "R@5": 0.0, "R@10": 0.0, "Rsum": 0.0, "nDCG@10": 0.0}


@pytest.fixture(scope="module")
def reference():
    with np.load(HERE / "metrics_reference.npz") as arrays:
        return dict(arrays)


def flattened(padded):
    """Turn (videos, captions, videos) into texts x videos, in the reference's order: caption slot first, then video."""
    slots_first = padded.transpose(1, 0, 2)
    slot, video = np.nonzero(np.isfinite(slots_first).all(axis=2))
    return slots_first[slot, video], video


def slow_ranks(similarities, video_of_text):
    """Count, one comparison at a time, what the definitions say."""
    num_texts, num_videos = len(similarities), len(similarities[0])
    text_ranks = []
    for text in range(num_texts):
        own = similarities[text][video_of_text[text]]
        others = [v for v in range(num_videos) if v != video_of_text[text]]
        text_ranks.append(1 + sum(1 for v in others if similarities[text][v] >= own))
    video_ranks = []
    for video in range(num_videos):
        best = {}
        for text in range(num_texts):
            group = video_of_text[text]
            best[group] = max(best.get(group, -float("inf")), similarities[text][video])
        video_ranks.append(1 + sum(1 for g in best if g != video and best[g] >= best[video]))
    return text_ranks, video_ranks


def test_hand_worked_example():
    # Texts 0 and 1 describe video 0, text 2 video 1, text 3 video 2.
    similarities = np.array([[0.9, 0.1, 0.3], [0.2, 0.5, 0.2], [0.4, 0.6, 0.7], [0.0, 0.8, 0.1]])
    text_ranks, video_ranks = retrieval_ranks(similarities, np.array([0, 0, 1, 2]))
    # Text 1 ties with video 2 and loses to video 1: third of three.
    assert text_ranks.tolist() == [1, 3, 2, 2]
    # Video 0's groups score .9 .4 .0; video 1's .5 .6 .8; video 2's .3 .7 .1.
    assert video_ranks.tolist() == [1, 2, 3]
    second, third, fourth = 1 / np.log2([3, 4, 5])  # nDCG of one right answer at these ranks
    all_found = {"R@5": 100.0, "R@10": 100.0, "R@50": 100.0, "median_rank": 2.0}
    # Of four captions, video 0 finds its own first and third; video 1 its one second, and video 2 its one fourth.
    two_of_two = (1 + third) / (1 + second)
    assert retrieval_metrics(similarities, np.array([0, 0, 1, 2])).to_dict() == {
        "text_to_video": {
            **all_found,
            "R@1": 25.0,
            "mean_rank": 2.0,
            "Rsum": 225.0,
            "nDCG@10": pytest.approx(25 * (1 + third + 2 * second)),
        },
        "video_to_text": {
            **all_found,
            "R@1": pytest.approx(100 / 3),
            "mean_rank": 2.0,
            "Rsum": pytest.approx(700 / 3),
            "nDCG@10": pytest.approx(100 * (1 + second + third) / 3),
        },
        "video_to_text_by_caption": {
            **all_found,
            "R@1": pytest.approx(100 / 3),
            "mean_rank": pytest.approx(7 / 3),
            "Rsum": pytest.approx(700 / 3),
            "nDCG@10": pytest.approx(100 * (two_of_two + second + fourth) / 3),
        },
    }


def test_recalls_and_median_of_given_ranks():
    metrics = RankMetrics.from_ranks(np.array([1, 5, 6, 10, 51, 1]))
    gains = (1 + 1 / np.log2(6) + 1 / np.log2(7) + 1 / np.log2(11) + 0 + 1) / 6
    assert metrics == RankMetrics(200 / 6, 50.0, 500 / 6, 500 / 6, 5.5, 74 / 6, pytest.approx(100 * gains))
    assert metrics.recall_sum == pytest.approx(1000 / 6)
    assert RankMetrics.from_ranks(np.array([1, 50])).recall_at_50 == 100.0
    assert RankMetrics.from_ranks(np.array([1, 7]), np.array([0.5, 0.25])).ndcg_at_10 == 37.5


def test_a_perfect_one_hot_model_scores_full_marks_with_several_captions_a_video():
    video_of_text = np.array([3, 0, 1, 2, 0, 3, 3])
    metrics = retrieval_metrics_from_embeddings(np.eye(4)[video_of_text], np.eye(4), video_of_text).to_dict()
    assert metrics == dict.fromkeys(("text_to_video", "video_to_text", "video_to_text_by_caption"), PERFECT)


def test_a_one_hot_model_that_is_off_by_one_never_hits():
    shifted = np.roll(np.eye(20), 1, axis=1)
    metrics = retrieval_metrics(shifted, np.arange(20)).to_dict()
    # The wrong video comes first, and all the others tie with the right one.
    assert metrics["text_to_video"] == {
        **NOTHING_FOUND,
        "R@50": 100.0,  # there are twenty videos
        "median_rank": 20.0,
        "mean_rank": 20.0,
    }


@pytest.mark.parametrize("value", [0.0, 1.0, -3.5])
def test_a_constant_similarity_comes_last_in_both_directions(value):
    metrics = retrieval_metrics(np.full((60, 30), value), np.repeat(np.arange(30), 2)).to_dict()
    worst = {**NOTHING_FOUND, "R@50": 100.0, "median_rank": 30.0, "mean_rank": 30.0}
    # Of sixty captions, 58 are others'.
    by_caption = {**worst, "R@50": 0.0, "median_rank": 59.0, "mean_rank": 59.0}
    assert metrics == {"text_to_video": worst, "video_to_text": worst, "video_to_text_by_caption": by_caption}


def test_a_collapsed_model_comes_last_from_embeddings_too():
    vector = np.random.default_rng(0).normal(size=48).astype(np.float32)
    texts, videos = np.tile(vector * 0.7, (30, 1)), np.tile(vector, (30, 1))
    metrics = retrieval_metrics_from_embeddings(texts, videos, np.arange(30), block_texts=7).to_dict()
    assert metrics["text_to_video"]["mean_rank"] == metrics["video_to_text"]["mean_rank"] == 30.0


@pytest.mark.parametrize("case", UNTIED)
def test_ranks_and_metrics_equal_the_reference(reference, case):
    similarities, video_of_text = flattened(reference[f"{case}/sims"])
    text_ranks, video_ranks = retrieval_ranks(similarities, video_of_text)
    np.testing.assert_array_equal(text_ranks, reference[f"{case}/ranks_t2v"] + 1)
    np.testing.assert_array_equal(video_ranks, reference[f"{case}/ranks_v2t"] + 1)
    metrics = retrieval_metrics(similarities, video_of_text).to_dict()
    for direction, suffix in (("text_to_video", "t2v"), ("video_to_text", "v2t")):
        names = {"R@1": "R1", "R@5": "R5", "R@10": "R10", "median_rank": "MedR", "mean_rank": "MeanR"}
        expected = {ours: EXPECTED[case][f"{theirs}-{suffix}"] for ours, theirs in names.items()}
        assert {name: metrics[direction][name] for name in names} == pytest.approx(expected, abs=1e-9)


def test_metrics_from_embeddings_equal_the_reference(reference):
    # The reference orders captions by slot, so its rank list differs; every metric is the same.
    texts, videos = reference["end_to_end_avg/text_embeds"], reference["end_to_end_avg/video_embeds_pooled"]
    unit_texts, unit_videos = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (texts, videos))
    video_of_text = reference["end_to_end_avg/caption_video_index"]
    metrics = retrieval_metrics_from_embeddings(unit_texts, unit_videos, video_of_text).to_dict()
    expected = EXPECTED["end_to_end_avg"]
    assert metrics["text_to_video"]["mean_rank"] == pytest.approx(expected["MeanR-t2v"], abs=1e-9)
    assert metrics["text_to_video"]["R@1"] == pytest.approx(expected["R1-t2v"], abs=1e-9)
    assert metrics["video_to_text"]["mean_rank"] == pytest.approx(expected["MeanR-v2t"], abs=1e-9)
    assert metrics["video_to_text"]["median_rank"] == expected["MedR-v2t"]


@pytest.mark.parametrize("case", TIED)
def test_ties_meet_the_pessimistic_bound(reference, case):
    similarities, video_of_text = flattened(reference[f"{case}/sims"])
    text_ranks, video_ranks = retrieval_ranks(similarities, video_of_text)
    np.testing.assert_array_equal(text_ranks, reference[f"{case}/ranks_t2v_pessimistic"] + 1)
    assert text_ranks.mean() == pytest.approx(EXPECTED[case]["t2v_MeanR_optimistic_pessimistic"][1])
    # The case must have ties that matter, or it shows nothing.
    assert (text_ranks - 1 > reference[f"{case}/ranks_t2v_optimistic"]).any()
    assert video_ranks.tolist() == slow_ranks(similarities.tolist(), video_of_text.tolist())[1]


@st.composite
def tied_cases(draw):
    num_videos = draw(st.integers(1, 7))
    extra = draw(st.lists(st.integers(0, num_videos - 1), max_size=8))
    video_of_text = draw(st.permutations([*range(num_videos), *extra]))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64, np.int32]))
    # Few different values, so that most cases have ties.
    values = st.integers(-3, 3).map(float) if dtype != np.int32 else st.integers(-3, 3)
    similarities = draw(npst.arrays(dtype, (len(video_of_text), num_videos), elements=values))
    return similarities, np.array(video_of_text)


@given(tied_cases())
@settings(max_examples=150, deadline=None)
def test_ranks_equal_a_slow_double_loop(case):
    similarities, video_of_text = case
    expected = slow_ranks(similarities.tolist(), video_of_text.tolist())
    for given_similarities in (similarities, torch.from_numpy(similarities)):
        text_ranks, video_ranks = retrieval_ranks(given_similarities, torch.from_numpy(video_of_text))
        assert (text_ranks.tolist(), video_ranks.tolist()) == expected


@given(tied_cases(), st.integers(1, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_blocks_give_exactly_the_dense_result(case, block_texts, seed):
    _, video_of_text = case
    num_videos = video_of_text.max() + 1
    rng = np.random.default_rng(seed)
    # Few different vectors of widely different lengths: real ties, not only near ones.
    pool = (rng.normal(size=(4, 13)) * 10.0 ** rng.integers(-6, 7, (4, 1))).astype(np.float32)
    texts, videos = pool[rng.integers(0, 4, len(video_of_text))], pool[rng.integers(0, 4, num_videos)]
    dense = retrieval_metrics(inner_products(texts, videos), video_of_text)
    assert retrieval_metrics_from_embeddings(texts, videos, video_of_text, block_texts=block_texts) == dense


@pytest.mark.parametrize("block_texts", [1, 64, 100, 700, 5000])
def test_blocks_equal_a_plain_matrix_product_where_nothing_ties(block_texts):
    rng = np.random.default_rng(3)
    videos = rng.normal(size=(211, 40))
    video_of_text = rng.permutation(np.concatenate([np.arange(211), rng.integers(0, 211, 789)]))
    texts = videos[video_of_text] + 3.0 * rng.normal(size=(1000, 40))
    texts, videos = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (texts, videos))
    dense = retrieval_metrics(texts @ videos.T, video_of_text)
    assert 10 < dense.text_to_video.recall_at_1 < 90
    assert retrieval_metrics_from_embeddings(texts, videos, video_of_text, block_texts=block_texts) == dense


def test_inner_products_are_near_the_product_and_equal_for_equal_vectors():
    rng = np.random.default_rng(5)
    videos = rng.normal(size=(301, 77)).astype(np.float32)
    videos[1::3] = videos[::3][: len(videos[1::3])]
    texts = rng.normal(size=(59, 77)).astype(np.float32)
    products = inner_products(torch.from_numpy(texts), videos)
    exact = texts.astype(np.float64) @ videos.astype(np.float64).T
    lengths = np.linalg.norm(texts, axis=1)[:, None] * np.linalg.norm(videos, axis=1)
    assert products.dtype == np.float64
    assert np.abs(products - exact).max() < 2e-7 * lengths.max()
    np.testing.assert_array_equal(products[:, 1::3], products[:, ::3][:, : products[:, 1::3].shape[1]])
    # The order of summation does not matter, to the last bit.
    order = rng.permutation(77)
    np.testing.assert_array_equal(inner_products(texts[:, order], videos[:, order]), products)


def test_inner_products_of_extreme_lengths_stay_finite_and_exact():
    assert inner_products([[1e200, 0.0]], [[1e-200, 1e-200]]) == pytest.approx(1.0)
    assert inner_products([[3.0, 4.0]], [[2.0, -1.0], [0.0, 0.0]]).tolist() == [[2.0, 0.0]]


def test_bfloat16_and_gradients_are_accepted_and_arguments_left_alone():
    similarities = torch.eye(3, dtype=torch.bfloat16, requires_grad=True)
    assert retrieval_metrics(similarities, torch.arange(3)).text_to_video.recall_at_1 == 100.0
    texts = np.random.default_rng(0).normal(size=(3, 4))
    before = texts.copy()
    retrieval_metrics_from_embeddings(texts, texts, [0, 1, 2])
    np.testing.assert_array_equal(texts, before)


def test_blocks_hold_no_whole_matrix():
    rng = np.random.default_rng(0)
    texts, videos = rng.normal(size=(6000, 16)).astype(np.float32), rng.normal(size=(1500, 16)).astype(np.float32)
    video_of_text = np.arange(6000) % 1500
    tracemalloc.start()
    try:
        retrieval_metrics_from_embeddings(texts, videos, video_of_text, block_texts=128)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The whole matrix would be 72 MB of float64; a block is 1.5 MB.
    assert peak < 10e6


def test_twin_accuracy_counts_a_tie_half():
    assert twin_accuracy([0.9, 0.1, 0.5, 0.5], [0.1, 0.9, 0.5, 0.4]) == 62.5
    assert twin_accuracy(torch.tensor([0.5, 0.5]), np.array([0.5, 0.5])) == 50.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_and_named(bad):
    similarities = np.zeros((4, 3))
    similarities[2, 1] = bad
    with pytest.raises(InputError, match=rf"similarities\[2, 1\] is {bad}"):
        retrieval_metrics(similarities, [0, 1, 2, 0])
    with pytest.raises(InputError, match=rf"video_embeddings\[2, 1\] is {bad}"):
        retrieval_metrics_from_embeddings(np.zeros((4, 3)), similarities, [0, 1, 2, 3])
    with pytest.raises(InputError, match=rf"text_embeddings\[2, 1\] is {bad}"):
        inner_products(similarities, np.zeros((4, 3)))
    with pytest.raises(InputError, match=rf"similarity_to_twin\[1\] is {bad}"):
        twin_accuracy([0.0, 1.0], [0.0, bad])


def test_one_row_of_nan_among_many_is_never_dropped():
    similarities = np.eye(900)
    similarities[880] = np.nan
    with pytest.raises(InputError, match=r"similarities\[880, 0\] is nan"):
        retrieval_metrics(similarities, np.arange(900))


@pytest.mark.parametrize(
    ("similarities", "video_of_text", "message"),
    [
        (np.zeros((0, 3)), [], r"similarities: got shape \(0, 3\)"),
        (np.zeros((3, 0)), [0, 0, 0], r"similarities: got shape \(3, 0\)"),
        (np.zeros(3), [0, 0, 0], r"similarities: got shape \(3,\)"),
        (np.zeros((2, 2), dtype=complex), [0, 1], "similarities: got complex128"),
        (np.zeros((2, 2), dtype=bool), [0, 1], "similarities: got bool"),
        ([[0.0], [0.0, 1.0]], [0, 1], "similarities: not an array"),
        (np.zeros((2, 2)), [0], r"video_of_text: got int64 of shape \(1,\); give one integer for each of 2 texts"),
        (np.zeros((2, 2)), [0.0, 1.0], "video_of_text: got float64"),
        (np.zeros((3, 2)), [0, 2, -1], "text 1 has no video: its index is 2, allowed are 0 to 1 .2 of 3 texts"),
        (np.zeros((3, 4)), [0, 1, 3], "video 2 has no text .1 of 4 videos"),
    ],
)
def test_input_that_cannot_be_ranked_is_refused(similarities, video_of_text, message):
    with pytest.raises(InputError, match=message) as caught:
        retrieval_metrics(similarities, video_of_text)
    assert "\n" not in str(caught.value)


def test_embeddings_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="text_embeddings are 3 wide and video_embeddings 4"):
        retrieval_metrics_from_embeddings(np.zeros((2, 3)), np.zeros((2, 4)), [0, 1])
    with pytest.raises(InputError, match="block_texts is 0"):
        retrieval_metrics_from_embeddings(np.zeros((2, 3)), np.zeros((2, 3)), [0, 1], block_texts=0)
    with pytest.raises(InputError, match="text 1 has no video"):
        retrieval_metrics_from_embeddings(np.zeros((2, 3)), np.zeros((1, 3)), [0, 1])


def test_twins_that_do_not_pair_are_refused():
    with pytest.raises(InputError, match="similarity_to_own has 2 values and similarity_to_twin 1"):
        twin_accuracy([0.0, 1.0], [0.0])
    with pytest.raises(InputError, match=r"similarity_to_own: got shape \(0,\)"):
        twin_accuracy([], [])


@pytest.mark.parametrize("ranks", [[], [0, 1], [1.0], [[1]]])
def test_ranks_that_are_none_are_refused(ranks):
    with pytest.raises(InputError, match="give one integer of at least 1"):
        RankMetrics.from_ranks(np.array(ranks))
