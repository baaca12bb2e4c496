"""Running a recipe, from which a trained adapter folder comes."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import yaml
from transformers import TrainerCallback, set_seed

from framecue._version import __version__
from framecue.backbone import initialise_backbone, load_backbone
from framecue.checkpoint import CONFIG_FILE, WEIGHTS_FILE, load_adapter, save_adapter
from framecue.datasets.augment import RandomResizedCrop
from framecue.datasets.base import FileDataset
from framecue.datasets.clip_examples import ClipExamples
from framecue.datasets.examples import Augmentable, ExampleSource
from framecue.errors import DatasetError, InputError, OutputError, RecipeError
from framecue.evaluation.stored_frames import take_stored_frames
from framecue.evaluation.validation import score_examples
from framecue.frame_store import StoreFrameSource
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.outputs import refuse_url, written_beside
from framecue.paths import exists
from framecue.querybank import QUERYBANK_FILE, write_querybank
from framecue.training.bank import training_queries
from framecue.training.distillation import DistillationStep, load_distilled
from framecue.training.origin import ORIGIN_FILE, note_origin, origin_of, refuse_other_origin
from framecue.training.processes import (
    by_the_first,
    check_alike,
    join_processes,
    lost_processes_told,
    num_processes,
    rank,
    reproducible,
)
from framecue.training.recipe import Recipe, check_recipe
from framecue.training.recipe_difference import difference
from framecue.training.step import TrainingStep
from framecue.training.teachers import load_teachers
from framecue.training.trainer import CHECKPOINTS, LOGS, RetrievalTrainer
from framecue.training.usage import Usage
from framecue.training.wandb_log import WandbLog
from framecue.training.yaml_text import load_yaml
from framecue.video import FrameSource, IsolatedFrameSource

__all__ = [
    "TrainedRun",
    "build_model",
    "build_parts",
    "build_sources",
    "last_checkpoint",
    "open_store",
    "refuse_other_run",
    "run_recipe",
    "step_of",
]

logger = logging.getLogger(__name__)

RECIPE_FILE, HISTORY_FILE, BACKBONE_FOLDER = "recipe.yaml", "history.json", "backbone"


@dataclass(frozen=True)
class TrainedRun:
    """The results of a run.

    Attributes:
        adapter: the adapter's folder.
        steps: optimiser steps, including those before a resume.
        validation: the written weights' scores on the validation split; empty if nothing was validated.
        resumed_from: the checkpoint from which the run went on, if it did.
        usage: what this call took; no samples a second if it made no step.
    """

    adapter: Path
    steps: int
    validation: dict[str, float]
    resumed_from: str | None
    usage: Usage


def build_model(recipe: Recipe) -> VideoTextModel:
    """Return the model that a recipe starts from.

    Raises:
        ModelError: the backbone cannot be loaded.
        AdapterError: the adapter cannot be loaded, or belongs to another backbone.
        RecipeError: the adapter has another method or other options than the recipe.
        InputError: the method does not have the options.
    """
    if recipe.initialise == "random":
        backbone = initialise_backbone(recipe.backbone, seed=recipe.schedule.seed)
    else:
        backbone = load_backbone(recipe.backbone)
    if recipe.adapter is not None:
        method, config = load_adapter(recipe.adapter, backbone)
        if config.method != recipe.method:
            raise RecipeError(f"adapter {recipe.adapter} is of method {config.method}, the recipe says {recipe.method}")
        options = method.config.with_earlier_values(config.options)
        for option, value in recipe.options.items():
            if value != options.get(option):
                raise RecipeError(
                    f"adapter {recipe.adapter} was trained with {option} {options.get(option)}, the recipe says "
                    f"{value}; an adapter brings its own options, leave them out"
                )
    else:
        with torch.random.fork_rng():
            torch.manual_seed(recipe.schedule.seed)
            method = build_method(recipe.method, recipe.options, backbone)
    backbone.scale_position_embedding(recipe.position_embedding_scale)
    return VideoTextModel(backbone, method, method_name=recipe.method)


def build_sources(
    recipe: Recipe, model: VideoTextModel, *, frame_source: FrameSource | None = None
) -> tuple[ExampleSource, ExampleSource | None]:
    """Return the training examples and the validation examples of a recipe's dataset.

    Args:
        recipe: names the dataset, and says whether anything is validated. Where it keeps the weights of the last step,
            a dataset need not have examples for it.
        model: determines which frames of a video are taken.
        frame_source: reads video files; None decodes them in this process.

    Raises:
        RecipeError: the dataset draws its pictures itself, so it has nothing to augment.
        DatasetError: a folder's files are missing or malformed, or it has no split "train", or no "val" that chooses.
    """
    data, rule = recipe.dataset, recipe.schedule.validation
    train = data.train(model, seed=recipe.schedule.seed, frame_source=frame_source)
    if recipe.augment != "none":
        if not isinstance(train, Augmentable):
            raise RecipeError(f"dataset {data.name} has no videos to change; leave out augment: {recipe.augment}")
        train.augment_with(RandomResizedCrop(model.backbone.preprocess))
    if rule == "none":
        return train, None
    try:
        return train, data.val(model, frame_source=frame_source)
    except DatasetError as error:
        if rule != "last":
            raise DatasetError(f"{error}; schedule.validation=last or none goes without a validation split") from error
        logger.warning("nothing is validated: %s", error)
        return train, None


def build_parts(
    recipe: Recipe, *, frame_source: FrameSource
) -> tuple[VideoTextModel, tuple[VideoTextModel, ...], ExampleSource, ExampleSource | None]:
    """Return what a run begins with: the model, its teachers, the training examples and those of the validation.

    Args:
        recipe: the recipe.
        frame_source: reads the video files; the recipe's store of frames, if it names one.

    Raises:
        InputError: as `run_recipe`.
    """
    recipe.dataset.look_at_files()
    model = build_model(recipe)
    store = frame_source if isinstance(frame_source, StoreFrameSource) else None
    if store is not None:
        take_stored_frames(model, store)
    if recipe.distil_from is not None:
        teachers: tuple[VideoTextModel, ...] = (load_distilled(recipe.distil_from, model),)
    else:
        teachers = load_teachers(recipe.teachers, model)
    source, validation = build_sources(recipe, model, frame_source=frame_source)
    if store is not None:
        sources = [each for each in (source, validation) if isinstance(each, ClipExamples)]
        store.require(clip.video for each in sources for clip in each.clips)
    return model, teachers, source, validation


def step_of(recipe: Recipe) -> type[TrainingStep]:
    """Return the module that computes the loss of a recipe's steps."""
    return TrainingStep if recipe.distil_from is None else DistillationStep


