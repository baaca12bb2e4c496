"""Which checkpoint is chosen: by the scores of its own validation, or by those of several in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Validation", "best_validation", "is_out_of_patience", "validations_in"]


@dataclass(frozen=True)
class Validation:
    """The scores that choose a checkpoint.

    Attributes:
        step: after which they were taken.
        recall_at_1: text to video, in per cent.
        mean_rank: text to video, from 1; infinite if it is not known.
    """

    step: int
    recall_at_1: float
    mean_rank: float = float("inf")


def validations_in(history: Sequence[Mapping[str, float]]) -> list[Validation]:
    """Return the validations in a trainer's log, in the order in which they were made."""
    return [
        Validation(int(entry["step"]), entry["eval_R@1"], entry.get("eval_mean rank", float("inf")))
        for entry in history
        if "eval_R@1" in entry
    ]


def best_validation(validations: Sequence[Validation], *, window: int = 1) -> Validation:
    """Return the validation at which R@1 is highest; of several the one with the lowest mean rank, then the first.

    Args:
        validations: at least one, in order.
        window: each counts as the mean of itself and of up to `window - 1` before it. X-Pool's and Prompt Switch's
            released code has 5 (`eval_window_size`).
    """
    smoothed = [_mean(validations[max(0, end - window) : end]) for end in range(1, len(validations) + 1)]
    place = max(range(len(smoothed)), key=lambda i: (smoothed[i].recall_at_1, -smoothed[i].mean_rank))
    return validations[place]


def is_out_of_patience(validations: Sequence[Validation], *, window: int = 1, patience: int | None) -> bool:
    """Return whether the last `patience` validations brought no better one; with None it never is so."""
    if patience is None or not validations:
        return False
    best = best_validation(validations, window=window)
    return sum(each.step > best.step for each in validations) >= patience


def _mean(part: Sequence[Validation]) -> Validation:
    count = len(part)
    recall, rank = sum(each.recall_at_1 for each in part) / count, sum(each.mean_rank for each in part) / count
    return Validation(part[-1].step, recall, rank)
