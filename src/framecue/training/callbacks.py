"""What happens at the steps of a training, beside the steps themselves: callbacks of `transformers.Trainer`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from transformers import TrainerCallback, TrainerState

from framecue.model import VideoTextModel
from framecue.training.batches import UniqueVideoBatchSampler
from framecue.training.ema import WeightAverage
from framecue.training.recipe import Schedule
from framecue.training.selection import Validation, best_validation, is_out_of_patience, validations_in

__all__ = [
    "ClampLogitScale",
    "EpochOrder",
    "FollowWeights",
    "StopEarly",
    "StopWithoutBetter",
    "TensorBoardLog",
    "best_so_far",
    "is_patience_over",
]


class EpochOrder(TrainerCallback):
    """Tells the sampler, and by way of it the source, which epoch begins: neither `Trainer` nor `accelerate` does.

    Every epoch has as many steps, so a step number determines the epoch, also after a resume.
    """

    def __init__(self, sampler: UniqueVideoBatchSampler, batches_per_step: int) -> None:
        self.sampler, self.batches_per_step = sampler, batches_per_step

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the sampler which epoch begins."""
        self.sampler.set_epoch(state.global_step // math.ceil(len(self.sampler) / self.batches_per_step))


class ClampLogitScale(TrainerCallback):
    """Keeps the logit scale at most ln 100 after each step."""

    def __init__(self, model: VideoTextModel) -> None:
        self.model = model

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Clamp it."""
        self.model.backbone.clamp_logit_scale()


class StopEarly(TrainerCallback):
    """Ends the run after a step, in the middle of its schedule."""

    def __init__(self, stop_step: int | None) -> None:
        self.stop_step = stop_step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop after the step that was named, with a validation, if there are any, and a checkpoint."""
        if self.stop_step is not None and state.global_step >= self.stop_step:
            control.should_training_stop = control.should_save = True
            control.should_evaluate = args.eval_strategy != "no"


class FollowWeights(TrainerCallback):
    """Lets the averages follow the weights."""

    def __init__(self, average: WeightAverage, model: VideoTextModel) -> None:
        self._average, self._model = average, model

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Take the weights of the step into the averages."""
        self._average.update(self._model)


class StopWithoutBetter(TrainerCallback):
    """Ends the run when several validations in a row brought no better one."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule

    def on_evaluate(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Stop where patience is over."""
        if is_patience_over(self._schedule, state):
            control.should_training_stop = True


def _window(schedule: Schedule) -> int:
    return 5 if schedule.validation == "mean-of-last-5" else 1


def best_so_far(schedule: Schedule, state: TrainerState) -> Validation:
    """Return the validation whose checkpoint would be taken now."""
    return best_validation(validations_in(state.log_history), window=_window(schedule))


def is_patience_over(schedule: Schedule, state: TrainerState) -> bool:
    """Whether so many validations in a row brought nothing better that the run ends."""
    patience = schedule.early_stopping_patience
    return is_out_of_patience(validations_in(state.log_history), window=_window(schedule), patience=patience)


class TensorBoardLog(TrainerCallback):
    """Writes every number that is logged; if a run is resumed, entries after its last checkpoint are hidden."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Open a file of events."""
        self.close()
        self._writer = SummaryWriter(str(self._folder), purge_step=state.global_step + 1 if state.global_step else None)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        """Write the numbers of an entry."""
        for name, value in (logs or {}).items():
            if self._writer is not None and isinstance(value, int | float):
                group, _, rest = name.partition("_")
                tag = f"eval/{rest}" if group == "eval" else f"train/{name}"
                self._writer.add_scalar(tag, value, state.global_step)

    def close(self) -> None:
        """Write what is still buffered, and close the file."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None