def run_recipe(
    recipe: Recipe,
    *,
    callbacks: list[TrainerCallback] | None = None,
    frame_source: FrameSource | None = None,
) -> TrainedRun:
    """Train, choose the checkpoint as the schedule's `validation` says, and write the adapter folder.

    A run that was killed goes on from its last checkpoint when the same recipe is run again, and ends with the same
    weights as without the break; a finished run is not trained further. One that ended at its `stop_step` goes on with
    a later one, or without.

    In processes that `torchrun` started, all train one model; the first validates and writes. `output_dir` is then a
    place that all of them see.

    `output_dir` gets the adapter's two files, its query bank (`querybank.txt`), `recipe.yaml`, `origin.json`,
    `history.json`, `checkpoints`, `logs` for TensorBoard and, if asked for, `backbone`.

    Args:
        recipe: the recipe to run.
        callbacks: of `transformers`, to show progress.
        frame_source: reads video files, unless the recipe names a store of frames; None decodes them in another
            process, where a damaged file costs its clip alone. For files that one trusts `PlainFrameSource` saves a few
            per cent.

    Raises:
        RecipeError: `output_dir` holds a run of another recipe, of another number of processes or one that began with
            other weights, or cannot be written.
        TrainingError: the loss is not finite, or the processes form no group, or differ in recipe or data, or one of
            them was killed.
        DatasetError: the dataset or the store of frames cannot be used, or the store lacks some of the videos.
    """
    if recipe.frame_store is not None:
        frame_source = open_store(recipe)
    if frame_source is None:
        with IsolatedFrameSource() as opened:
            return run_recipe(recipe, callbacks=callbacks, frame_source=opened)
    join_processes()
    with lost_processes_told():
        return _run_together(recipe, callbacks=callbacks, frame_source=frame_source)


