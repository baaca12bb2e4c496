"""Recipes: YAML files that say everything about a training run, checked by pydantic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from framecue.errors import RecipeError

__all__ = ["FolderData", "MojiClipsData", "MojiStillsData", "Recipe", "Schedule", "read_recipe"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderData(_Strict):
    """A folder of videos and a `captions.jsonl`."""

    name: Literal["folder"]
    data_dir: Path


class MojiClipsData(_Strict):
    """MojiMotion clips, drawn as they are needed: `num_examples` an epoch."""

    name: Literal["moji-motion"]
    num_examples: int = Field(gt=0)
    num_val: int = Field(500, gt=0)
    seed: int = Field(0, ge=0)


class MojiStillsData(_Strict):
    """MojiMotion stills, drawn as they are needed: `num_examples` an epoch."""

    name: Literal["moji-stills"]
    num_examples: int = Field(gt=0)
    num_val: int = Field(500, gt=0)
    seed: int = Field(0, ge=0)


class Schedule(_Strict):
    """How long and how fast.

    Attributes:
        batch_size: videos a step.
        num_epochs: passes over the data, unless `max_steps` is given.
        max_steps: optimiser steps.
        learning_rate: of new parameters.
        backbone_learning_rate: of the backbone's own, where the method trains them.
        weight_decay: on every parameter, as released.
        warmup_ratio: share of the steps over which the rates rise, before the cosine.
        max_grad_norm: the gradient's norm is cut to this.
        eval_steps: steps between validations; each writes a checkpoint.
        bf16: compute in bfloat16 where it is safe (autocast); the weights stay in float32.
    """

    batch_size: int = Field(32, gt=1)
    num_epochs: int = Field(5, gt=0)
    max_steps: int | None = Field(None, gt=0)
    learning_rate: float = Field(1e-5, gt=0)
    backbone_learning_rate: float = Field(1e-6, ge=0)
    weight_decay: float = Field(0.2, ge=0)
    warmup_ratio: float = Field(0.1, ge=0, lt=1)
    max_grad_norm: float = Field(1.0, gt=0)
    adam_beta2: float = Field(0.999, gt=0, lt=1)
    gradient_accumulation_steps: int = Field(1, gt=0)
    eval_steps: int = Field(500, gt=0)
    logging_steps: int = Field(10, gt=0)
    num_workers: int = Field(0, ge=0)
    bf16: bool = False
    seed: int = Field(24, ge=0)


class Recipe(_Strict):
    """One training run.

    Attributes:
        output_dir: where the adapter, the checkpoints and the logs go.
        backbone: a hub name, a folder, or a bundled model.
        initialise: "random" makes new weights for the architecture in the folder's `config.json`.
        adapter: start from this adapter's weights rather than from an untrained method.
        method: a name in the registry.
        options: fields of the method's config.
        dataset: what to train on.
        schedule: how long and how fast.
        save_backbone: also write the trained backbone as a folder that `transformers` loads.
    """

    output_dir: Path
    backbone: str
    initialise: Literal["pretrained", "random"] = "pretrained"
    adapter: str | None = None
    method: str
    options: dict[str, Any] = {}
    dataset: Annotated[FolderData | MojiClipsData | MojiStillsData, Field(discriminator="name")]
    schedule: Schedule = Schedule()
    save_backbone: bool = False


def read_recipe(path: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe file.

    Args:
        path: the YAML file; relative paths in it are relative to the working directory.
        overrides: `key=value`, a key of a section with dots (`schedule.batch_size=16`); values are YAML.

    Raises:
        RecipeError: no such file, not YAML, or a key or a value that is not allowed; the message names it.
    """
    file = Path(path)
    if not file.is_file():
        raise RecipeError(f"{path}: no such recipe file")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not a YAML file ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys to values; its keys are {_keys(Recipe)}")
    for override in overrides:
        _override(content, override)
    try:
        return Recipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{path}: {'; '.join(_explain(each) for each in error.errors()[:5])}") from error


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise RecipeError(f"cannot read {override!r}: an override is key=value, for example schedule.batch_size=16")
    *sections, last = key.split(".")
    target = content
    for section in sections:
        inner = target.setdefault(section, {})
        if not isinstance(inner, dict):
            raise RecipeError(f"cannot set {key!r}: {section!r} is not a section of the recipe")
        target = inner
    try:
        parsed = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise RecipeError(f"cannot read {override!r}: the value is not YAML") from error
    target[last] = parsed


_SECTIONS: dict[str, type[BaseModel]] = {
    "schedule": Schedule,
    "folder": FolderData,
    "moji-motion": MojiClipsData,
    "moji-stills": MojiStillsData,
}


def _explain(error: Any) -> str:
    """One of pydantic's errors in one line: the key, what it got, what is allowed."""
    parts = [str(part) for part in error["loc"]]
    # pydantic puts the dataset's name between "dataset" and the field; a person wrote dataset.field
    key = ".".join(part for i, part in enumerate(parts) if not (i == 1 and parts[0] == "dataset" and len(parts) > 2))
    if error["type"] == "extra_forbidden":
        section = next((model for name, model in _SECTIONS.items() if name in parts[:-1]), Recipe)
        return f"unknown key {key!r}; allowed: {_keys(section)}"
    if error["type"] == "missing":
        return f"{key!r} is missing"
    message = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{key!r}: {message}, got {error['input']!r}"


def _keys(model: type[BaseModel]) -> str:
    return ", ".join(sorted(model.model_fields))
