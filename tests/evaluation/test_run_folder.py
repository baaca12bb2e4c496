from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from framecue.backbone import Backbone, load_backbone
from framecue.checkpoint import save_adapter
from framecue.errors import AdapterError, InputError
from framecue.evaluation.run_folder import RunModel, model_of_run, take_frames
from framecue.methods import build_method
from framecue.model import VideoTextModel, load_model


@pytest.fixture
def run(clip_folder: Path, tmp_path: Path) -> Path:
    """A finished run, on a backbone of its own place."""
    shutil.copytree(clip_folder, tmp_path / "models" / "mine")
    backbone = load_backbone(tmp_path / "models" / "mine")
    method = build_method("top-k", {"num_frames": 4, "num_test_frames": 4, "num_top_frames": 2}, backbone)
    method.freeze(backbone)
    save_adapter(tmp_path / "run", backbone=backbone, method=method, method_name="top-k", version="0")
    (tmp_path / "run" / "recipe.yaml").write_text("method: top-k\n")
    return tmp_path / "run"


def test_the_adapter_names_the_backbone(run: Path, tmp_path: Path) -> None:
    found = model_of_run(run)
    assert found == RunModel(str(tmp_path / "models" / "mine"), str(run))
    assert load_model(found.backbone, adapter=found.adapter).method_name == "top-k"
    assert model_of_run("moji-prompt-switch") == RunModel("moji-clip", "moji-prompt-switch")


def test_a_backbone_that_was_trained_lies_in_the_runs_folder(run: Path, clip_folder: Path) -> None:
    shutil.copytree(clip_folder, run / "backbone")
    assert model_of_run(run) == RunModel(str(run / "backbone"), str(run))


def test_a_backbone_that_was_moved_is_found_beside_the_run(run: Path, tmp_path: Path) -> None:
    (tmp_path / "models").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "mine").rename(tmp_path / "mine")
    assert model_of_run(run) == RunModel(str(tmp_path / "mine"), str(run))
    shutil.rmtree(tmp_path / "mine")
    assert model_of_run(run).backbone == str(tmp_path / "models" / "mine")  # which loading then says is not there


def test_a_run_that_is_not_there_or_not_finished(run: Path, tmp_path: Path) -> None:
    (run / "adapter_config.json").unlink()
    with pytest.raises(
        AdapterError, match=r"the run is not finished, .* go on with it \(framecue train .*recipe\.yaml"
    ):
        model_of_run(run)
    with pytest.raises(AdapterError, match="no such adapter folder"):
        model_of_run(tmp_path / "none")


def test_more_frames_than_trained_with(backbone: Backbone) -> None:
    model = VideoTextModel(backbone, build_method("vop-fc", {"num_frames": 2, "num_test_frames": 2}, backbone)).eval()
    take_frames(model, 5)
    assert model.sampling.num_frames == 5
    assert model.train_sampling.num_frames == 2
    assert model.encode_frames(torch.randn(1, 5, 3, 32, 32)).shape == (1, model.embedding_dim)
    assert model.fingerprint().options["num_test_frames"] == 5


@pytest.mark.parametrize(
    ("options", "num_frames", "says"),
    [
        ({"num_frames": 6, "num_test_frames": 6, "num_prompts": 6}, 8, "must be a multiple of frames_per_group"),
        ({"num_frames": 6, "num_test_frames": 6, "num_prompts": 6}, 5000, "must be at most 1000"),
    ],
)
def test_a_method_that_does_not_take_so_many_says_so(
    backbone: Backbone, options: dict[str, Any], num_frames: int, says: str
) -> None:
    method = build_method("prompt-switch", {**options, "captioner": False}, backbone)
    model = VideoTextModel(backbone, method, method_name="prompt-switch")
    with pytest.raises(InputError, match=rf"^method prompt-switch does not take {num_frames} frames: .*{says}"):
        take_frames(model, num_frames)
    assert model.sampling.num_frames == 6
    take_frames(model, 12)
    assert model.sampling.num_frames == 12
