"""A run's numbers on Weights & Biases, if its package is installed."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from transformers import TrainerCallback

from framecue.errors import RecipeError
from framecue.outputs import written_beside

__all__ = ["WandbLog"]

ID_FILE = "wandb-run.txt"


class WandbLog(TrainerCallback):
    """Sends every number that is logged; a run that goes on after a break goes on there too.

    The environment decides the rest, as everywhere with W&B: `WANDB_PROJECT` (default framecue), `WANDB_MODE=offline`.

    Args:
        folder: for W&B's own files and the run's id; made if it is not there.
        name: the run's name.
        config: what is shown beside it.

    Raises:
        RecipeError: the package is not installed.
    """

    def __init__(self, folder: Path, *, name: str, config: dict[str, Any]) -> None:
        try:
            self._wandb: Any = importlib.import_module("wandb")
        except ImportError as error:
            raise RecipeError(
                "schedule.report_to names wandb, which is not installed; run `pip install wandb`, or leave it out"
            ) from error
        self._folder, self._name, self._config = folder, name, config
        self._run: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin a run there, or go on with it."""
        if state.is_world_process_zero:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._run = self._wandb.init(
                project=os.environ.get("WANDB_PROJECT") or "framecue",
                name=self._name,
                config=self._config,
                dir=str(self._folder),
                id=self._run_id(goes_on=state.global_step > 0),
                resume="allow",
            )

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Send numbers; those of a validation are `eval/...`, the others `train/...`."""
        if self._run is not None:
            numbers = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
            self._run.log({_tag(name): value for name, value in numbers.items()}, step=state.global_step)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Send what is left."""
        if self._run is not None:
            self._run.finish()
        self._run = None

    def _run_id(self, *, goes_on: bool) -> str:
        file = self._folder / ID_FILE
        if goes_on and file.is_file():
            return file.read_text(encoding="utf-8").strip()
        made = uuid4().hex[:12]
        with written_beside(file, overwrite=True) as partial:
            partial.write_text(f"{made}\n", encoding="utf-8")
        return made


def _tag(name: str) -> str:
    group, _, rest = name.partition("_")
    return f"eval/{rest}" if group == "eval" else f"train/{name}"
