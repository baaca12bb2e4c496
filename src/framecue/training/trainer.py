"""A thin `transformers.Trainer`: batches, loss, two learning rates, validation."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from transformers import Trainer, TrainerCallback, TrainerState, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import TrainOutput
from transformers.utils.import_utils import is_torch_bf16_gpu_available

from framecue.datasets.examples import Example, ExampleSource
from framecue.errors import DatasetError, RecipeError, TrainingError
from framecue.model import VideoTextModel
from framecue.training.batches import SlicedSource, UniqueVideoBatchSampler, collate
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

__all__ = ["RetrievalTrainer", "training_arguments"]

_WAY_OUT = "lower learning_rate, backbone_learning_rate or max_grad_norm, and train anew in another output_dir"
CHECKPOINTS, LOGS = "checkpoints", "logs"
Validate = Callable[[VideoTextModel], dict[str, float]]


class RetrievalTrainer(Trainer):
    """Trains a `VideoTextModel` on a source of examples, together with the other processes that `torchrun` started.

    What `Trainer` calls its model is a `TrainingStep`. `video_text_model` is the one inside.

    Args:
        model: its method decides what is trained.
        schedule: batch size, learning rates, lengths.
        source: the training examples.
        output_dir: gets `checkpoints` and `logs` (for TensorBoard).
        validate: scores the model on the validation split, every `eval_steps` and after the last step; its "R@1"
            chooses the checkpoint whose weights the model gets in the end. With None it keeps those of the last step.
        teachers: frozen models from which the method's loss learns.
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
        shuffle: bool = True,
        callbacks: list[TrainerCallback] | None = None,
    ) -> None:
        if all(source.video_of(index) == source.video_of(0) for index in range(len(source))):
            raise DatasetError("there are fewer than two videos to train on; a contrastive loss tells one from others")
        join_processes()
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
            model=TrainingStep(model, teachers=teachers, micro_batch_size=schedule.micro_batch_size),
            args=training_arguments(schedule, output_dir, validates=validate is not None),
            train_dataset=source,
            # The Trainer wants one if there is an evaluation, though `evaluate` does not need it.
            eval_dataset={} if validate is not None else None,
            data_collator=collate,
            callbacks=[
                _EpochOrder(self.sampler, schedule.gradient_accumulation_steps),
                _ClampLogitScale(model),
                _StopEarly(schedule.stop_step),
                *(callbacks or []),
            ],
        )
        set_seed(schedule.seed + rank())  # so that dropout differs between the processes
        self._log = _TensorBoardLog(output_dir / LOGS)
        if rank() == 0:
            self.add_callback(self._log)
        self.remove_callback(ProgressCallback)
        self.remove_callback(PrinterCallback)

    def train(self, *args: Any, **kwargs: Any) -> TrainOutput:
        """Train as `Trainer.train` does; raises `TrainingError` when a loss or a weight is not finite."""
        try:
            return super().train(*args, **kwargs)
        finally:
            self._log.close()

    def get_train_dataloader(self) -> DataLoader[Example]:
        """Return a loader of this process's slices of batches in which a video occurs at most once.

        It is not for `accelerate` to prepare, which would share out batches that are shared out already.
        """
        workers = self.schedule.num_workers
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

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Return AdamW with the backbone's rate and the rate for new parameters."""
        if self.optimizer is None:
            inner = self.video_text_model
            new = {id(parameter) for _, parameter in inner.method.new_parameters()}
            trained = [parameter for parameter in inner.parameters() if parameter.requires_grad]
            groups = [
                {"params": [p for p in trained if id(p) not in new], "lr": self.schedule.backbone_learning_rate},
                {"params": [p for p in trained if id(p) in new], "lr": self.schedule.learning_rate},
            ]
            self.optimizer = torch.optim.AdamW(
                [group for group in groups if group["params"]],
                betas=(0.9, self.schedule.adam_beta2),
                weight_decay=self.schedule.weight_decay,
            )
        return self.optimizer

    def evaluate(self, *args: Any, **kwargs: Any) -> dict[str, float]:
        """Score the validation split; called every `eval_steps`, before a checkpoint is written.

        The first process scores it, and the others wait for what it says.
        """
        validate, model = self.validate, self.video_text_model
        assert validate is not None
        for name, parameter in model.named_parameters():
            if not torch.isfinite(parameter).all():  # from here on every checkpoint would be useless
                raise TrainingError(
                    f"{name} has values that are not finite at step {self.state.global_step}; {_WAY_OUT}"
                )
        was_training = model.training
        model.eval()
        scores = by_the_first(lambda: validate(model))
        metrics = {f"eval_{name}": value for name, value in scores.items()}
        model.train(was_training)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save_rng_state(self, output_dir: str) -> None:
        # Each process writes its own. The first then writes the file that says that the checkpoint is complete.
        super()._save_rng_state(output_dir)
        wait_for_all()

    def restore_finished(self, checkpoint: str) -> bool:
        """Load the chosen weights of a run that has made its last step into the model, as `train` does at its end.

        `train` itself would make a step too many if it were resumed from a last checkpoint in the middle of an epoch.

        Args:
            checkpoint: the run's last checkpoint.

        Returns:
            Whether the run has made its last step; if not, nothing is changed.
        """
        state = TrainerState.load_from_json(str(Path(checkpoint) / "trainer_state.json"))
        if state.global_step < min(state.max_steps, self.schedule.stop_step or state.max_steps):
            return False
        self.state = state
        if state.best_model_checkpoint is None or not Path(state.best_model_checkpoint).is_dir():
            state.best_model_checkpoint = checkpoint
        self._load_best_model()
        return True


