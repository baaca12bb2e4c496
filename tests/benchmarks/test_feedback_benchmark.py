"""What the study of marks computes; that it runs is seen with all the others."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.library import Hit


@pytest.fixture
def feedback(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("feedback")


def test_what_was_marked_counts_in_no_standing(feedback) -> None:
    hits = [Hit(rank, f"/{rank}.mp4", 0.0, 5.0, 0.5, "id", 5.0) for rank in range(1, 8)]
    relevant = frozenset({"/1.mp4", "/4.mp4", "/7.mp4"})
    # Of 3, 4, 5, 6 and 7, the second and the fifth are relevant.
    assert feedback.standing(hits, relevant, {"/1.mp4", "/2.mp4"}) == (pytest.approx((1 / 2 + 2 / 5) / 2), 3.5)


def test_an_interval_is_about_the_gain(feedback) -> None:
    outcomes = [feedback.Outcome("who", (0.2, 0.2 + gain), (9.0, 3.0)) for gain in np.linspace(0, 0.2, 50)]
    told = feedback.summary(outcomes, 0)
    assert (told["queries"], told["average precision"], told["gain"]) == (50, [0.2, 0.3], 0.1)
    low, high = told["interval"]
    assert 0.07 < low < 0.1 < high < 0.13
    assert told["median rank"] == [9.0, 3.0]
    assert feedback.summary([], 0) == {"queries": 0}


def test_what_is_asked_for_is_what_is_meant(feedback) -> None:
    lion, bee = Act("lion", "rise"), Act("bee", "spin")
    meanings = [Meaning(lion), Meaning(bee), Meaning(bee, "while", lion)]
    asked = {(task.kind, task.query): task.relevant for task in feedback.tasks(meanings, 9, np.random.default_rng(0))}
    assert (
        asked["who", "the lion"]
        == asked["act", f"the lion {feedback.PHRASES['rise'][0]}"]
        == {"/made/00000.mp4", "/made/00002.mp4"}
    )
    assert {kind for kind, _ in asked} == set(feedback.KINDS)
