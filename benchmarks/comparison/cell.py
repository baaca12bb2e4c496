"""One cell: a run of training, and the ranks of every query of every test."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from comparison.conditions import CONDITIONS, Condition, batches
from comparison.plan import VARIANTS, Cell
from framecue.evaluation.encoding import encode_pixels, encode_texts, similarity_matrix, twin_similarities
from framecue.evaluation.metrics import retrieval_ranks
from framecue.model import VideoTextModel, load_model
from framecue.training.recipe import Recipe
from framecue.training.run import run_recipe

__all__ = ["is_done", "recipe", "run_cell", "stored"]


def recipe(cell: Cell, backbone: str, folder: Path, *, num_workers: int = 0) -> Recipe:
    """Return the run of a cell: only the method, its options and its rates differ between cells of one start."""
    variant, budget = VARIANTS[cell.variant], cell.budget
    learning_rate, backbone_rate = (rate * cell.factor for rate in variant.rates)
    return Recipe.model_validate(
        {
            "output_dir": str(folder),
            "backbone": backbone,
            "method": variant.method,
            "options": variant.all_options,
            "dataset": {
                "name": "moji-motion",
                "seed": cell.seed,
                "num_examples": budget.steps * budget.batch_size,
                "num_val": 64,
                "single_share": 0.5,
                "early_share": 0.5,
            },
            "schedule": {
                "batch_size": budget.batch_size,
                "num_epochs": 1,
                "learning_rate": learning_rate,
                "backbone_learning_rate": backbone_rate,
                "weight_decay": 0.02,
                "warmup_ratio": 0.1,
                "max_grad_norm": 1.0,
                "adam_beta2": 0.98,
                "eval_steps": budget.steps,  # the last step's weights are tested: validation has nothing to choose
                "logging_steps": max(1, budget.steps // 10),
                "num_workers": num_workers,
                "seed": cell.seed,
            },
        }
    )


def is_done(cell: Cell, folder: Path) -> bool:
    """Whether a cell's files are there.

    Raises:
        SystemExit: they are of another budget.
    """
    file = folder / f"{cell.name}.json"
    if not file.exists():
        return False
    kept = json.loads(file.read_text(encoding="utf-8"))["budget"]
    if kept != asdict(cell.budget):
        raise SystemExit(f"{file} was made with {kept}, not {asdict(cell.budget)}; give another --output-dir")
    return (folder / f"{cell.name}.npz").exists()


def stored(cell: Cell, folder: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a cell that is done: see `run_cell`."""
    with np.load(folder / f"{cell.name}.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


def run_cell(cell: Cell, backbone: str, folder: Path, work: Path, *, num_workers: int = 0) -> None:
    """Train, test, and write `<name>.npz` and then `<name>.json`; nothing is done if they are there.

    The arrays: for each test `<test>/t2v` and `<test>/v2t`, int32 (N,), the ranks; `twins`, float32 (N, 2), whether a
    clip's own caption and its twin's each fit the right one (a tie counts half, NaN where there is no twin).

    Args:
        cell: what to run.
        backbone: the folder or name of its start.
        folder: of the cells' files.
        work: for the run's own files, which are removed again.
        num_workers: processes that draw clips.
    """
    if is_done(cell, folder):
        return
    start = time.monotonic()
    place = work / cell.name
    shutil.rmtree(place, ignore_errors=True)
    run_recipe(recipe(cell, backbone, place, num_workers=num_workers))
    trained = time.monotonic() - start
    model = load_model(backbone, adapter=place)
    arrays: dict[str, np.ndarray] = {}
    for name, condition in CONDITIONS.items():
        if cell.split == "val" and name != "order":
            continue
        arrays |= test(model, name, condition, num_clips=cell.budget.test_clips, split=cell.split)
    document: dict[str, Any] = {
        "cell": cell.name,
        "variant": cell.variant,
        "factor": cell.factor,
        "backbone": cell.backbone,
        "backbone_revision": model.backbone.revision,
        "seed": cell.seed,
        "split": cell.split,
        "budget": asdict(cell.budget),
        "device": str(model.device),
        "torch": torch.__version__,
        "train_seconds": round(trained, 1),
        "seconds": round(time.monotonic() - start, 1),
        "scores": summary(arrays),
    }
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{cell.name}.partial.npz"
    np.savez_compressed(partial, **arrays)
    partial.replace(folder / f"{cell.name}.npz")
    (folder / f"{cell.name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(place, ignore_errors=True)


@torch.inference_mode()
def test(
    model: VideoTextModel, name: str, condition: Condition, *, num_clips: int, split: str
) -> dict[str, np.ndarray]:
    """Return the arrays of one test; see `run_cell`."""
    if condition.num_frames is not None:
        model.method.config = dataclasses.replace(model.method.config, num_test_frames=condition.num_frames)
    videos: list[Tensor] = []
    flipped: list[Tensor] = []
    captions: list[str] = []
    backwards: list[str | None] = []
    for batch in batches(condition, model, num_clips=num_clips, split=split):
        pixels = model.backbone.preprocess.normalise(batch.frames.to(model.device))
        videos.append(encode_pixels(model, pixels))
        if condition.twins:
            flipped.append(encode_pixels(model, pixels.flip(1)))
        captions += batch.captions
        backwards += batch.backwards
    shown, texts = torch.cat(videos), encode_texts(model, captions)
    ranks = retrieval_ranks(similarity_matrix(model, texts, shown), np.arange(len(shown)))
    arrays = {f"{name}/{side}": each.astype(np.int32) for side, each in zip(("t2v", "v2t"), ranks, strict=True)}
    if condition.twins:
        arrays["twins"] = _twins(model, texts, shown, torch.cat(flipped), backwards)
    return arrays


def _twins(
    model: VideoTextModel, texts: Tensor, videos: Tensor, flipped: Tensor, backwards: list[str | None]
) -> np.ndarray:
    rows = [row for row, text in enumerate(backwards) if text is not None]
    twin_texts = encode_texts(model, [text for text in backwards if text is not None])
    twins = np.full((len(backwards), 2), np.nan, dtype=np.float32)
    for place, row in enumerate(rows):
        right, other = twin_similarities(
            model,
            texts=texts[row : row + 1],
            twin_texts=twin_texts[place : place + 1],
            video=videos[row],
            twin_video=flipped[row],
        )
        twins[row] = (right > other) + 0.5 * (right == other)
    return twins


def summary(arrays: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the recalls at 1 and the twin accuracy, in per cent."""
    scores = {name: round(100 * float((ranks == 1).mean()), 2) for name, ranks in arrays.items() if "/" in name}
    if "twins" in arrays:
        scores["twins"] = round(100 * float(np.nanmean(arrays["twins"])), 2)
    return scores
