"""Learning a teacher's embeddings; two processes are in tests/suites/processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from framecue.backbone import load_backbone
from framecue.checkpoint import save_adapter
from framecue.datasets.examples import Example
from framecue.errors import AdapterError, RecipeError
from framecue.methods import METHODS, build_method, method_named
from framecue.model import VideoTextModel, load_model
from framecue.training.batches import collate
from framecue.training.distillation import DistillationStep, load_distilled
from framecue.training.estimate import estimate_run
from framecue.training.recipe import Recipe
from framecue.training.run import run_recipe
from support.together import NUM_FRAMES, Things, make_model

OPTIONS: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": 2, "captioner_layers": 1}}
OFFLINE = [name for name in METHODS if method_named(name).offline]


def make(clip: Path, name: str, *, seed: int = 1) -> VideoTextModel:
    model = make_model(clip, name, OPTIONS.get(name, {}), seed=seed)
    model.method.freeze(model.backbone)
    return model.train()


def teacher_of(clip: Path, name: str) -> VideoTextModel:
    teacher = make(clip, name, seed=4)
    with torch.no_grad():
        teacher.get_parameter("backbone.model.visual_projection.weight").mul_(-1)
    return teacher


@pytest.fixture
def batch() -> dict[str, Any]:
    """Five videos, the second and the fourth with something over them."""
    examples = Things(range(5)).__getitems__(range(5))
    for place in (1, 3):
        one = examples[place]
        covered = one.frames.clone()
        covered[:, :, :5] = 255
        examples[place] = Example(covered, one.caption, one.video_id, original=one.frames)
    return collate(examples)


def features(model: VideoTextModel, frames: Tensor) -> tuple[Tensor, Tensor]:
    made = model.frame_features(model.backbone.preprocess.normalise(frames))
    return model.method.pool(made), made


def distance(one: Tensor, other: Tensor) -> Tensor:
    return 1 - (functional.normalize(one, dim=-1) * functional.normalize(other, dim=-1)).sum(dim=-1)


@pytest.mark.parametrize(("name", "teacher"), [("prompt-switch", "prompt-switch"), ("vop-fc", "mean-pool")])
def test_it_is_how_far_the_embeddings_are_from_those_of_the_originals(
    name: str, teacher: str, tiny_clip: Path, batch: dict[str, Any]
) -> None:
    model, taught = make(tiny_clip, name), teacher_of(tiny_clip, teacher)
    video, frames = features(model, batch["frames"])
    its_video, its_frames = features(taught.eval(), batch["originals"])
    expected = distance(video, its_video).mean()
    if name == teacher:
        expected = expected + distance(frames, its_frames).mean()
    assert expected > 0.01
    torch.testing.assert_close(DistillationStep(model, teachers=[taught])(**batch), expected)
    batch["frames"] = batch.pop("originals")
    assert DistillationStep(model, teachers=[taught])(**batch) != expected


def test_absent_frames_do_not_count(tiny_clip: Path, batch: dict[str, Any]) -> None:
    model, taught = (make_model(tiny_clip, "mean-pool", {"short_videos": "mask"}, seed=seed) for seed in (1, 4))
    model.method.freeze(model.backbone)
    with torch.no_grad():
        taught.get_parameter("backbone.model.visual_projection.weight").mul_(-1)
    step = DistillationStep(model, teachers=[taught])
    short = {**batch, "num_real": torch.tensor([2] * 5)}
    loss = step(**short)
    other = {**short, "frames": batch["frames"].clone()}
    other["frames"][:, 2:] = 0
    torch.testing.assert_close(step(**other), loss)
    video, frames = features(model, batch["frames"][:, :2])
    its_video, its_frames = features(taught, batch["originals"][:, :2])
    torch.testing.assert_close(loss, (distance(video, its_video) + distance(frames, its_frames).mean(1)).mean())


@pytest.mark.parametrize("name", OFFLINE)
def test_what_an_embedding_does_not_depend_on_is_frozen(name: str, tiny_clip: Path, batch: dict[str, Any]) -> None:
    """Every offline method: what stays to be trained has a gradient, no part of a text's way has."""
    model = make(tiny_clip, name)
    before = {each for each, parameter in model.named_parameters() if parameter.requires_grad}
    DistillationStep(model, teachers=[teacher_of(tiny_clip, name)])(**batch).backward()
    trained = {each for each, parameter in model.named_parameters() if parameter.requires_grad}
    assert trained <= before
    assert trained
    assert not [each for each in trained if "text_model" in each or "captioner" in each or "logit_scale" in each]
    assert all(parameter.grad is not None for parameter in model.parameters() if parameter.requires_grad)


