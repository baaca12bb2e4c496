"""A recipe to a trained adapter folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from transformers import TrainerCallback, set_seed
from transformers.trainer_utils import get_last_checkpoint

import framecue
from framecue.backbone import initialise_backbone, load_backbone
from framecue.checkpoint import load_adapter, read_adapter_config, save_adapter
from framecue.datasets.examples import ExampleSource
from framecue.datasets.moji_motion.clips import MojiClips
from framecue.datasets.moji_motion.stills import MojiStills
from framecue.datasets.video_folder import VideoFolder
from framecue.errors import RecipeError
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.training.recipe import FolderData, MojiClipsData, MojiStillsData, Recipe
from framecue.training.trainer import RetrievalTrainer

__all__ = ["TrainedRun", "build_model", "build_sources", "run_recipe"]

RECIPE_FILE = "recipe.yaml"
Score = Callable[[VideoTextModel, ExampleSource], dict[str, float]]


@dataclass(frozen=True)
class TrainedRun:
    """What a run leaves.

    Attributes:
        adapter: the adapter's folder.
        steps: optimiser steps, those before a resume counted in.
        validation: the chosen checkpoint's scores on the validation split.
        resumed_from: the checkpoint that the run went on from, if it did.
    """

    adapter: Path
    steps: int
    validation: dict[str, float]
    resumed_from: str | None


def build_model(recipe: Recipe) -> VideoTextModel:
    """The model that a recipe starts from."""
    if recipe.initialise == "random":
        backbone = initialise_backbone(recipe.backbone, seed=recipe.schedule.seed)
    else:
        backbone = load_backbone(recipe.backbone)
    if recipe.adapter is not None:
        method, config = load_adapter(recipe.adapter, backbone)
        if config.method != recipe.method:
            raise RecipeError(f"adapter {recipe.adapter} is of method {config.method}, the recipe says {recipe.method}")
    else:
        with torch.random.fork_rng():
            torch.manual_seed(recipe.schedule.seed)
            method = build_method(recipe.method, recipe.options, backbone)
    return VideoTextModel(backbone, method, method_name=recipe.method)


def build_sources(recipe: Recipe, model: VideoTextModel) -> tuple[ExampleSource, ExampleSource]:
    """The training examples and the validation examples of a recipe's dataset."""
    size, data = model.backbone.vision.image_size, recipe.dataset
    match data:
        case MojiStillsData():
            return (
                MojiStills(seed=data.seed, num_examples=data.num_examples, image_size=size),
                MojiStills(seed=data.seed + 1_000_003, num_examples=data.num_val, image_size=size),
            )
        case MojiClipsData():
            return (
                MojiClips(
                    seed=data.seed,
                    num_examples=data.num_examples,
                    image_size=size,
                    sample=model.train_sampling.train_indices,
                ),
                MojiClips(
                    seed=data.seed,
                    num_examples=data.num_val,
                    image_size=size,
                    sample=lambda length, rng: model.sampling.test_indices(length),
                    split="val",
                ),
            )
        case FolderData():
            preprocess = model.backbone.preprocess.resize_and_crop
            return (
                VideoFolder(data.data_dir, split="train", sampling=model.train_sampling, preprocess=preprocess),
                VideoFolder(data.data_dir, split="val", sampling=model.sampling, preprocess=preprocess, at_test=True),
            )


def run_recipe(recipe: Recipe, *, score: Score, callbacks: list[TrainerCallback] | None = None) -> TrainedRun:
    """Train, choose the checkpoint by the validation split, and write the adapter folder.

    A run that was killed goes on from its last checkpoint when the same recipe is run again.

    Args:
        recipe: what to do.
        score: scores a model on the validation examples; "R@1" chooses the checkpoint.
        callbacks: of `transformers`, for showing progress.

    Raises:
        RecipeError: `output_dir` holds a run of another recipe.
        TrainingError: the loss is not finite.
    """
    output = recipe.output_dir
    _claim(output, recipe)
    set_seed(recipe.schedule.seed)
    model = build_model(recipe)
    source, validation = build_sources(recipe, model)
    trainer = RetrievalTrainer(
        model,
        recipe.schedule,
        source=source,
        output_dir=output,
        validate=lambda current: score(current, validation),
        shuffle=isinstance(recipe.dataset, FolderData),
        callbacks=callbacks,
    )
    checkpoints = output / "checkpoints"
    last = get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None
    trainer.train(resume_from_checkpoint=last)
    model.eval()
    scores = score(model, validation)
    save_adapter(
        output,
        backbone=model.backbone,
        method=model.method,
        method_name=recipe.method,
        version=framecue.__version__,
        scores={"validation": scores},
    )
    (output / "history.json").write_text(json.dumps(trainer.state.log_history, indent=1) + "\n", encoding="utf-8")
    if recipe.save_backbone:
        model.backbone.save(output / "backbone")
    return TrainedRun(output, trainer.state.global_step, scores, last)


def _claim(output: Path, recipe: Recipe) -> None:
    """Write the recipe beside what it makes; refuse a folder that another recipe made."""
    text = yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)
    file = output / RECIPE_FILE
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise RecipeError(
            f"{output}: holds a run of another recipe ({file}); choose another output_dir, or remove the folder"
        )
    output.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
