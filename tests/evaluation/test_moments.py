"""Recalls and average precision of moments, by hand, and against a slow computation from the definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from framecue.errors import InputError
from framecue.evaluation.moments import IOU_THRESHOLDS, MAX_FOUND, Window, moment_scores, temporal_iou


@pytest.mark.parametrize(
    ("first", "second", "iou"),
    [
        ((0, 10), (0, 10), 1.0),
        ((0, 10), (5, 15), 5 / 15),
        ((0, 10), (2, 4), 0.2),
        ((0, 10), (10, 20), 0.0),
        ((0, 1), (5, 6), 0.0),
        ((3, 3), (3, 3), 1.0),
        ((3, 3), (0, 10), 0.0),
        ((3, 3), (4, 4), 0.0),
    ],
)
def test_intersection_over_union(first: tuple[float, float], second: tuple[float, float], iou: float) -> None:
    one, other = Window("a.mp4", *first), Window("a.mp4", *second)
    assert temporal_iou(one, other) == temporal_iou(other, one) == pytest.approx(iou, abs=1e-15)
    assert temporal_iou(one, Window("b.mp4", *second)) == 0


def test_metrics_by_hand() -> None:
    truth = Window("a.mp4", 10, 20)
    found = [
        [truth],  # all right
        [Window("a.mp4", 10, 16), truth],  # IoU 0.6 first: right up to 0.6; from 0.65 on the second one, at 1/2
        [Window("b.mp4", 10, 20), truth],  # another video first: 1/2 at each threshold
        [Window("a.mp4", 19, 40), Window("a.mp4", 30, 40)],  # a little overlap, and no more
        [],  # nothing
    ]
    scores = moment_scores(found, [[truth]] * 5)
    assert scores.overlaps.tolist() == [True, True, False, True, False]
    assert scores.first_iou == pytest.approx([1.0, 0.6, 0.0, 1 / 30, 0.0])
    assert scores.average_precision[1] == pytest.approx([1.0] * 3 + [0.5] * 7)
    assert scores.average_precision[2] == pytest.approx([0.5] * 10)
    assert scores.metrics.to_dict() == pytest.approx(
        {
            "R@1": 60.0,
            "MR-full-R1@0.5": 40.0,
            "MR-full-R1@0.7": 20.0,
            "MR-full-mAP": 100 * (1 + 0.65 + 0.5) / 5,
            "MR-full-mAP@0.5": 100 * (1 + 1 + 0.5) / 5,
            "MR-full-mAP@0.75": 100 * (1 + 0.5 + 0.5) / 5,
        }
    )


def test_a_right_moment_is_found_once() -> None:
    truth = [Window("a.mp4", 0, 10), Window("a.mp4", 100, 110)]
    twice = [Window("a.mp4", 0, 10), Window("a.mp4", 0, 10), Window("a.mp4", 100, 110)]
    # The second one is wrong: precisions 1/1 at half of the recall, 2/3 at all of it.
    assert moment_scores([twice], [truth]).average_precision[0] == pytest.approx([(1 + 2 / 3) / 2] * 10)
    # What is found later with a better precision counts from there back: wrong, right, right gives 2/3 for both.
    late = [Window("b.mp4", 0, 10), *twice[1:]]
    assert moment_scores([late], [truth]).average_precision[0] == pytest.approx([2 / 3] * 10)


def test_a_moment_takes_the_right_one_that_it_covers_best_among_the_free() -> None:
    truth = [Window("a.mp4", 0, 10), Window("a.mp4", 4, 14)]
    found = [Window("a.mp4", 4, 14), Window("a.mp4", 3, 13)]
    # The second covers 4-14 better (9/11), which is taken: it takes 0-10 where 7/13 is enough.
    precision = moment_scores([found], [truth]).average_precision[0]
    assert precision == pytest.approx([1.0] + [0.5] * 9)


def test_only_the_first_ten_count() -> None:
    truth = Window("a.mp4", 0, 10)
    wrong = [Window("b.mp4", 0, 10)] * (MAX_FOUND - 1)
    assert moment_scores([[*wrong, truth]], [[truth]]).average_precision[0, 0] == pytest.approx(1 / MAX_FOUND)
    assert moment_scores([[*wrong, wrong[0], truth]], [[truth]]).average_precision[0, 0] == 0


def test_against_the_definitions() -> None:
    rng = np.random.default_rng(0)
    found, right = [], []
    for number in range(60):
        truth = [drawn(rng) for _ in range(rng.integers(1, 5))]
        near = [shaken(rng, each) for each in truth for _ in range(rng.integers(0, 4))]
        others = [drawn(rng) for _ in range(rng.integers(0, 6))]
        windows = [*near, *others]
        found.append([windows[i] for i in rng.permutation(len(windows))] if number else [])
        right.append(truth)
    scores = moment_scores(found, right)
    for number, (windows, truth) in enumerate(zip(found, right, strict=True)):
        for place, threshold in enumerate(IOU_THRESHOLDS):
            expected = slow_average_precision(windows, truth, threshold)
            assert scores.average_precision[number, place] == pytest.approx(expected, abs=1e-12)
        best = max((slow_iou(windows[0], each) for each in truth), default=0) if windows else 0
        assert scores.first_iou[number] == pytest.approx(best, abs=1e-12)
    assert 0.05 < scores.average_precision.mean() < 0.95


def test_what_cannot_be_measured_is_refused() -> None:
    window = Window("a.mp4", 0, 1)
    with pytest.raises(InputError, match="found has 1 queries and right 2"):
        moment_scores([[window]], [[window], [window]])
    with pytest.raises(InputError, match="at least one"):
        moment_scores([], [])
    with pytest.raises(InputError, match="query 1 has no right moment"):
        moment_scores([[window]] * 2, [[window], []])
    for start, end in ((2, 1), (0, math.nan), (0, math.inf)):
        with pytest.raises(InputError, match=r"a\.mp4: a moment from"):
            Window("a.mp4", start, end)


def drawn(rng: np.random.Generator) -> Window:
    start = int(rng.integers(0, 40))
    return Window(f"{rng.integers(2)}.mp4", start, start + int(rng.integers(1, 12)))


def shaken(rng: np.random.Generator, window: Window) -> Window:
    start = window.start_seconds + int(rng.integers(-1, 2))
    return Window(window.video, start, max(start + 1, window.end_seconds + int(rng.integers(-2, 3))))


def slow_iou(first: Window, second: Window) -> float:
    """Count the seconds of whole numbers that both have, and that any has."""
    of = [set(range(int(each.start_seconds), int(each.end_seconds))) for each in (first, second)]
    return len(of[0] & of[1]) / len(of[0] | of[1]) if first.video == second.video else 0.0


def slow_average_precision(found: list[Window], truth: list[Window], threshold: float) -> float:
    """The area under the curve, a step of recall at a time, each with the best precision at that recall or more."""
    taken: set[int] = set()
    points = []
    for count, window in enumerate(found[:10], start=1):
        by_iou = sorted(range(len(truth)), key=lambda i, window=window: -slow_iou(window, truth[i]))
        for index in by_iou:
            if slow_iou(window, truth[index]) < threshold:
                break
            if index not in taken:
                taken.add(index)
                break
        points.append((len(taken) / len(truth), len(taken) / count))
    area = 0.0
    for step in range(1, len(truth) + 1):
        reached = [precision for recall, precision in points if recall >= step / len(truth) - 1e-9]
        area += max(reached, default=0.0) / len(truth)
    return area
