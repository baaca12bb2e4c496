"""A process of a run that may be killed: `python -m support.killed_process OUTPUT CLIP [STEP]`, for each of them.

Before the step the last one kills itself as the system does when memory is short.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from framecue.errors import TrainingError
from framecue.training.processes import num_processes, rank
from framecue.training.run import run_recipe
from support.together import recipe


class KillTheLast(TrainerCallback):
    """Ends the last process before a step, at once."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step and rank() == num_processes() - 1:
            os.kill(os.getpid(), signal.SIGKILL)


def main(output: Path, clip: Path, steps: list[str]) -> None:
    """Run the recipe; a problem is the program's last word."""
    try:
        run_recipe(recipe(clip, output), callbacks=[KillTheLast(int(step)) for step in steps])
    except TrainingError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
