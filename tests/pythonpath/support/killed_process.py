"""Processes of a run that may be killed: `python -m support.killed_process`.

A program: it imports what takes long once, and forks for each line of standard input, a JSON object with `output` and
`clip` of the recipe, `step`, before which the last process kills itself as the system does when memory is short (null:
it does not), `environment`, variables to set, and `said`, a file for what it prints. It answers with the new process's
id, and, for a line `{"wait": ID}`, with the exit code of that process: negative where a signal ended it.
"""

from __future__ import annotations

import json
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


def run(output: Path, clip: Path, step: int | None) -> None:
    """Run the recipe; a problem is the program's last word."""
    try:
        run_recipe(recipe(clip, output), callbacks=[] if step is None else [KillTheLast(step)])
    except TrainingError as error:
        raise SystemExit(str(error)) from error


def start(order: dict[str, Any]) -> int:
    """Fork a process that does what is ordered, and ends as a program of its own would; return its id."""
    if process_id := os.fork():
        return process_id
    said, nothing = (
        os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        os.open(os.devnull, os.O_RDONLY),
    )
    for opened, descriptor in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(opened, descriptor)
    os.environ.update(order["environment"])
    run(Path(order["output"]), Path(order["clip"]), order["step"])
    raise SystemExit


def main() -> None:
    """Answer line by line."""
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
        else:
            print(start(order), flush=True)


if __name__ == "__main__":
    main()
