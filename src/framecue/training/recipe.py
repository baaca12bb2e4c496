"""Recipes: YAML files that describe a whole training run, checked by pydantic."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    Field,
    SerializeAsAny,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from framecue.datasets.base import DatasetConfig
from framecue.datasets.registry import ALL_DATASETS, dataset_named
from framecue.errors import InputError, RecipeError
from framecue.training.recipe_files import BASE, read_content
from framecue.training.yaml_text import NOT_YAML, load_yaml
from framecue.validation import Integer, Number, Strict, explain, model_types, problem_with, shown, told

__all__ = [
    "Paper",
    "Recipe",
    "Report",
    "Schedule",
    "ValidationRule",
    "WeightDecayOn",
    "check_recipe",
    "read_recipe",
]

WeightDecayOn = Literal["all", "all-but-biases", "weights"]
ValidationRule = Literal["best", "mean-of-last-5", "last", "none"]
Report = Literal["tensorboard", "wandb"]


class Schedule(Strict):
    """How long and how fast to train.

    Attributes:
        batch_size: videos a step, those of all processes together; the loss is over all of them.
        micro_batch_size: videos that a process computes at once, if not all of its share; the loss is the same, in less
            memory (GradCache).
        num_epochs: passes over the data, unless `max_steps` is given.
        max_steps: optimiser steps.
        stop_step: end after this step; the learning rates still follow the whole schedule.
        learning_rate: of new parameters.
        backbone_learning_rate: of the backbone's own parameters, if the method trains them.
        weight_decay: how fast parameters shrink.
        weight_decay_on: which do: "all" of them (Prompt Switch, X-Pool), "all-but-biases" (by name, as CLIP4Clip and
            what was made from it), or "weights" alone: neither biases nor norms nor single numbers.
        warmup_ratio: share of the steps over which the rates rise, before they follow a cosine.
        max_grad_norm: the gradient's norm is clipped to this.
        adam_beta1: of AdamW, the memory of the gradient's average.
        adam_beta2: of AdamW, the memory of the squared gradient's average.
        adam_epsilon: of AdamW, added to the root of that average.
        ema_decay: what an exponential moving average of the trained weights keeps at each step. The averaged weights
            are then those that are validated and written; None for no average.
        eval_steps: steps between validations; each writes a checkpoint.
        validation: whose weights are written: those of the checkpoint that is "best" on the validation split; of that
            with the best "mean-of-last-5" validations, its own and up to four before; of the "last" step; with "none"
            those of the last step too, and nothing is validated. A tie goes to the lower mean rank.
        early_stopping_patience: stop after so many validations in a row without a better one; None for never.
        num_workers: processes that make batches beside the one that trains; None for as many as there are cores. The
            batches are the same with any number.
        gradient_checkpointing: compute the layers of the towers a second time in the backward pass, in less memory.
        report_to: where the logged numbers go, beside `history.json`.
        bf16: compute in bfloat16 where it is safe (autocast); the weights stay in float32.
    """

    batch_size: Integer = Field(default=32, gt=1, le=100_000)
    micro_batch_size: Integer | None = Field(default=None, gt=0, le=100_000)
    num_epochs: Integer = Field(default=5, gt=0)
    max_steps: Integer | None = Field(default=None, gt=0)
    stop_step: Integer | None = Field(default=None, gt=0)
    learning_rate: Number = Field(default=1e-5, gt=0, le=1000)
    backbone_learning_rate: Number = Field(default=1e-6, ge=0, le=1000)
    weight_decay: Number = Field(default=0.2, ge=0)
    weight_decay_on: WeightDecayOn = "all"
    warmup_ratio: Number = Field(default=0.1, ge=0, lt=1)
    max_grad_norm: Number = Field(default=1.0, gt=0)
    adam_beta1: Number = Field(default=0.9, ge=0, lt=1)
    adam_beta2: Number = Field(default=0.999, gt=0, lt=1)
    adam_epsilon: Number = Field(default=1e-8, gt=0)
    ema_decay: Number | None = Field(default=None, gt=0, lt=1)
    gradient_accumulation_steps: Integer = Field(default=1, gt=0)
    eval_steps: Integer = Field(default=500, gt=0)
    validation: ValidationRule = "best"
    early_stopping_patience: Integer | None = Field(default=None, gt=0)
    logging_steps: Integer = Field(default=10, gt=0)
    num_workers: Integer | None = Field(default=None, ge=0, le=256)
    gradient_checkpointing: bool = False
    report_to: tuple[Report, ...] = ("tensorboard",)
    bf16: bool = False
    seed: Integer = Field(default=24, ge=0, lt=2**32)

    @model_validator(mode="after")
    def _check_patience(self) -> Self:
        if self.early_stopping_patience is not None and self.validation in ("last", "none"):
            raise told(
                f"'early_stopping_patience' stops by validations; 'validation' is {self.validation}, give best or "
                "mean-of-last-5"
            )
        return self


class Paper(Strict):
    """What a paper reports of the run that a recipe repeats. Nothing here was measured with framecue.

    Attributes:
        name: which paper.
        text_to_video: figures by their names, as R@1 in per cent.
        video_to_text: the same of the other direction.
        source: where the figures were read, or that nobody has looked them up.
        note: what of the recipe is not the paper's, such as a rate that it does not give.
    """

    name: str
    text_to_video: dict[str, Number] = Field(default_factory=dict)
    video_to_text: dict[str, Number] = Field(default_factory=dict)
    source: str
    note: str = ""


class Recipe(Strict):
    """One training run.

    Attributes:
        output_dir: where the adapter, the checkpoints and the logs go.
        backbone: a hub name, a folder, or a bundled model.
        initialise: "random" makes new weights for the architecture in the folder's `config.json`.
        adapter: start from this adapter's weights rather than from an untrained method.
        teachers: adapter folders or bundled adapters, frozen, from which the method's loss learns.
        distil_from: an adapter folder or a bundled adapter, frozen, whose embeddings of videos the model learns, in
            place of the method's loss; the text tower stays as it is.
        position_embedding_scale: multiplies the image encoder's position embeddings at the start. They may be too small
            to learn from if the backbone was trained on data in which places do not matter.
        method: a name in the registry.
        options: fields of the method's config.
        augment: how training changes the frames of a video: "none", or "random-resized-crop", one crop and perhaps a
            flip for all frames of a video, as X-Pool and Prompt Switch have it.
        dataset: the data to train on: its `name` in the registry of datasets, and the fields of its config.
        frame_store: read frames from this store in place of the videos; `framecue datasets prepare` makes one.
        schedule: how long and how fast.
        save_backbone: also write the trained backbone as a folder that `transformers` loads.
        paper: what a paper reports of this run; training does not look at it.
    """

    output_dir: Path
    backbone: str
    initialise: Literal["pretrained", "random"] = "pretrained"
    adapter: str | None = None
    teachers: list[str] = Field(default_factory=list, max_length=8)
    distil_from: str | None = None
    position_embedding_scale: Number = Field(default=1.0, gt=0)
    method: str
    options: dict[str, Any] = Field(default_factory=dict)
    augment: Literal["none", "random-resized-crop"] = "none"
    dataset: SerializeAsAny[DatasetConfig]
    frame_store: Path | None = None
    schedule: Schedule = Field(default_factory=Schedule)
    save_backbone: bool = False
    paper: Paper | None = None

    @model_validator(mode="after")
    def _check_teachers(self) -> Self:
        if self.distil_from is not None and self.teachers:
            raise told(
                "'distil_from' takes the place of the loss that would learn from 'teachers'; leave one of them out"
            )
        return self

    @field_validator("dataset", mode="wrap")
    @classmethod
    def _look_up(cls, value: Any, check: ValidatorFunctionWrapHandler) -> DatasetConfig:
        """Check the section against the config of the dataset that it names."""
        if not isinstance(value, dict):
            return check(value)
        if value.get("name") is None:
            raise told(f"'dataset.name' is missing; known: {', '.join(sorted(ALL_DATASETS.names()))}")
        return dataset_named(str(value["name"])).model_validate(value)


def read_recipe(path: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe file.

    Args:
        path: the YAML file, or the name of a bundled recipe (`msr-vtt-9k/vop`); relative paths in it are relative to
            the working directory. Its key `base` may name others, from which it takes what it does not say.
        overrides: `key=value`, with a dot for a key in a section (`schedule.batch_size=16`); values are YAML.
            `data_dir` is short for `dataset.data_dir`.

    Raises:
        RecipeError: there is no such file, it is not YAML, or a key or value is not allowed; the message names it.
        UnknownNameError: there is no such method or dataset.
    """
    content = read_content(path, [BASE, *Recipe.model_fields])
    for override in overrides:
        _override(content, override)
    return check_recipe(content, source=str(path))