def _run_together(recipe: Recipe, *, callbacks: list[TrainerCallback] | None, frame_source: FrameSource) -> TrainedRun:
    """Run a recipe in processes that have joined, or in one."""
    check_alike(_text(recipe), what="recipe")
    output = recipe.output_dir
    by_the_first(lambda: refuse_other_run(output, recipe))
    logs = [*(callbacks or []), *_other_logs(recipe)]
    with reproducible():
        set_seed(recipe.schedule.seed)
        model, teachers, source, validation = build_parts(recipe, frame_source=frame_source)
        origin = origin_of(recipe, model, teachers)
        by_the_first(lambda: _begin(output, recipe, origin))
        trainer = RetrievalTrainer(
            model,
            recipe.schedule,
            source=source,
            output_dir=output,
            validate=None if validation is None else lambda current: score_examples(current, validation),
            teachers=teachers,
            build_step=step_of(recipe),
            shuffle=recipe.dataset.shuffles,
            callbacks=logs,
        )
        last = by_the_first(lambda: last_checkpoint(output / CHECKPOINTS))
        if last is None or not trainer.restore_finished(last):
            by_the_first(lambda: _refuse_other_number(last))
            trainer.train(resume_from_checkpoint=last)
            by_the_first(lambda: _write_history(output, trainer.state.log_history))
        model.eval()
        known = trainer.scores
        scores = by_the_first(lambda: _write_results(recipe, model, validation, known))
        by_the_first(lambda: _write_bank(recipe, source, teachers))
    return TrainedRun(output, trainer.state.global_step, scores, last, trainer.meter.usage)


def _write_history(output: Path, log_history: list[dict[str, float]]) -> None:
    with written_beside(output / HISTORY_FILE, overwrite=True) as partial:
        partial.write_text(json.dumps(log_history, indent=1) + "\n", encoding="utf-8")


def _write_results(
    recipe: Recipe, model: VideoTextModel, validation: ExampleSource | None, known: dict[str, float] | None
) -> dict[str, float]:
    """Write the adapter, and the backbone if it is wanted; return the scores on the validation examples, if any.

    Args:
        recipe: the run's.
        model: with the weights to write.
        validation: the validation examples, if there are any.
        known: what these weights score on them, if that is known.
    """
    # An adapter holds all that its method trains, whether or not the run's loss has reached it.
    model.method.freeze(model.backbone)
    scores = {} if validation is None else known or score_examples(model, validation)
    if recipe.save_backbone:
        _save_backbone(model, recipe.output_dir / BACKBONE_FOLDER)
    save_adapter(
        recipe.output_dir,
        backbone=model.backbone,
        method=model.method,
        method_name=recipe.method,
        version=__version__,
        scores={"validation": scores} if scores else {},
        overwrite=True,
    )
    return scores


def _write_bank(recipe: Recipe, source: ExampleSource, teachers: Sequence[VideoTextModel]) -> None:
    """Write the adapter's query bank, if its captions are known."""
    distilled = teachers if recipe.distil_from is not None else ()
    if queries := training_queries(source, distilled, seed=recipe.schedule.seed):
        write_querybank(recipe.output_dir, queries)


def _refuse_other_number(checkpoint: str | None) -> None:
    """Refuse to go on from a checkpoint of another number of processes: it would not end as the run did that made it.

    Each process has written its random state there.
    """
    if checkpoint is None:
        return
    states = len(list(Path(checkpoint).glob("rng_state_*.pth"))) or 1
    if states != num_processes():
        raise RecipeError(
            f"{checkpoint}: was written by {states} process(es), and here are {num_processes()}; go on with "
            f"{states} (torchrun --nproc-per-node), or choose another output_dir"
        )


def open_store(recipe: Recipe) -> StoreFrameSource:
    """Return the store of frames that a recipe names.

    Raises:
        RecipeError: its dataset has no video files.
        DatasetError: the store cannot be used.
    """
    assert recipe.frame_store is not None
    if not isinstance(recipe.dataset, FileDataset):
        raise RecipeError(
            f"frame_store is {recipe.frame_store}, but dataset {recipe.dataset.name} is drawn as it is needed and has "
            "no videos; leave it out"
        )
    return StoreFrameSource(recipe.frame_store, data_dir=recipe.dataset.data_dir)


def last_checkpoint(folder: Path) -> str | None:
    """Return the last complete checkpoint in a folder: if a run is killed while it writes one, that one is ignored."""
    found = []
    for state_file in folder.glob("checkpoint-*/trainer_state.json"):  # the file that is written last
        try:
            found.append((int(json.loads(state_file.read_text(encoding="utf-8"))["global_step"]), state_file.parent))
        except (OSError, ValueError, KeyError):
            continue
    return str(max(found)[1]) if found else None


