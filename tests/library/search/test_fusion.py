from __future__ import annotations

import pytest

from framecue.library.search.fusion import fuse, shared_ranks


def test_equal_scores_share_the_better_rank_and_a_key_counts_once() -> None:
    assert shared_ranks([("a", 3.0), ("b", 2.0), ("a", 2.0), ("c", 2.0), ("d", 1.0)]) == {
        "a": 1,
        "b": 2,
        "c": 2,
        "d": 4,
    }
    assert shared_ranks([]) == {}


def test_values_worked_out_by_hand() -> None:
    values = fuse([{"a": 1, "b": 2}, {"b": 1, "c": 5}])
    assert values == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 65})
    assert max(values, key=values.__getitem__) == "b"
    assert fuse([{}, {}]) == {}
