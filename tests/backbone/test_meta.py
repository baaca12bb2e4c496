"""Backbones without weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from huggingface_hub import HfApi

from framecue.backbone import Backbone, load_backbone
from framecue.backbone.meta import backbone_without_weights, twin_without_weights
from framecue.errors import ModelError


def shapes(backbone: Backbone) -> dict[str, torch.Size]:
    return {name: parameter.shape for name, parameter in backbone.named_parameters()}


def test_the_default_is_vit_b_32() -> None:
    backbone = backbone_without_weights()
    vision, text = backbone.vision, backbone.text
    assert (vision.width, vision.num_layers, vision.num_heads, vision.image_size) == (768, 12, 12, 224)
    assert (text.width, text.num_layers, text.context_length, text.embedding_dim) == (512, 12, 77, 512)
    assert {parameter.device.type for parameter in backbone.parameters()} == {"meta"}
    with pytest.raises(ModelError, match="a backbone without weights has no tokenizer"):
        backbone.tokenize(["a"])


def test_of_a_folder_and_of_a_bundled_name(clip_folder: Path) -> None:
    for name in (clip_folder, "moji-clip"):
        assert shapes(backbone_without_weights(name)) == shapes(load_backbone(name))


def test_weights_are_not_read(clip_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((clip_folder / "config.json").read_bytes())
    assert shapes(backbone_without_weights(tmp_path)) == shapes(load_backbone(clip_folder))


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
def test_twins_of_every_family(family: str, make_siglip_backbone: Callable[..., Backbone]) -> None:
    backbone = make_siglip_backbone(family)
    twin = twin_without_weights(backbone)
    assert shapes(twin) == shapes(backbone)
    assert type(twin.vision) is type(backbone.vision)


def test_names_that_mean_nothing(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model folder"):
        backbone_without_weights(tmp_path / "none")
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"the model's configuration cannot be loaded") as info:
        backbone_without_weights(tmp_path)
    assert "\n" not in str(info.value)


def test_locally_the_hub_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*args: object, **options: object) -> None:
        raise AssertionError("the hub was asked")

    monkeypatch.setattr(HfApi, "model_info", asked)
    with pytest.raises(ModelError, match="the model's configuration cannot be loaded"):
        backbone_without_weights("nobody/nothing-of-this-name", local=True)