def check_recipe(content: dict[str, Any], *, source: str) -> Recipe:
    """Check a recipe's keys and values.

    Args:
        content: the recipe as read from YAML.
        source: where it is from, for messages.

    Raises:
        RecipeError: a key or value is not allowed; the message names it.
        UnknownNameError: there is no such method or dataset.
    """
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        said = explain(error, _sections(content))
        if _lacks_folder(error):
            said += "; give data_dir=DIR, the folder of the data set (`framecue datasets` says where people get it)"
        raise RecipeError(f"{source}: {said}") from error
    _check_options(recipe, source)
    return recipe


def _lacks_folder(error: ValidationError) -> bool:
    return any(each["type"] == "missing" and each["loc"] == ("dataset", "data_dir") for each in error.errors())


def _sections(content: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the keys of each section, and their types."""
    sections = {(): model_types(Recipe), ("schedule",): model_types(Schedule), ("paper",): model_types(Paper)}
    dataset = content.get("dataset")
    if isinstance(dataset, dict) and dataset.get("name") in ALL_DATASETS.names():
        sections["dataset",] = model_types(dataset_named(dataset["name"]))
    return sections


def _check_options(recipe: Recipe, source: str) -> None:
    """Check `options` against the method's config: names, types and ranges."""
    from framecue.methods import method_named  # imports torch, after the recipe's own keys have been checked

    config = method_named(recipe.method).Config
    problem = problem_with(config, recipe.options, prefix="options")
    if problem is not None:
        raise RecipeError(f"{source}: {problem}")
    try:
        config(**recipe.options)
    except InputError as error:
        raise RecipeError(f"{source}: options of {recipe.method}: {error}") from error


_SHORT_FOR = {"data_dir": "dataset.data_dir"}


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not all(key.split(".")):
        raise RecipeError(
            f"cannot read {shown(override)}: an override is key=value, for example schedule.batch_size=16"
        )
    *sections, last = _SHORT_FOR.get(key, key).split(".")
    target = content
    for section in sections:
        if target.get(section) is None:  # the section is missing or empty
            target[section] = {}
        target = target[section]
        if not isinstance(target, dict):
            raise RecipeError(f"cannot set {key!r}: {section!r} is not a section of the recipe")
    try:
        target[last] = load_yaml(value)
    except NOT_YAML as error:
        raise RecipeError(f"cannot read {shown(override)}: the value is not YAML") from error
