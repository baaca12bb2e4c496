"""A thin `transformers.Trainer`: batches, loss, two learning rates, validation."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, ProgressCallback

from framecue.datasets.examples import ExampleSource
from framecue.errors import TrainingError
from framecue.model import VideoTextModel
from framecue.training.batches import Collate, UniqueVideoBatchSampler
from framecue.training.losses import contrastive_loss
from framecue.training.recipe import Schedule

__all__ = ["RetrievalTrainer", "training_arguments"]

Validate = Callable[[VideoTextModel], dict[str, float]]


class RetrievalTrainer(Trainer):
    """Trains a `VideoTextModel` on a source of examples.

    Args:
        model: its method decides what is trained.
        schedule: batch size, rates, lengths.
        source: the training examples.
        output_dir: where checkpoints and logs go.
        validate: scores the model on the validation split; its "R@1" chooses the checkpoint.
        shuffle: whether the source's order is drawn anew each epoch.
        callbacks: for showing progress; nothing is printed otherwise.
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
        model.method.freeze(model.backbone)
        self.schedule, self.source, self.validate, self.shuffle = schedule, source, validate, shuffle
        super().__init__(
            model=model,
            args=training_arguments(schedule, output_dir, validates=validate is not None),
            train_dataset=source,
            eval_dataset={} if validate is not None else None,
            data_collator=Collate(model.backbone),
            callbacks=[_ClampLogitScale(), *(callbacks or [])],
        )
        self.remove_callback(ProgressCallback)
        self.remove_callback(PrinterCallback)

    def get_train_dataloader(self) -> DataLoader:
        """Batches in which a video stands at most once."""
        sampler = UniqueVideoBatchSampler(
            self.source, batch_size=self.schedule.batch_size, seed=self.schedule.seed, shuffle=self.shuffle
        )
        workers = self.schedule.num_workers
        loader = DataLoader(
            self.source,  # type: ignore[arg-type]
            batch_sampler=sampler,
            collate_fn=self.data_collator,
            num_workers=workers,
            prefetch_factor=2 if workers else None,
            persistent_workers=workers > 0,
        )
        return self.accelerator.prepare(loader)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: dict[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """Contrastive loss, plus the method's auxiliary one where it has one."""
        inner: VideoTextModel = self.accelerator.unwrap_model(model)
        pixel_values = inner.backbone.preprocess.normalise(inputs["frames"])
        outputs = model(pixel_values, inputs["input_ids"], inputs["attention_mask"])
        loss = contrastive_loss(
            functional.normalize(outputs["text_features"], dim=-1),
            inner.method.pool(outputs["frame_features"]),
            inner.backbone.logit_scale,
            same=inputs["same"],
        )
        if outputs["auxiliary_loss"] is not None:
            loss = loss + outputs["auxiliary_loss"]
        if not torch.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss.item()} at step {self.state.global_step}; lower the learning rates or "
                "max_grad_norm, then run again: it goes on from the last checkpoint"
            )
        return (loss, outputs) if return_outputs else loss

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW with the backbone's rate and the rate for new parameters."""
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
        """Score the validation split; called every `eval_steps`."""
        assert self.validate is not None
        model: VideoTextModel = self.accelerator.unwrap_model(self.model)
        was_training = model.training
        model.eval()
        metrics = {f"eval_{name}": value for name, value in self.validate(model).items()}
        model.train(was_training)
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics


class _ClampLogitScale(TrainerCallback):
    """Keeps the logit scale at most ln 100 after each step."""

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        kwargs["model"].backbone.clamp_logit_scale()


def training_arguments(schedule: Schedule, output_dir: Path, *, validates: bool) -> TrainingArguments:
    """A schedule in the words of `transformers`."""
    steps = schedule.eval_steps
    return TrainingArguments(
        output_dir=str(output_dir / "checkpoints"),
        max_steps=schedule.max_steps if schedule.max_steps is not None else -1,
        num_train_epochs=schedule.num_epochs,
        per_device_train_batch_size=schedule.batch_size,
        gradient_accumulation_steps=schedule.gradient_accumulation_steps,
        learning_rate=schedule.learning_rate,
        weight_decay=schedule.weight_decay,
        max_grad_norm=schedule.max_grad_norm,
        lr_scheduler_type="cosine",
        warmup_steps=schedule.warmup_ratio,
        bf16=schedule.bf16,
        seed=schedule.seed,
        logging_steps=schedule.logging_steps,
        logging_first_step=True,
        report_to=["tensorboard"],
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


def num_steps(schedule: Schedule, num_examples: int) -> int:
    """Optimiser steps of a run."""
    if schedule.max_steps is not None:
        return schedule.max_steps
    return math.ceil(num_examples / schedule.batch_size / schedule.gradient_accumulation_steps) * schedule.num_epochs
