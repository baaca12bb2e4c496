"""``framecue train``: train a model by a recipe."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from framecue.cli.dry_run import document, lines
from framecue.cli.model_files import get_model_files, size_text
from framecue.cli.options import threads_option
from framecue.cli.output import log, print_json, progress_bar, quiet_libraries
from framecue.cli.stopping import say_at_stop
from framecue.counts import counted
from framecue.times import clock

if TYPE_CHECKING:
    from transformers import TrainerCallback

    from framecue.training.recipe import Recipe
    from framecue.training.usage import Usage


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@threads_option
@click.option("--dry-run", is_flag=True, help="Tell steps, memory and time, by a few steps here; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train(recipe: str, overrides: tuple[str, ...], dry_run: bool, as_json: bool) -> None:
    """Train a model as a recipe says; a run that was killed goes on from its last checkpoint.

    The validation split chooses the checkpoint, unless schedule.validation says otherwise. The adapter, the checkpoints
    and the TensorBoard log go to the recipe's output_dir. RECIPE is a file, or the name of a shipped one: moji-... are
    the whole trainings that made the shipped model (500 steps of 96 clips for moji-prompt-switch), DATASET/METHOD are
    papers' runs on the field's data sets (docs/reproduce.md); an unknown name lists them. schedule.max_steps shortens a
    run. docs/training.md lists all keys.

    \b
    framecue train msr-vtt-9k/prompt-switch data_dir=data/MSRVTT --dry-run
    framecue train moji-prompt-switch output_dir=runs/mine schedule.max_steps=20
    framecue train my-recipe.yaml schedule.batch_size=64
    torchrun --nproc-per-node 8 -m framecue train my-recipe.yaml
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.training.recipe import read_recipe

    checked = read_recipe(recipe, overrides)
    from framecue.training.processes import StoppedElsewhereError, leave_processes
    from framecue.training.run import last_checkpoint, run_recipe
    from framecue.training.trainer import CHECKPOINTS

    is_first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun starts, one speaks
    if is_first:
        _tell_of_gpus()
    checked.dataset.look_at_files()
    if dry_run:
        _tell_of(checked, as_json=as_json)
        return
    get_model_files(checked.backbone, yes=True)
    try:
        if not is_first:
            run_recipe(checked)
            leave_processes()
            return
        with progress_bar("Training") as update:
            run = run_recipe(checked, callbacks=[_teller(update)])
        leave_processes()
    except StoppedElsewhereError as error:
        raise SystemExit(1) from error
    except KeyboardInterrupt:
        if not is_first:
            raise
        last = last_checkpoint(checked.output_dir / CHECKPOINTS)
        if last is None:
            every = checked.schedule.eval_steps
            say_at_stop(f"there is no checkpoint yet (schedule.eval_steps={every}), so the same command begins anew")
        else:
            say_at_stop(f"the same command goes on from {last}")
        raise
    if as_json:
        print_json({"adapter": str(run.adapter), "steps": run.steps, "validation": run.validation, **asdict(run.usage)})
        return
    validation = f"validation: {_scores(run.validation)}" if run.validation else "nothing was validated"
    log("; ".join([counted(run.steps, "step"), validation, *_usage(run.usage)]))
    click.echo(str(run.adapter))


def _tell_of(recipe: Recipe, *, as_json: bool) -> None:
    """Print what a run would take; refuse to download anything for it."""
    from framecue.backbone.download import find_download
    from framecue.errors import InputError
    from framecue.training.estimate import estimate_run

    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise InputError("--dry-run is for one process; run it without torchrun")
    download = find_download(recipe.backbone)
    if download is not None:
        raise InputError(
            f"{recipe.backbone} is not on this machine ({size_text(download.size_bytes)}), and --dry-run writes "
            "nothing; without it the same command downloads the model, or name a folder with backbone=DIR"
        )
    estimate = estimate_run(recipe)
    if as_json:
        print_json(document(recipe, estimate))
        return
    click.echo("\n".join(lines(recipe, estimate)))


def _tell_of_gpus() -> None:
    import torch

    count = torch.cuda.device_count()
    if count > 1 and "WORLD_SIZE" not in os.environ:
        log(f"trains on 1 of {count} GPUs; torchrun --nproc-per-node {count} -m framecue train ... takes them all")


def _scores(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


def _usage(usage: Usage) -> list[str]:
    """Return the words for what a run took, those that are known."""
    words = []
    if usage.samples_per_second is not None:
        words.append(f"{usage.samples_per_second:.3g} samples a second")
    if usage.peak_memory_bytes is not None:
        words.append(f"at most {usage.peak_memory_bytes / 1e9:.2f} GB of memory")
    if usage.peak_device_memory_bytes is not None:
        words.append(f"at most {usage.peak_device_memory_bytes / 1e9:.2f} GB on the GPU")
    return words


def _teller(update: Callable[[float, int], None]) -> TrainerCallback:
    """Return a callback that moves the progress bar and writes a line on standard error for each log entry."""
    from transformers import TrainerCallback

    class Teller(TrainerCallback):
        since, first = 0.0, 0

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.since, self.first = time.monotonic(), state.global_step
            if state.global_step:
                log(f"goes on from step {state.global_step} of {state.max_steps}")
            update(state.global_step, state.max_steps)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            update(state.global_step, state.max_steps)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            shown = {key: value for key, value in (logs or {}).items() if isinstance(value, float) and key != "epoch"}
            line = f"step {state.global_step} of {state.max_steps}: {_scores(shown)}"
            steps, left = state.global_step - self.first, state.max_steps - state.global_step
            if steps > 0 and left > 0:
                line += f"; about {clock(left * (time.monotonic() - self.since) / steps)} left"
            log(line)

    return Teller()
