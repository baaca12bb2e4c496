"""Small trainings that one process makes, or two that torchrun started: `python -m support.together FOLDER CLIP`.

As a program it makes all of `CASES` in FOLDER, and what test_trained_together.py of tests/suites/processes asks about
besides.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import TrainerCallback

from framecue.backbone import load_backbone
from framecue.datasets.examples import Example
from framecue.errors import FramecueError
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.training.distillation import DistillationStep
from framecue.training.gather import gather_rows, mean_over_processes, sum_over_processes
from framecue.training.processes import join_processes, rank
from framecue.training.recipe import Recipe, Schedule
from framecue.training.run import run_recipe
from framecue.training.step import TrainingStep
from framecue.training.trainer import RetrievalTrainer

IMAGE_SIZE, NUM_FRAMES = 16, 4
WORDS = ("apple", "banana", "cat", "dog", "fox", "frog", "moon", "star", "train", "tree", "whale", "bell")


@dataclass(frozen=True)
class Case:
    """A method's options, what the schedule has besides, the videos of its examples, and which loss."""

    method: str
    options: dict[str, Any] = field(default_factory=dict)
    schedule: dict[str, Any] = field(default_factory=dict)
    videos: tuple[int, ...] = tuple(range(10))
    has_teacher: bool = False
    distils: bool = False
    num_epochs: int = 1


CASES = {
    "mean-pool": Case("mean-pool", num_epochs=2),
    "prompt-switch": Case("prompt-switch", {"num_prompts": 2, "captioner_layers": 1}, num_epochs=2),
    "vop-fc": Case("vop-fc"),
    "x-pool": Case("x-pool", {"dropout": 0.0}),
    # Words are compared, of which each process has as many as its longest caption.
    "x-clip": Case("x-clip"),
    # Five batches of two of which one has two rows at most: the second process often has none.
    "empty slices": Case(
        "prompt-switch", {"num_prompts": 2, "captioner_layers": 1}, {"batch_size": 2}, (0, 0, 1, 0, 2, 0, 0)
    ),
    "micro-batches": Case(
        "prompt-switch",
        {"num_prompts": 2, "captioner_layers": 1},
        {"micro_batch_size": 1, "gradient_checkpointing": True},
    ),
    "accumulation": Case("vop-fc", schedule={"gradient_accumulation_steps": 2, "micro_batch_size": 2}, num_epochs=2),
    "teacher": Case("teachclip", has_teacher=True),
    "distillation": Case("vop-fc", has_teacher=True, distils=True, num_epochs=2),
    "distillation, empty slices": Case(
        "prompt-switch",
        {"num_prompts": 2, "captioner_layers": 1},
        {"batch_size": 2},
        (0, 0, 1, 0, 2, 0, 0),
        has_teacher=True,
        distils=True,
    ),
}


class Things:
    """Videos of one colour each, and captions of one word to six; two of them say the same. A source of examples."""

    def __init__(self, videos: Sequence[int]) -> None:
        self.videos = tuple(videos)

    def __len__(self) -> int:
        return len(self.videos)

    def video_of(self, index: int) -> str:
        return str(self.videos[index])

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def backwards(self, index: int) -> str | None:
        return None

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        return [self._example(index) for index in indices]

    def _example(self, index: int) -> Example:
        rng = np.random.default_rng([7, self.videos[index]])
        frames = rng.integers(0, 256, (NUM_FRAMES, 3, IMAGE_SIZE, IMAGE_SIZE), dtype=np.uint8)
        caption = " ".join(["the", WORDS[min(index, 8)], *WORDS[: 2 * (index % 3)]])
        return Example(torch.from_numpy(frames), caption, self.video_of(index))


class Watch(TrainerCallback):
    """Notes the losses, the first step's gradients, and what epochs the source has heard of."""

    def __init__(self) -> None:
        self.losses: list[float] = []
        self.gradients: dict[str, Tensor] = {}

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if not self.gradients:
            named = kwargs["model"].model.named_parameters()
            self.gradients = {name: p.grad.clone() for name, p in named if p.grad is not None}

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if "loss" in logs:
            self.losses.append(logs["loss"])


class KilledError(Exception):
    """Stands for a kill."""


class Kill(TrainerCallback):
    """Stops a run before a step as a kill does: no clearing up."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise KilledError


def make_model(clip: Path, method: str, options: dict[str, Any], *, seed: int = 1) -> VideoTextModel:
    """Return a model in float64."""
    backbone = load_backbone(clip)
    torch.manual_seed(seed)
    options = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES, **options}
    made = build_method(method, options, backbone)
    with torch.no_grad():
        for parameter in made.parameters():  # a start of zeros would hide what is behind it
            parameter.add_(0.1 * torch.randn_like(parameter))
    return VideoTextModel(backbone, made, method_name=method).double()


def train(case: Case, clip: Path, folder: Path) -> dict[str, Any]:
    """Train an epoch or two; gives the losses, the first step's gradients, and the weights in the end."""
    model, watch = make_model(clip, case.method, case.options), Watch()
    teachers = [make_model(clip, "mean-pool", {}, seed=2)] if case.has_teacher else []
    for teacher in teachers:
        with torch.no_grad():
            teacher.get_parameter("backbone.model.visual_projection.weight").mul_(-1)
    chosen = {"batch_size": 5, "num_epochs": case.num_epochs, "learning_rate": 1e-3, "seed": 5}
    schedule = Schedule(
        **{**chosen, "backbone_learning_rate": 1e-3, "max_grad_norm": 1e9, "logging_steps": 1, **case.schedule}
    )
    trainer = RetrievalTrainer(
        model,
        schedule,
        source=Things(case.videos),
        output_dir=folder,
        validate=None,
        teachers=teachers,
        build_step=DistillationStep if case.distils else TrainingStep,
        callbacks=[watch],
    )
    trainer.train()
    return {"losses": watch.losses, "gradients": watch.gradients, "weights": dict(model.state_dict())}


