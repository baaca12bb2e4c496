"""Recipes: YAML files that say everything about a training run, checked by pydantic."""

from __future__ import annotations

import difflib
import re
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from framecue.assets import bundled_names, find_bundled
from framecue.errors import InputError, RecipeError

__all__ = ["FolderData", "MojiClipsData", "MojiStillsData", "Recipe", "Schedule", "check_recipe", "read_recipe"]


def _is_no_bool(value: Any) -> Any:
    # pydantic takes `true` for the number 1; in a recipe it is a slip.
    if isinstance(value, bool):
        raise ValueError("should not be true or false")
    return value


Integer = Annotated[int, BeforeValidator(_is_no_bool)]
Number = Annotated[float, BeforeValidator(_is_no_bool)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FolderData(_Strict):
    """A folder of videos and a `captions.jsonl`."""

    name: Literal["folder"]
    data_dir: Path


class MojiClipsData(_Strict):
    """MojiMotion clips, drawn as they are needed: `num_examples` an epoch.

    Attributes:
        single_share: the share of training clips with one actor.
        place_share: the share of training captions that say where things are first and then, not what they do.
        early_share: the share of training clips in which things come to rest halfway.
        motion_share: the share of training captions that say what happens, not to whom.
    """

    name: Literal["moji-motion"]
    num_examples: Integer = Field(gt=0)
    num_val: Integer = Field(default=500, gt=0)
    seed: Integer = Field(default=0, ge=0)
    single_share: Number = Field(default=0.25, ge=0, le=1)
    place_share: Number = Field(default=0.0, ge=0, le=1)
    early_share: Number = Field(default=0.0, ge=0, le=1)
    motion_share: Number = Field(default=0.0, ge=0, le=1)


class MojiStillsData(_Strict):
    """MojiMotion stills, drawn as they are needed: `num_examples` an epoch; so many neighbours share their actors."""

    name: Literal["moji-stills"]
    num_examples: Integer = Field(gt=0)
    num_val: Integer = Field(default=500, gt=0)
    seed: Integer = Field(default=0, ge=0)
    group_size: Integer = Field(default=1, gt=0)


class Schedule(_Strict):
    """How long and how fast.

    Attributes:
        batch_size: videos a step.
        num_epochs: passes over the data, unless `max_steps` is given.
        max_steps: optimiser steps.
        stop_step: end after this step; the rates follow the whole schedule all the same.
        learning_rate: of new parameters.
        backbone_learning_rate: of the backbone's own, where the method trains them.
        weight_decay: on every parameter, as released.
        warmup_ratio: share of the steps over which the rates rise, before the cosine.
        max_grad_norm: the gradient's norm is cut to this.
        eval_steps: steps between validations; each writes a checkpoint.
        bf16: compute in bfloat16 where it is safe (autocast); the weights stay in float32.
    """

    batch_size: Integer = Field(default=32, gt=1)
    num_epochs: Integer = Field(default=5, gt=0)
    max_steps: Integer | None = Field(default=None, gt=0)
    stop_step: Integer | None = Field(default=None, gt=0)
    learning_rate: Number = Field(default=1e-5, gt=0)
    backbone_learning_rate: Number = Field(default=1e-6, ge=0)
    weight_decay: Number = Field(default=0.2, ge=0)
    warmup_ratio: Number = Field(default=0.1, ge=0, lt=1)
    max_grad_norm: Number = Field(default=1.0, gt=0)
    adam_beta2: Number = Field(default=0.999, gt=0, lt=1)
    gradient_accumulation_steps: Integer = Field(default=1, gt=0)
    eval_steps: Integer = Field(default=500, gt=0)
    logging_steps: Integer = Field(default=10, gt=0)
    num_workers: Integer = Field(default=0, ge=0)
    bf16: bool = False
    seed: Integer = Field(default=24, ge=0, lt=2**32)


class Recipe(_Strict):
    """One training run.

    Attributes:
        output_dir: where the adapter, the checkpoints and the logs go.
        backbone: a hub name, a folder, or a bundled model.
        initialise: "random" makes new weights for the architecture in the folder's `config.json`.
        adapter: start from this adapter's weights rather than from an untrained method.
        position_embedding_scale: multiplies the image encoder's position embeddings at the start. A backbone trained
            where places told nothing apart has them too small to learn from.
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
    position_embedding_scale: Number = Field(default=1.0, gt=0)
    method: str
    options: dict[str, Any] = Field(default_factory=dict)
    dataset: Annotated[FolderData | MojiClipsData | MojiStillsData, Field(discriminator="name")]
    schedule: Schedule = Field(default_factory=Schedule)
    save_backbone: bool = False


def read_recipe(path: str | Path, overrides: tuple[str, ...] = ()) -> Recipe:
    """Read a recipe file.

    Args:
        path: the YAML file, or the name of a bundled recipe (`moji-mean-pool`); relative paths in it are relative
            to the working directory.
        overrides: `key=value`, a key of a section with dots (`schedule.batch_size=16`); values are YAML.

    Raises:
        RecipeError: no such file, not YAML, or a key or a value that is not allowed; the message names it.
        UnknownNameError: no such method.
    """
    file = Path(path)
    if not file.exists() and (bundled := find_bundled(str(path), "recipe")) is not None:
        file = bundled
    if not file.is_file():
        names = ", ".join(bundled_names("recipe"))
        raise RecipeError(f"{path}: no such recipe file; give a YAML file or one of the bundled recipes: {names}")
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeError(f"{path}: not a YAML file ({' '.join(str(error).split())})") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from error
    if not isinstance(content, dict):
        raise RecipeError(f"{path}: a recipe is a mapping of keys to values; its keys are {_keys(Recipe)}")
    for override in overrides:
        _override(content, override)
    return check_recipe(content, source=str(path))


def check_recipe(content: dict[str, Any], *, source: str) -> Recipe:
    """Check a recipe's keys and values.

    Args:
        content: the recipe as YAML has it.
        source: where it is from, for messages.

    Raises:
        RecipeError: a key or a value that is not allowed; the message names it.
        UnknownNameError: no such method.
    """
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{source}: {'; '.join(_explain(each) for each in error.errors()[:5])}") from error
    _check_options(recipe, source)
    return recipe


def _check_options(recipe: Recipe, source: str) -> None:
    """Check `options` against the method's config: names, types and ranges."""
    from framecue.methods import method_named  # imports torch: a misspelt key of the recipe's own is said at once

    config = method_named(recipe.method).Config
    types = get_type_hints(config)
    for option, value in recipe.options.items():
        if option not in types:
            raise RecipeError(f"{source}: {_unknown(f'options.{option}', list(types))}")
        try:
            TypeAdapter(types[option]).validate_python(value, strict=True)
        except ValidationError as error:
            raise RecipeError(f"{source}: {_explain(error.errors()[0], 'options', option)}") from error
    try:
        config(**recipe.options)
    except InputError as error:
        raise RecipeError(f"{source}: options of {recipe.method}: {error}") from error


class _Loader(yaml.SafeLoader):
    """YAML as people mean it: 1e-5 is a number (YAML 1.1 wants 1.0e-5), and a key stands once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise yaml.MarkedYAMLError(problem=f"the key {name!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not all(key.split(".")):
        raise RecipeError(f"cannot read {override!r}: an override is key=value, for example schedule.batch_size=16")
    *sections, last = key.split(".")
    target = content
    for section in sections:
        if target.get(section) is None:  # missing, or a section with nothing in it
            target[section] = {}
        target = target[section]
        if not isinstance(target, dict):
            raise RecipeError(f"cannot set {key!r}: {section!r} is not a section of the recipe")
    try:
        target[last] = yaml.load(value, Loader=_Loader)
    except yaml.YAMLError as error:
        raise RecipeError(f"cannot read {override!r}: the value is not YAML") from error


_DATASETS: dict[str, type[BaseModel]] = {
    "folder": FolderData,
    "moji-motion": MojiClipsData,
    "moji-stills": MojiStillsData,
}
_SECTIONS: dict[str, type[BaseModel]] = {"schedule": Schedule, **_DATASETS}


def _explain(error: Any, *sections: str) -> str:
    """One of pydantic's errors in one line: the key, what it got, what is allowed."""
    parts = [*sections, *(str(part) for part in error["loc"])]
    # pydantic puts the dataset's name between "dataset" and the field; a person wrote dataset.field
    key = ".".join(part for i, part in enumerate(parts) if not (i == 1 and parts[0] == "dataset" and len(parts) > 2))
    got = repr(error["input"])
    got = got if len(got) <= 80 else f"{got[:77]}..."
    match error["type"]:
        case "extra_forbidden":
            section = next((model for name, model in _SECTIONS.items() if name in parts[:-1]), Recipe)
            return _unknown(key, list(section.model_fields))
        case "missing":
            return f"{key!r} is missing"
        case "union_tag_invalid":
            name = error["ctx"]["tag"]
            return f"unknown dataset {name!r} ('dataset.name'); known: {', '.join(sorted(_DATASETS))}"
        case "union_tag_not_found":
            return f"'dataset.name' is missing; known: {', '.join(sorted(_DATASETS))}"
        case "model_type" | "model_attributes_type" | "dict_type" | "dataclass_type":
            return f"{key!r}: should be a section with keys of its own, got {got}"
    message = error["msg"].removeprefix("Input ").removeprefix("Value error, ")
    return f"{key!r}: {message}, got {got}"


def _unknown(key: str, allowed: list[str]) -> str:
    section, _, name = key.rpartition(".")
    meant = difflib.get_close_matches(name, allowed, n=1)
    place = f"{section}." if section else ""
    hint = f" (did you mean {place + meant[0]!r}?)" if meant else ""
    return f"unknown key {key!r}{hint}; allowed: {', '.join(sorted(allowed))}"


def _keys(model: type[BaseModel]) -> str:
    return ", ".join(sorted(model.model_fields))
