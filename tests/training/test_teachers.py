from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import CLIPModel

from framecue.backbone import load_backbone
from framecue.checkpoint import save_adapter
from framecue.errors import AdapterError, RecipeError
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.training.teachers import load_teachers


@pytest.fixture
def adapter(tiny_clip: Path, tmp_path: Path) -> Callable[..., str]:
    """Write an adapter of a method for a backbone, whose new parameters are not those of an untrained one."""

    def write(method: str, *, backbone: Path = tiny_clip, **options: Any) -> str:
        opened, folder = load_backbone(backbone), tmp_path / f"{method} {options} {backbone.name}"
        made = build_method(method, {"num_frames": 4, "num_test_frames": 8, **options}, opened)
        made.freeze(opened)
        with torch.no_grad():
            opened.model.visual_projection.weight.add_(1)
        save_adapter(folder, backbone=opened, method=made, method_name=method, version="test")
        return str(folder)

    return write


def student(make_model: Callable[..., VideoTextModel], **options: Any) -> VideoTextModel:
    model = make_model(options.pop("method", "mean-pool"), **{"num_frames": 4, "num_test_frames": 4, **options})
    model.method.takes_teachers = True  # type: ignore[misc]
    return model


def test_teachers_are_loaded_on_their_backbone(
    make_model: Callable[..., VideoTextModel], adapter: Callable[..., str]
) -> None:
    names = [adapter("x-pool"), adapter("mean-pool")]
    model = student(make_model)
    first, second = load_teachers(names, model)
    assert (first.method_name, second.method_name) == ("x-pool", "mean-pool")
    projection = "backbone.model.visual_projection.weight"
    torch.testing.assert_close(second.state_dict()[projection], model.state_dict()[projection] + 1)
    assert load_teachers([], make_model("mean-pool")) == ()


def test_a_method_that_learns_from_none_is_told(
    make_model: Callable[..., VideoTextModel], adapter: Callable[..., str]
) -> None:
    with pytest.raises(RecipeError, match=r"^teachers: mean-pool learns from none; leave them out, or take one of: "):
        load_teachers([adapter("x-pool")], make_model("mean-pool"))


def test_a_method_that_learns_from_teachers_wants_some(make_model: Callable[..., VideoTextModel]) -> None:
    with pytest.raises(RecipeError, match=r"^method teachclip learns from teachers, and there are none; name the"):
        load_teachers([], make_model("teachclip"))


def test_teachers_see_the_frames_of_the_student(
    make_model: Callable[..., VideoTextModel], adapter: Callable[..., str]
) -> None:
    teacher = adapter("x-pool")
    assert len(load_teachers([teacher], student(make_model, num_frames=8))) == 1  # as at its test
    message = (
        r"^teacher .*: takes 4 frames in training and 8 at test, the student 2; both see the same ones, so set "
        r"options.num_frames to the teacher's, or give a teacher that orders frames as the student does$"
    )
    with pytest.raises(RecipeError, match=message):
        load_teachers([teacher], student(make_model, num_frames=2))
    # Four frames in two passes over the video are in another order.
    with pytest.raises(RecipeError, match=r"4 frames .*, the student 4 in chunks of 2; both see the same ones"):
        load_teachers([teacher], student(make_model, method="prompt-switch", num_prompts=2))
    assert len(load_teachers([teacher], student(make_model, method="prompt-switch", num_prompts=4))) == 1


def test_a_teacher_of_another_image_size_is_refused(
    make_model: Callable[..., VideoTextModel], adapter: Callable[..., str], tiny_clip: Path, tmp_path: Path
) -> None:
    other = tmp_path / "larger"
    backbone = load_backbone(tiny_clip)
    config = backbone.model.config
    config.vision_config.image_size = 32
    backbone.save(other)
    CLIPModel(config).save_pretrained(other)
    with pytest.raises(RecipeError, match=r"takes frames of 32 pixels, the student of 16; both see the same ones"):
        load_teachers([adapter("x-pool", backbone=other)], student(make_model))


def test_a_teacher_that_is_not_there_is_named(make_model: Callable[..., VideoTextModel]) -> None:
    with pytest.raises(AdapterError, match=r"\./nowhere: no such adapter folder"):
        load_teachers(["./nowhere"], student(make_model))
