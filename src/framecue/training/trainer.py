"""A thin `transformers.Trainer`: batches, loss, two learning rates, validation."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainerState, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import TrainOutput
from transformers.utils.import_utils import is_torch_bf16_gpu_available

from framecue.datasets.examples import Example, ExampleSource
from framecue.errors import DatasetError, InputError, RecipeError, TrainingError
from framecue.model import VideoTextModel
from framecue.training.batches import SlicedSource, UniqueVideoBatchSampler, collate
from framecue.training.callbacks import (
    ClampLogitScale,
    EpochOrder,
    FollowWeights,
    StopEarly,
    StopWithoutBetter,
    TensorBoardLog,
    best_so_far,
    is_patience_over,
)
from framecue.training.ema import WeightAverage
from framecue.training.gather import sum_over_processes
from framecue.training.optimiser import build_optimiser, learning_rates
from framecue.training.processes import (
    by_the_first,
    check_alike,
    computes_on_cpu,
    join_processes,
    num_processes,
    rank,
    wait_for_all,
)
from framecue.training.recipe import Schedule
from framecue.training.step import TrainingStep
from framecue.training.usage import Meter
from framecue.training.workers import num_loader_workers

__all__ = ["RetrievalTrainer", "training_arguments"]

_WAY_OUT = "lower learning_rate, backbone_learning_rate or max_grad_norm, and train anew in another output_dir"
CHECKPOINTS, LOGS = "checkpoints", "logs"
AVERAGES_FILE = "averages.safetensors"  # in a checkpoint, beside the model's own weights
Validate = Callable[[VideoTextModel], dict[str, float]]


class RetrievalTrainer(Trainer):
    """Trains a `VideoTextModel` on a source of examples, together with the other processes that `torchrun` started.

    What `Trainer` calls its model is a `TrainingStep`. `video_text_model` is the one inside.

    Args:
        model: its method decides what is trained.
        schedule: batch size, learning rates, lengths.
        source: the training examples.
        output_dir: gets `checkpoints` and `logs` (for TensorBoard).
        validate: scores the model on the validation split, every `eval_steps` and after the last step; its "R@1" and
            "mean rank" choose the checkpoint whose weights the model gets in the end, as the schedule's `validation`
            says. With None it keeps those of the last step.
        teachers: frozen models from which the loss learns.
        build_step: makes the module that computes the loss: `TrainingStep`, or `DistillationStep` with one teacher.
        shuffle: whether the source's order is drawn anew each epoch.
        callbacks: to show progress; otherwise nothing is printed.

    Raises:
        DatasetError: all of the source's examples are of one video, so there is nothing to contrast it with.
        RecipeError: there are more processes than videos a step, or the GPU cannot compute in bfloat16.
        TrainingError: the processes form no group, or have other examples than each other.
    """

    def __init__(
        self,
        model: VideoTextModel,
        schedule: Schedule,
        *,
        source: ExampleSource,
        output_dir: Path,
        validate: Validate | None,
        teachers: Sequence[VideoTextModel] = (),
        build_step: Callable[..., TrainingStep] = TrainingStep,
        shuffle: bool = True,
        callbacks: list[TrainerCallback] | None = None,
    ) -> None:
        if all(source.video_of(index) == source.video_of(0) for index in range(len(source))):
            raise DatasetError("there are fewer than two videos to train on; a contrastive loss tells one from others")
        join_processes()
        if num_processes() > 1:  # for it looks at every example
            check_alike(_summary(source), what="list of training examples")
        model.method.freeze(model.backbone)
        model.backbone.recompute_layers(schedule.gradient_checkpointing)
        self.schedule, self.source, self.validate, self.video_text_model = schedule, source, validate, model
        self.sampler = UniqueVideoBatchSampler(
            source,
            batch_size=schedule.batch_size,
            seed=schedule.seed,
            shuffle=shuffle,
            rank=rank(),
            num_processes=num_processes(),
        )
        super().__init__(
            model=build_step(model, teachers=teachers, micro_batch_size=schedule.micro_batch_size),
            args=training_arguments(schedule, output_dir, validates=validate is not None),
            train_dataset=source,
            # The Trainer wants one if there is an evaluation, though `evaluate` does not need it.
            eval_dataset={} if validate is not None else None,
            data_collator=collate,
            callbacks=[
                EpochOrder(self.sampler, schedule.gradient_accumulation_steps),
                ClampLogitScale(model),
                StopEarly(schedule.stop_step),
                *(callbacks or []),
            ],
        )
        set_seed(schedule.seed + rank())  # so that dropout differs between the processes
        self._log = TensorBoardLog(output_dir / LOGS)
        if rank() == 0 and "tensorboard" in schedule.report_to:
            self.add_callback(self._log)
        self.meter = Meter()
        self.add_callback(self.meter)
        self.average: WeightAverage | None = None
        if schedule.ema_decay is not None:
            self.average = WeightAverage(model, decay=schedule.ema_decay)
            self.add_callback(FollowWeights(self.average, model))
        if self._chooses:
            self.add_callback(StopWithoutBetter(schedule))
        self.remove_callback(ProgressCallback)
        self.remove_callback(PrinterCallback)

    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train as `Trainer.train` does; raises `TrainingError` when a loss or a weight is not finite."""
        resumed = kwargs.get("resume_from_checkpoint")
        if self.average is not None and resumed is not None:
            self.average.load(Path(resumed) / AVERAGES_FILE)
        try:
            output = super().train(*args, **kwargs)
        finally:
            self._log.close()
        counted = torch.tensor(self.meter.counted, device=self.args.device)
        self.meter.tell_count(int(sum_over_processes(counted)))
        if self.average is not None and self.state.best_model_checkpoint is None:
            # Those of the last step; a checkpoint that was chosen came with its own.
            self.average.copy_to(self.video_text_model)
        return output

    @property
    def _chooses(self) -> bool:
        """Whether validations choose the checkpoint."""
        return self.args.load_best_model_at_end

    def get_train_dataloader(self) -> DataLoader[Example]:
        """Return a loader of this process's slices of batches in which a video occurs at most once.

        It is not for `accelerate` to prepare, which would share out batches that are shared out already.
        """
        workers = num_loader_workers(self.schedule)
        # Workers that stayed alive would not learn of the next epoch, on which random frames depend.
        return DataLoader(
            SlicedSource(self.source),
            batch_sampler=self.sampler,
            collate_fn=self.data_collator,
            num_workers=workers,
            prefetch_factor=2 if workers else None,
        )

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return the loss over the batch of all processes; see `TrainingStep`."""
        loss = model(**inputs)
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss became {loss.item()} at step {self.state.global_step + 1}; {_WAY_OUT}")
        return (loss, {}) if return_outputs else loss

    def training_step(
        self, model: nn.Module, inputs: dict[str, Any], num_items_in_batch: Tensor | int | None = None
    ) -> Tensor:
        """Return the loss of a batch, after its gradients have been added up; its examples are counted."""
        self.meter.count(len(inputs["captions"]))
        return super().training_step(model, inputs, num_items_in_batch)

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Return the optimiser of the method's groups of parameters; see `build_optimiser`."""
        if self.optimizer is None:
            self.optimizer = build_optimiser(self.video_text_model, self.schedule)
        return self.optimizer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log numbers, with the rate of each group of parameters in place of the first one's.

        Left out is `total_flos`, which is 0: it is counted for models of texts alone.
        """
        logs = {key: value for key, value in logs.items() if key != "total_flos"}
        if "learning_rate" in logs and self.optimizer is not None:
            rates = learning_rates(self.optimizer)
            shown = {key: value for key, value in logs.items() if key != "learning_rate"}
            logs = shown | {f"learning_rate {name}": rate for name, rate in rates.items()}
        super().log(logs, start_time)

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write the weights, and their averages if there are any."""
        super().save_model(output_dir, _internal_call)
        if self.average is not None and self.args.should_save:
            self.average.save(Path(output_dir or str(self.args.output_dir)) / AVERAGES_FILE)

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Score the validation split; called every `eval_steps`, before a checkpoint is written.

        The first process scores it, and the others wait for what it says.
        """
        validate, model = self.validate, self.video_text_model
        assert validate is not None
        self._refuse_weights_not_finite()
        was_training = model.training
        model.eval()
        scores = by_the_first(lambda: self._score(validate))
        metrics = {f"eval_{name}": value for name, value in scores.items()}
        model.train(was_training)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save_checkpoint(self, model: nn.Module, trial: Any) -> None:
        # Without a validation nobody has looked at the weights yet, and the run would go on from this checkpoint.
        self._refuse_weights_not_finite()
        super()._save_checkpoint(model, trial)

    def _refuse_weights_not_finite(self) -> None:
        for name, parameter in self.video_text_model.named_parameters():
            if not torch.isfinite(parameter).all():  # from here on every checkpoint would be useless
                raise TrainingError(
                    f"{name} has values that are not finite at step {self.state.global_step}; {_WAY_OUT}"
                )

    def _save_rng_state(self, output_dir: str) -> None:
        # Each process writes its own. The first then writes the file that says that the checkpoint is complete.
        super()._save_rng_state(output_dir)
        wait_for_all()

    def _score(self, validate: Validate) -> dict[str, float]:
        """Return the validation's scores of the weights that would be written: the averages, if there are any."""
        with nullcontext() if self.average is None else self.average.applied(self.video_text_model):
            try:
                return validate(self.video_text_model)
            except DatasetError:
                raise  # about files, not about weights
            except InputError as error:
                raise TrainingError(
                    f"the model of step {self.state.global_step} cannot be validated ({error}); {_WAY_OUT}"
                ) from error

    @property
    def scores(self) -> dict[str, float] | None:
        """The validation's scores of the weights that training, or `restore_finished`, has left in the model.

        None if they were never validated.
        """
        chosen, step = self.state.best_model_checkpoint, self.state.global_step
        if chosen is not None:
            step = int(Path(chosen).name.removeprefix("checkpoint-"))
        entries = [entry for entry in self.state.log_history if entry["step"] == step and "eval_R@1" in entry]
        if not entries:
            return None
        return {name.removeprefix("eval_"): value for name, value in entries[-1].items() if name.startswith("eval_")}

    def restore_finished(self, checkpoint: str) -> bool:
        """Load the chosen weights of a run that has made its last step into the model, as `train` does at its end.

        `train` itself would make a step too many if it were resumed from a last checkpoint in the middle of an epoch.

        Args:
            checkpoint: the run's last checkpoint.

        Returns:
            Whether the run has made its last step; if not, nothing is changed.
        """
        state = TrainerState.load_from_json(str(Path(checkpoint) / "trainer_state.json"))
        stopped = self._chooses and is_patience_over(self.schedule, state)
        if state.global_step < min(state.max_steps, self.schedule.stop_step or state.max_steps) and not stopped:
            return False
        self.state = state
        if state.best_model_checkpoint is None or not Path(state.best_model_checkpoint).is_dir():
            state.best_model_checkpoint = checkpoint
        self._load_best_model()
        return True

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        """Note the chosen checkpoint after a validation; returns whether it is the one that is about to be written."""
        if not self._chooses:
            return False
        best = best_so_far(self.schedule, self.state)
        self.state.best_metric, self.state.best_global_step = best.recall_at_1, best.step
        return best.step == self.state.global_step

    def _load_best_model(self) -> None:
        super()._load_best_model()
        if self.average is not None:
            self.average.load(Path(str(self.state.best_model_checkpoint)) / AVERAGES_FILE)
            self.average.copy_to(self.video_text_model)


