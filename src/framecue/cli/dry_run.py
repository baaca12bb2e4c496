"""What ``framecue train --dry-run`` tells of a run."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from framecue.times import clock

if TYPE_CHECKING:
    from framecue.training.estimate import Estimate
    from framecue.training.recipe import Recipe

__all__ = ["document", "lines"]


def document(recipe: Recipe, estimate: Estimate) -> dict[str, Any]:
    """Return the estimate as JSON shows it, with what the paper reports."""
    found = asdict(estimate)
    memory = found.pop("memory")
    pace = found.pop("pace")
    return {
        "output_dir": str(recipe.output_dir),
        "method": recipe.method,
        **found,
        "memory_bytes": {**memory, "total": estimate.memory.total},
        "measured": pace,
        "paper": None if recipe.paper is None else recipe.paper.model_dump(),
    }


def lines(recipe: Recipe, estimate: Estimate) -> list[str]:
    """Return the lines for people."""
    memory, pace = estimate.memory, estimate.pace
    validated = "nothing is validated"
    if estimate.validation_videos is not None:
        validated = f"validation: {_count(estimate.validation_videos)} videos"
    shown = [
        f"data        {_count(estimate.examples)} captions of {_count(estimate.videos)} videos; {validated}",
        f"steps       {_count(estimate.steps)} of {estimate.batch_size} videos, {_count(estimate.steps_per_epoch)} an "
        f"epoch: {estimate.epochs:.3g} epochs",
        f"parameters  {_count(estimate.trained)} trained of {_count(estimate.parameters)}",
        f"memory      at least {_gigabytes(memory.total)}: parameters {_gigabytes(memory.parameters)}, gradients "
        f"{_gigabytes(memory.gradients)}, optimiser {_gigabytes(memory.optimiser)}, kept for the backward pass "
        f"{_gigabytes(memory.activations)} (counted with {pace.tried_videos} videos)",
        f"time        about {clock(estimate.seconds)} on one process here ({pace.device}), without validations: "
        f"{pace.step_seconds:.3g} s a step, from steps of {pace.tried_videos} videos; reading an example "
        f"{pace.read_seconds:.3g} s, in {pace.workers or 'the same'} process{'es' * (pace.workers > 1)}",
    ]
    if recipe.paper is not None:
        shown.append(f"paper       {_paper(recipe)}")
    return [*shown, "nothing was written"]


def _paper(recipe: Recipe) -> str:
    paper = recipe.paper
    assert paper is not None
    told = [
        f"{direction} {', '.join(f'{name} {value:g}' for name, value in figures.items())}"
        for direction, figures in (("text to video", paper.text_to_video), ("video to text", paper.video_to_text))
        if figures
    ]
    figures = f"{'; '.join(told)} ({paper.source})" if told else f"figures: {paper.source}"
    return f"{paper.name}: {figures}" + (f"; {paper.note}" if paper.note else "")


def _count(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:.2f} GB"
