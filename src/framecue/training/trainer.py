"""A thin `transformers.Trainer`: batches, loss, two learning rates, validation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.tensorboard import SummaryWriter
from transformers import Trainer, TrainerCallback, TrainerState, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import TrainOutput
from transformers.utils.import_utils import is_torch_bf16_gpu_available

from framecue.datasets.examples import Example, ExampleSource
from framecue.errors import DatasetError, TrainingError
from framecue.model import VideoTextModel
from framecue.training.batches import UniqueVideoBatchSampler, collate
from framecue.training.losses import training_loss
from framecue.training.recipe import Schedule

__all__ = ["RetrievalTrainer", "training_arguments"]

_WAY_OUT = "lower learning_rate, backbone_learning_rate or max_grad_norm, and train anew in another output_dir"
CHECKPOINTS, LOGS = "checkpoints", "logs"
Validate = Callable[[VideoTextModel], dict[str, float]]


class RetrievalTrainer(Trainer):
    """Trains a `VideoTextModel` on a source of examples.

    Args:
        model: its method decides what is trained.
        schedule: batch size, rates, lengths.
        source: the training examples.
        output_dir: gets `checkpoints` and `logs` (for TensorBoard).
        validate: scores the model on the validation split, every `eval_steps` and after the last step; its "R@1"
            chooses the checkpoint whose weights the model has in the end. None leaves the last step's.
        shuffle: whether the source's order is drawn anew each epoch.
        callbacks: for showing progress; nothing is printed otherwise.

    Raises:
        DatasetError: the source's examples are of one video, so there is nothing to contrast it with.
    """

    def __init__(
        self,
        model: VideoTextModel,
        schedule: Schedule,
        *,
        source: ExampleSource,
        output_dir: Path,
        validate: Validate | None,
        shuffle: bool = True,
        callbacks: list[TrainerCallback] | None = None,
    ) -> None:
        if all(source.video_of(index) == source.video_of(0) for index in range(len(source))):
            raise DatasetError("there are fewer than two videos to train on; a contrastive loss tells one from others")
        model.method.freeze(model.backbone)
        self.schedule, self.source, self.validate, self.shuffle = schedule, source, validate, shuffle
        super().__init__(
            model=model,
            args=training_arguments(schedule, output_dir, validates=validate is not None),
            train_dataset=source,
            # Asked for where there is an evaluation, though `evaluate` does without.
            eval_dataset={} if validate is not None else None,
            data_collator=collate,
            callbacks=[_ClampLogitScale(), _StopEarly(schedule.stop_step), *(callbacks or [])],
        )
        self._log = _TensorBoardLog(output_dir / LOGS)
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
        """Return a loader of batches in which a video stands at most once."""
        sampler = UniqueVideoBatchSampler(
            self.source, batch_size=self.schedule.batch_size, seed=self.schedule.seed, shuffle=self.shuffle
        )
        workers = self.schedule.num_workers
        # Workers that stayed alive would not hear of the next epoch, on which random frames depend.
        loader: DataLoader[Example] = DataLoader(
            self.source,  # type: ignore[arg-type]
            batch_sampler=sampler,
            collate_fn=self.data_collator,
            num_workers=workers,
            prefetch_factor=2 if workers else None,
        )
        return self.accelerator.prepare(loader)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Return the contrastive loss, plus the method's auxiliary one where it has one."""
        inner: VideoTextModel = self.accelerator.unwrap_model(model)
        pixel_values = inner.backbone.preprocess.normalise(inputs["frames"])
        input_ids, attention_mask = (ids.to(pixel_values.device) for ids in inner.tokenize(inputs["captions"]))
        outputs = model(pixel_values, input_ids, attention_mask)
        loss = training_loss(inner, outputs, same=inputs["same"])
        if not torch.isfinite(loss):
            raise TrainingError(f"the loss became {loss.item()} at step {self.state.global_step + 1}; {_WAY_OUT}")
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Return AdamW with the backbone's rate and the rate for new parameters."""
        if self.optimizer is None:
            inner: VideoTextModel = self.accelerator.unwrap_model(self.model)
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
        """Score the validation split; called every `eval_steps`, before a checkpoint is written."""
        assert self.validate is not None
        model: VideoTextModel = self.accelerator.unwrap_model(self.model)
        for name, parameter in model.named_parameters():
            if not torch.isfinite(parameter).all():  # no checkpoint to go on from would be any good after this one
                raise TrainingError(
                    f"{name} has values that are not finite at step {self.state.global_step}; {_WAY_OUT}"
                )
        was_training = model.training
        model.eval()
        metrics = {f"eval_{name}": value for name, value in self.validate(model).items()}
        model.train(was_training)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def restore_finished(self, checkpoint: str) -> bool:
        """Put the chosen weights of a run that has made its last step into the model, as `train` does at its end.

        `train` itself, resumed from a last checkpoint in the middle of an epoch, would make a step too many.

        Args:
            checkpoint: the run's last.

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


class _ClampLogitScale(TrainerCallback):
    """Keeps the logit scale at most ln 100 after each step."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        kwargs["model"].backbone.clamp_logit_scale()


class _StopEarly(TrainerCallback):
    """Ends the run after a step, in the middle of its schedule."""

    def __init__(self, stop_step: int | None) -> None:
        self.stop_step = stop_step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if self.stop_step is not None and state.global_step >= self.stop_step:
            control.should_training_stop = True


class _TensorBoardLog(TrainerCallback):
    """Writes every number that is logged; what a killed run logged after its last checkpoint is hidden."""

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
        """Write what is still held back, and let go of the file."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


def training_arguments(schedule: Schedule, output_dir: Path, *, validates: bool) -> TrainingArguments:
    """Return a schedule in the words of `transformers`."""
    steps = schedule.eval_steps
    return TrainingArguments(
        output_dir=str(output_dir / CHECKPOINTS),
        max_steps=schedule.max_steps if schedule.max_steps is not None else -1,
        num_train_epochs=schedule.num_epochs,
        per_device_train_batch_size=schedule.batch_size,
        gradient_accumulation_steps=schedule.gradient_accumulation_steps,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.max_grad_norm,
        lr_scheduler_type="cosine",
        warmup_steps=schedule.warmup_ratio,  # below 1, transformers 5 takes it for a share of the steps
        bf16=schedule.bf16,
        use_cpu=schedule.bf16 and not is_torch_bf16_gpu_available(),  # transformers wants to be told
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