def training_arguments(schedule: Schedule, output_dir: Path, *, validates: bool) -> TrainingArguments:
    """Return a schedule as the arguments of a `transformers` trainer.

    Raises:
        RecipeError: there are more processes than videos a step, or the GPU cannot compute in bfloat16.
    """
    steps, on_cpu = schedule.eval_steps, computes_on_cpu()
    chooses = validates and schedule.validation in ("best", "mean-of-last-5")
    if schedule.batch_size < num_processes():
        raise RecipeError(
            f"schedule.batch_size ({schedule.batch_size}) is of all {num_processes()} processes together; give at "
            "least as many videos as there are processes, or start fewer"
        )
    if schedule.bf16 and not on_cpu and not is_torch_bf16_gpu_available():
        raise RecipeError("schedule.bf16: this GPU cannot compute in bfloat16; leave bf16 out")
    arguments = TrainingArguments(
        output_dir=str(output_dir / CHECKPOINTS),
        max_steps=schedule.max_steps if schedule.max_steps is not None else -1,
        num_train_epochs=schedule.num_epochs,
        per_device_train_batch_size=math.ceil(schedule.batch_size / num_processes()),
        gradient_accumulation_steps=schedule.gradient_accumulation_steps,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.max_grad_norm,
        lr_scheduler_type="cosine",
        warmup_steps=schedule.warmup_ratio,  # below 1, transformers 5 takes it as a share of the steps
        bf16=schedule.bf16,
        use_cpu=on_cpu,  # a decision apart from bf16
        seed=schedule.seed,
        logging_steps=schedule.logging_steps,
        logging_first_step=True,
        report_to=[],  # see TensorBoardLog
        save_strategy="steps",
        save_steps=steps,
        save_total_limit=2,
        eval_strategy="steps" if validates else "no",
        eval_steps=steps,
        load_best_model_at_end=chooses,
        metric_for_best_model="eval_R@1" if chooses else None,
        greater_is_better=True if chooses else None,
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_num_workers=num_loader_workers(schedule),
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # a process takes one GPU; `DataParallel` would split the batch's loss
    return arguments


def _summary(source: ExampleSource) -> str:
    """Return how many examples there are, and a hash of their videos in order."""
    digest = hashlib.blake2b(digest_size=8)
    for index in range(len(source)):
        digest.update(source.video_of(index).encode("utf-8", "surrogatepass") + b"\0")
    return f"{len(source)} of videos {digest.hexdigest()}"
