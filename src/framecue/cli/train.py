"""``framecue train``: train a model as a recipe says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from framecue.cli.output import log, print_json, quiet_libraries

if TYPE_CHECKING:
    from transformers import TrainerCallback


@click.command()
@click.argument("recipe", metavar="RECIPE")
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train(recipe: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Train a model as a recipe says; a run that was killed goes on from its last checkpoint.

    The validation split chooses the checkpoint. The adapter, the checkpoints and the TensorBoard log go to the
    recipe's output_dir.

    \b
    framecue train moji-prompt-switch output_dir=runs/mine schedule.batch_size=64
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.training.recipe import read_recipe

    checked = read_recipe(recipe, overrides)
    from framecue.evaluation.validation import score_examples
    from framecue.training.run import run_recipe

    with _progress() as progress:
        run = run_recipe(checked, score=score_examples, callbacks=[progress])
    if as_json:
        print_json({"adapter": str(run.adapter), "steps": run.steps, "validation": run.validation})
        return
    log(f"{run.steps} steps; validation: {_scores(run.validation)}")
    click.echo(str(run.adapter))


def _scores(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


@contextmanager
def _progress() -> Iterator[TrainerCallback]:
    """A progress bar on a terminal, and a line for each log entry, on standard error."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from transformers import TrainerCallback

    console = Console(file=sys.stderr)
    columns = (TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, disable=not console.is_terminal)
    task = bar.add_task("", total=None)

    class Report(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step:
                self.tell(f"goes on from step {state.global_step} of {state.max_steps}")
            bar.update(task, total=state.max_steps, completed=state.global_step)
            bar.start()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            bar.update(task, completed=state.global_step)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            shown = {key: value for key, value in (logs or {}).items() if isinstance(value, float) and key != "epoch"}
            self.tell(f"step {state.global_step} of {state.max_steps}: {_scores(shown)}")

        def tell(self, line: str) -> None:
            if console.is_terminal:  # above the bar
                console.print(line, highlight=False, markup=False)
            else:
                log(line)

    try:
        yield Report()
    finally:
        # Also when the run was stopped, or the terminal would be left without its cursor.
        bar.stop()
