from __future__ import annotations

import pytest

from framecue.training.selection import Validation, best_validation, is_out_of_patience, validations_in


def made(*scores: tuple[float, float]) -> list[Validation]:
    return [Validation(10 * number, recall, rank) for number, (recall, rank) in enumerate(scores, start=1)]


def test_what_is_in_a_log() -> None:
    history = [
        {"loss": 1.0, "step": 1},
        {"eval_R@1": 8.5, "eval_mean rank": 7.25, "step": 2},
        {"eval_R@1": 9.0, "step": 4},
        {"train_runtime": 3.0, "step": 4},
    ]
    assert validations_in(history) == [Validation(2, 8.5, 7.25), Validation(4, 9.0, float("inf"))]


@pytest.mark.parametrize(
    ("scores", "step"),
    [
        ([(1, 9), (3, 9), (2, 1)], 20),
        ([(8.333, 7.08), (8.333, 7.0)], 20),  # a tie goes to the lower mean rank
        ([(8.333, 7.0), (8.333, 7.0)], 10),  # and to the first if that is the same too
        ([(8.333, float("inf")), (8.333, float("inf"))], 10),
    ],
)
def test_the_best(scores: list[tuple[float, float]], step: int) -> None:
    assert best_validation(made(*scores)).step == step


def test_a_window_smooths_a_lucky_score_away() -> None:
    recalls = [10, 60, 10, 30, 40, 45, 44, 43]
    validations = made(*((recall, 5) for recall in recalls))
    assert best_validation(validations).step == 20
    # Means of up to five: 10, 35, 26.7, 27.5, 30, 37, 33.8, 40.4.
    best = best_validation(validations, window=5)
    assert (best.step, best.recall_at_1) == (80, 43)


def test_a_window_breaks_ties_by_its_mean_of_ranks() -> None:
    assert best_validation(made((5, 9), (5, 3), (5, 8)), window=2).step == 30  # mean ranks 9, 6, 5.5


def test_patience() -> None:
    validations = made((1, 9), (3, 9), (2, 9), (3, 9))
    assert not is_out_of_patience(validations[:3], patience=2)
    assert is_out_of_patience(validations, patience=2)
    assert not is_out_of_patience(validations, patience=3)
    assert not is_out_of_patience(made((1, 9), (3, 9), (2, 9), (3, 8)), patience=1)  # the tie was won
    assert not is_out_of_patience(validations, patience=None)
    assert not is_out_of_patience([], patience=1)