def _other_logs(recipe: Recipe) -> list[TrainerCallback]:
    if "wandb" not in recipe.schedule.report_to or rank() != 0:
        return []
    output = recipe.output_dir
    return [WandbLog(output / LOGS, name=output.name, config=recipe.model_dump(mode="json"))]


def _save_backbone(model: VideoTextModel, folder: Path) -> None:
    """Write the trained backbone; the adapter then belongs to it, not to the weights from which the run started."""
    model.backbone.save(folder, overwrite=True)
    saved = load_backbone(folder)
    model.backbone.name, model.backbone.revision = saved.name, saved.revision


def refuse_other_run(output: Path, recipe: Recipe) -> None:
    """Refuse a folder with the results of another recipe, or with files that no run has written.

    One in which nothing has been made yet is fine. Nothing is changed.

    Raises:
        RecipeError: it is such a folder.
    """
    refuse_url(output)
    file = output / RECIPE_FILE
    last, made = last_checkpoint(output / CHECKPOINTS), _has_made_something(output)
    try:
        text = file.read_text(encoding="utf-8")
        other = check_recipe(load_yaml(text), source=str(file))
        is_written_by_hand = text != _text(other)
    except FileNotFoundError:
        other, is_written_by_hand = None, False
    except (OSError, yaml.YAMLError, RecursionError, InputError, ValueError):
        other, is_written_by_hand = None, True
    if made and (other is None or _results(other) != _results(recipe)):
        differs = "" if other is None else f": {difference(_results(other), _results(recipe))}"
        raise RecipeError(
            f"{output}: holds a run of another recipe ({file}{differs}); choose another output_dir, or remove the "
            "folder"
        )
    if made and other is not None and other.schedule.stop_step != recipe.schedule.stop_step:
        _refuse_earlier_end(output, last, recipe.schedule.stop_step)
    mine = [file] if is_written_by_hand else []
    if not made and other is None:
        mine += [output / name for name in (WEIGHTS_FILE, QUERYBANK_FILE, HISTORY_FILE, ORIGIN_FILE, BACKBONE_FOLDER)]
    for theirs in mine:
        if theirs.is_symlink() or exists(theirs):
            raise RecipeError(
                f"{theirs}: is no run's, and would be replaced; choose another output_dir, or move it away"
            )


def _has_made_something(output: Path) -> bool:
    """Whether a run has come so far in a folder that another one goes on from there."""
    return last_checkpoint(output / CHECKPOINTS) is not None or exists(output / CONFIG_FILE)


def _refuse_earlier_end(output: Path, checkpoint: str | None, stop_step: int | None) -> None:
    """Refuse to end a run earlier than it has come; where its checkpoints are gone, it cannot go on further either."""
    steps = None if checkpoint is None else int(Path(checkpoint).name.removeprefix("checkpoint-"))
    if steps is None:
        raise RecipeError(
            f"{output}: holds a run of another schedule.stop_step, and no checkpoint from which it could go on; choose "
            "another output_dir, or remove the folder"
        )
    if stop_step is not None and steps > stop_step:
        raise RecipeError(
            f"{output}: holds a run that has made {steps} steps, and schedule.stop_step is {stop_step}; give {steps} "
            "or more, leave it out, or choose another output_dir"
        )


def _results(recipe: Recipe) -> Recipe:
    """Return a recipe without what changes no step: a run may go on with other workers, and to a later `stop_step`."""
    schedule = recipe.schedule.model_copy(update={"num_workers": None, "stop_step": None})
    return recipe.model_copy(update={"schedule": schedule, "paper": None})


def _text(recipe: Recipe) -> str:
    """Return a recipe as it lies beside its results, with its defaults."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False)


def _begin(output: Path, recipe: Recipe, origin: Mapping[str, str]) -> None:
    """Write the recipe, and with which weights it begins; refuse to go on with others."""
    if _has_made_something(output):
        refuse_other_origin(output, origin)
    _write_recipe(output, recipe)
    note_origin(output, origin)


def _write_recipe(output: Path, recipe: Recipe) -> None:
    """Write the recipe, with its defaults, beside its results."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        with written_beside(output / RECIPE_FILE, overwrite=True) as partial:
            partial.write_text(_text(recipe), encoding="utf-8")
    except OutputError as error:
        raise RecipeError(f"output_dir {output}: {error.reason}") from error
    except OSError as error:
        raise RecipeError(f"output_dir {output}: cannot be written ({error.strerror})") from error