class _EpochOrder(TrainerCallback):
    """Tells the sampler, and by way of it the source, which epoch begins: neither `Trainer` nor `accelerate` does.

    Every epoch has as many steps, so a step number determines the epoch, also after a resume.
    """

    def __init__(self, sampler: UniqueVideoBatchSampler, batches_per_step: int) -> None:
        self.sampler, self.batches_per_step = sampler, batches_per_step

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.sampler.set_epoch(state.global_step // math.ceil(len(self.sampler) / self.batches_per_step))


class _ClampLogitScale(TrainerCallback):
    """Keeps the logit scale at most ln 100 after each step."""

    def __init__(self, model: VideoTextModel) -> None:
        self.model = model

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.model.backbone.clamp_logit_scale()


class _StopEarly(TrainerCallback):
    """Ends the run after a step, in the middle of its schedule."""

    def __init__(self, stop_step: int | None) -> None:
        self.stop_step = stop_step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.stop_step is not None and state.global_step >= self.stop_step:
            control.should_training_stop = True


class _TensorBoardLog(TrainerCallback):
    """Writes every number that is logged; if a run is resumed, entries after its last checkpoint are hidden."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.close()
        self._writer = SummaryWriter(str(self._folder), purge_step=state.global_step + 1 if state.global_step else None)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
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


def training_arguments(schedule: Schedule, output_dir: Path, *, validates: bool) -> TrainingArguments:
    """Return a schedule as the arguments of a `transformers` trainer.

    Raises:
        RecipeError: there are more processes than videos a step, or the GPU cannot compute in bfloat16.
    """
    steps, on_cpu = schedule.eval_steps, computes_on_cpu()
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
        report_to=[],  # see _TensorBoardLog
        save_strategy="steps",
        save_steps=steps,
        save_total_limit=2,
        eval_strategy="steps" if validates else "no",
        eval_steps=steps,
        load_best_model_at_end=validates,
        metric_for_best_model="eval_R@1" if validates else None,
        greater_is_better=True if validates else None,
        remove_unused_columns=False,
        disable_tqdm=True,
        dataloader_num_workers=schedule.num_workers,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # a process takes one GPU; `DataParallel` would split the batch's loss
    return arguments


def _summary(source: ExampleSource) -> str:
    """Return how many examples there are, and a hash of their videos in order."""
    digest = hashlib.blake2b(digest_size=8)
    for index in range(len(source)):
        digest.update(source.video_of(index).encode("utf-8", "surrogatepass") + b"\0")
    return f"{len(source)} of videos {digest.hexdigest()}"