def recipe(clip: Path, output: Path, **changes: Any) -> Recipe:
    """Return a recipe of ten steps in two epochs on stills, with dropout, and validations in between."""
    content: dict[str, Any] = {
        "output_dir": str(output),
        "backbone": str(clip),
        "method": "x-pool",
        "options": {"num_frames": 1, "num_test_frames": 1},
        "dataset": {"name": "moji-stills", "num_examples": 20, "num_val": 8, "seed": 3},
        "schedule": {
            **{"batch_size": 4, "num_epochs": 2, "eval_steps": 3, "logging_steps": 1, "seed": 4},
            **{"learning_rate": 1e-3, "backbone_learning_rate": 1e-3},
        },
        **changes,
    }
    return Recipe.model_validate(content)


def problem_of(work: Callable[[], Any]) -> str:
    """Return the message of the error that it raises."""
    try:
        work()
    except FramecueError as error:
        return f"{type(error).__name__}: {error}"
    return "none"


def run_killed_and_resumed(make: Callable[[], Recipe], step: int) -> None:
    """Run a recipe until it is killed before a step, and then to its end."""
    with contextlib.suppress(KilledError):
        run_recipe(make(), callbacks=[Kill(step)])
    run_recipe(make())


def main(folder: Path, clip: Path) -> None:
    """Do everything that needs two processes, and write what came of it into the folder."""
    join_processes()
    number = rank()
    torch.save(_gathered(number), folder / f"gathered {number}.pt")
    for name, case in CASES.items():
        torch.save(train(case, clip, folder / "two" / name), folder / f"{name} {number}.pt")
    problems = {
        "too many": problem_of(
            lambda: run_recipe(recipe(clip, folder / f"other {number}"))  # each its own output_dir
        ),
        "other data": problem_of(lambda: train(Case("vop", videos=tuple(range(8 + number))), clip, folder / "data")),
        "too few": problem_of(lambda: run_recipe(recipe(clip, folder / "one")))
        if (folder / "one").is_dir()
        else "not tried",
        "another recipe": "not tried",
    }
    if (folder / "one").is_dir():  # the demo's packages are there
        for step in (4, 9):
            run_killed_and_resumed(lambda step=step: recipe(clip, folder / f"killed {step}"), step)  # type: ignore[misc]
        with contextlib.suppress(KilledError):
            run_recipe(recipe(clip, folder / "broken off"), callbacks=[Kill(7)])
        problems["another recipe"] = problem_of(
            lambda: run_recipe(recipe(clip, folder / "killed 4", position_embedding_scale=2.0))
        )
        _train_by_command(folder, clip, number)
    (folder / f"problems {number}.json").write_text(json.dumps(problems))


def _gathered(number: int) -> dict[str, Tensor]:
    """Gather rows of which the second process has none or other lengths, and go back through what comes of them."""
    words = (
        torch.arange(12.0).reshape(2, 3, 2) if number == 0 else torch.arange(6.0).reshape(3, 1, 2)
    ).requires_grad_()
    rows = (torch.ones(2, 2) if number == 0 else torch.ones(0, 2)).requires_grad_()
    keys = torch.tensor([[1, 2]] if number == 0 else [[3, -(2**62)]])
    gathered, others = gather_rows(words), gather_rows(rows)
    torch.autograd.backward(gathered.square().sum() * (number + 1) + others.sum())
    assert words.grad is not None
    assert rows.grad is not None
    return {
        "words": gathered.detach(),
        "rows": others.detach(),
        "keys": gather_rows(keys),
        "words' gradient": words.grad,
        "rows' gradient": rows.grad,
        "sum": sum_over_processes(torch.tensor(number + 1.0)),
        "mean": mean_over_processes(torch.tensor(number + 1.0)),
    }


def _train_by_command(folder: Path, clip: Path, number: int) -> None:
    """Run `framecue train`, which leaves the group of processes at its end."""
    from framecue.cli.main import main as framecue

    file = folder / "recipe.yaml"
    if number == 0:
        file.write_text(json.dumps(recipe(clip, folder / "whole").model_dump(mode="json")))
    torch.distributed.barrier()
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = framecue(["train", str(file)])
    said = {"code": code, "out": out.getvalue(), "err": err.getvalue()}
    (folder / f"command {number}.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