@pytest.mark.parametrize("name", OFFLINE)
def test_micro_batches_change_nothing(name: str, tiny_clip: Path, batch: dict[str, Any]) -> None:
    model, taught = make(tiny_clip, name), teacher_of(tiny_clip, name)

    def gradients(**options: Any) -> list[Tensor]:
        model.zero_grad()
        torch.manual_seed(3)
        loss = DistillationStep(model, teachers=[taught], **options)(**batch)
        loss.backward()
        return [loss.detach(), *(each.grad for each in model.parameters() if each.grad is not None)]

    torch.testing.assert_close(gradients(micro_batch_size=2), gradients(), rtol=1e-8, atol=1e-12)


@pytest.fixture
def adapter(tiny_clip: Path, tmp_path: Path) -> Callable[..., str]:
    """Write an adapter of a method whose embeddings are not those of an untrained one."""

    def write(method: str, *, backbone: Path = tiny_clip, **options: Any) -> str:
        opened, folder = load_backbone(backbone), tmp_path / f"{method}-{backbone.name}"
        counts = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES}
        made = build_method(method, {**counts, **OPTIONS.get(method, {}), **options}, opened)
        made.freeze(opened)
        with torch.no_grad():
            opened.model.visual_projection.weight.add_(torch.randn_like(opened.model.visual_projection.weight) * 0.1)
        save_adapter(folder, backbone=opened, method=made, method_name=method, version="test")
        return str(folder)

    return write


def recipe(clip: Path, output: Path, **changes: Any) -> Recipe:
    content = {
        "output_dir": str(output),
        "backbone": str(clip),
        "method": "mean-pool",
        "options": {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES},
        "dataset": {"name": "moji-motion", "num_examples": 48, "num_val": 8, "seed": 3, "title_share": 0.7},
        "schedule": {
            **{"batch_size": 8, "num_epochs": 2, "eval_steps": 6, "validation": "last", "seed": 4, "num_workers": 0},
            **{"learning_rate": 3e-3, "backbone_learning_rate": 3e-3, "weight_decay": 0.02, "logging_steps": 1},
        },
    }
    return Recipe.model_validate({**content, **changes})


def test_a_recipe_brings_a_students_embeddings_near_the_teachers(
    tiny_clip: Path, adapter: Callable[..., str], tmp_path: Path
) -> None:
    taught = adapter("mean-pool")
    made = recipe(tiny_clip, tmp_path / "run", distil_from=taught)
    assert estimate_run(made).trained < sum(p.numel() for p in load_backbone(tiny_clip).model.parameters())
    run = run_recipe(made)
    before = load_model(str(tiny_clip), options={"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES})
    after, teacher = (load_model(str(tiny_clip), adapter=each) for each in (run.adapter, taught))
    frames = made.dataset.val(after).__getitems__(range(8))  # type: ignore[attr-defined]
    shown = torch.stack([one.frames for one in frames])
    with torch.no_grad():
        target, _ = features(teacher, shown)
        far, near = (distance(features(model, shown)[0], target).mean() for model in (before, after))
        texts = after.tokenize(["a cat moves left"])
        torch.testing.assert_close(after.text_features(*texts), before.text_features(*texts), rtol=0, atol=0)
    assert near < 0.5 * far


def test_a_teacher_is_an_offline_one_of_the_same_width_and_the_only_loss(
    tiny_clip: Path, adapter: Callable[..., str], make_model: Callable[..., VideoTextModel], tmp_path: Path
) -> None:
    counts = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES}
    with pytest.raises(RecipeError, match=r"^distil_from: x-pool compares a video with each text anew"):
        load_distilled(adapter("x-pool"), make_model("mean-pool", **counts))
    plain = adapter("mean-pool")
    with pytest.raises(RecipeError, match=r"^distil_from: x-pool compares"):
        load_distilled(plain, make_model("x-pool", **counts))
    with pytest.raises(RecipeError, match=r"^teacher .*: takes 4 frames in training"):
        load_distilled(plain, make_model("mean-pool", num_frames=2, num_test_frames=2))
    with pytest.raises(ValueError, match="'distil_from' takes the place of the loss that would learn from 'teachers'"):
        recipe(tiny_clip, tmp_path / "run", distil_from=plain, teachers=[plain])


@pytest.mark.parametrize("name", ["", "nowhere", "moji-clip"])
def test_a_teacher_that_is_not_there_is_told_from_the_adapter_to_start_from(
    make_model: Callable[..., VideoTextModel], name: str
) -> None:
    with pytest.raises(AdapterError, match=rf"^teacher '?{name}'?: no such adapter folder; give a folder or one of"):
        load_distilled(name, make_model("mean-pool"))


def test_another_width_is_refused(
    make_backbone: Callable[..., Any],
    make_model: Callable[..., VideoTextModel],
    adapter: Callable[..., str],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "wide"
    make_backbone(embedding_dim=24, vision={"image_size": 16}).save(folder)
    counts = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES}
    with pytest.raises(RecipeError, match=r"^distil_from .*: has embeddings of width 24, the student of 16; take a"):
        load_distilled(adapter("mean-pool", backbone=folder), make_model("mean-pool", **counts))
