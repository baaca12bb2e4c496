from __future__ import annotations

import numpy as np

from framecue.evaluation.histogram import rank_bins


def test_bins_grow_and_end_where_recalls_are_measured() -> None:
    ranks = np.arange(1, 1001)
    bins = rank_bins(ranks, 1000)
    assert [each.label for each in bins] == [
        *("1", "2", "3-5", "6-10", "11-20", "21-50", "51-100", "101-200", "201-500", "501-1000")
    ]
    assert [each.number for each in bins] == [1, 1, 3, 5, 10, 30, 50, 100, 300, 500]
    for depth in (1, 5, 10, 50):
        assert sum(each.percent for each in bins if each.last <= depth) == 100 * np.mean(ranks <= depth)


def test_the_last_bin_ends_with_the_candidates_and_nothing_is_left_out() -> None:
    ranks = np.random.default_rng(0).integers(1, 38, size=99)
    for num_candidates in (37, 50, 51):
        bins = rank_bins(ranks, num_candidates)
        assert bins[-1].last == num_candidates
        assert sum(each.number for each in bins) == 99
        for each in bins:
            assert each.number == sum(each.first <= rank <= each.last for rank in ranks)
    assert [each.label for each in rank_bins(np.array([1, 1]), 1)] == ["1"]
