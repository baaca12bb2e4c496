"""What the study of absent things computes; that it runs is seen with all the others."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.library.search.confidence import MIDDLE, SLOPE


@pytest.fixture
def absent(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("absent")


def asked(absent, kind: str, *confidences: float):
    return [absent.Asked("films", 50, kind, score, score) for score in confidences]


def test_false_alarms_are_counted_where_95_of_100_present_ones_are_found(absent) -> None:
    present = asked(absent, "present", *np.linspace(0.5, 1.0, 101))
    other, near = asked(absent, "other", 0.1, 0.2, 0.53, 0.6), asked(absent, "near", 0.9, 0.1)
    found = absent.false_alarms(present, [*other, *near], lambda each: each.confidence)
    assert found == {"other": 0.5, "near": 0.5, "things": 0.5, "all": 0.5}


def test_a_confidence_is_a_probability_where_both_sides_weigh_alike(absent) -> None:
    present = asked(absent, "present", *[0.95] * 8, *[0.05] * 2)
    missing = asked(absent, "far", *[0.95] * 20, *[0.05] * 80)
    assert absent.reliability(present, missing) == {"0.0": 0.2, "0.9": 0.8}


def test_the_curve_is_fitted_to_what_made_it(absent) -> None:
    rng = np.random.default_rng(0)
    heights = rng.uniform(-4, 16, size=20_000)
    confidences = 1 / (1 + np.exp(-SLOPE * (heights - MIDDLE)))
    is_there = rng.random(len(heights)) < confidences
    answers = [
        absent.Asked("films", 50, "present" if there else "far", 0.0, float(confidence))
        for there, confidence in zip(is_there, confidences, strict=True)
    ]
    slope, _ = absent.fitted(answers)
    assert slope == pytest.approx(SLOPE, rel=0.1)


def test_absent_events_are_absent_and_near_misses_are_near(absent) -> None:
    rng = np.random.default_rng(1)
    events = [draw_meaning(rng, split="test") for _ in range(30)]
    queries = absent.moji_queries(events, 40, rng)
    assert {kind: sum(each == kind for each, _ in queries) for kind, _ in queries} == dict.fromkeys(
        ("present", "other", "near", "far"), 40
    )
    there = {text for kind, text in queries if kind == "present"}
    assert not there & {text for kind, text in queries if kind != "present"}
    for _ in range(40):
        event = events[int(rng.integers(30))]
        miss = absent.near_miss(event, rng)
        assert {act.actor for act in miss.acts} == {act.actor for act in event.acts}


def test_what_is_asked_of_ordinary_sentences_is_there_or_not(absent) -> None:
    texts, queries = absent.ordinary(40, 30, np.random.default_rng(2))
    for kind, query in queries:
        if kind == "present":
            assert any(query in text or all(part in text for part in query.split(" ")) for text in texts)
        if kind == "other":
            assert not any(query in text for text in texts)
