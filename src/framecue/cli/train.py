"""``framecue train``: train a model as a recipe says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framecue.cli.output import log, print_json, quiet_libraries

if TYPE_CHECKING:
    from transformers import TrainerCallback


@click.command()
@click.argument("recipe", metavar="RECIPE.YAML")
@click.argument("overrides", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train(recipe: str, overrides: tuple[str, ...], as_json: bool) -> None:
    """Train a model as a recipe says; a run that was killed goes on from its last checkpoint.

    The validation split chooses the checkpoint. The adapter, the checkpoints and the TensorBoard log go to the
    recipe's output_dir.

    \b
    framecue train recipes/moji/prompt-switch.yaml output_dir=runs/mine schedule.batch_size=64
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.training.recipe import read_recipe

    checked = read_recipe(recipe, overrides)
    from framecue.evaluation.validation import score_examples
    from framecue.training.run import run_recipe

    run = run_recipe(checked, score=score_examples, callbacks=[_progress()])
    if as_json:
        print_json({"adapter": str(run.adapter), "steps": run.steps, "validation": run.validation})
        return
    log(f"{run.steps} steps; validation: {_scores(run.validation)}")
    click.echo(str(run.adapter))


def _scores(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


def _progress() -> TrainerCallback:
    """A progress bar on a terminal, and a line for each log entry, on standard error."""
    import sys

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from transformers import TrainerCallback

    console = Console(file=sys.stderr)

    class Report(TrainerCallback):
        bar: Progress | None = None

        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step:
                log(f"goes on from step {state.global_step} of {state.max_steps}")
            if console.is_terminal:
                columns = (TextColumn("Training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
                self.bar = Progress(*columns, console=console)
                self.task = self.bar.add_task("", total=state.max_steps, completed=state.global_step)
                self.bar.start()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if self.bar is not None:
                self.bar.update(self.task, completed=state.global_step)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            shown = {key: value for key, value in (logs or {}).items() if isinstance(value, float) and key != "epoch"}
            line = f"step {state.global_step} of {state.max_steps}: {_scores(shown)}"
            if self.bar is not None:
                self.bar.console.print(line, highlight=False)
            else:
                log(line)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if self.bar is not None:
                self.bar.stop()

    return Report()
