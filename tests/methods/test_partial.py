"""Partial fine-tuning: the last layers are trained, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import InputError
from framecue.methods import Method
from framecue.methods.partial import Partial, PartialConfig

# Of a tiny CLIP, whose towers have 3 and 2 layers.
VISION = "backbone.model.vision_model.encoder.layers.2."
TEXT = "backbone.model.text_model.encoder.layers.1."
PROJECTIONS = {"backbone.model.visual_projection.weight", "backbone.model.text_projection.weight"}


def make(backbone: Backbone, **options: Any) -> Partial:
    return Partial(PartialConfig(**options), backbone)


def wanted(backbone: Backbone, trains: str) -> set[str]:
    names = {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    if trains == "both-layers":
        return {name for name in names if name.startswith((VISION, TEXT))}
    return {name for name in names if name.startswith(VISION)} | PROJECTIONS


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    starts_as_plain_clip(backbone, make)


@pytest.mark.parametrize(("trains", "count"), [("vision-layer", 16 + 2), ("both-layers", 2 * 16)])
def test_gradients_reach_the_last_layers_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]], trains: str, count: int
) -> None:
    gradients = gradients_of(backbone, make(backbone, trains=trains))
    assert gradients.keys() == wanted(backbone, trains)
    assert len(gradients) == count
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))


@pytest.mark.parametrize(
    ("options", "count"),
    [({}, 7_087_872 + 655_360), ({"trains": "both-layers"}, 7_087_872 + 3_152_384)],
)
def test_parameters_of_a_vit_b_32(vit_b_32: Backbone, options: dict[str, Any], count: int) -> None:
    method = make(vit_b_32, **options)
    method.freeze(vit_b_32)
    assert list(method.parameters()) == list(method.new_parameters()) == []
    assert sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad) == count
    # The paper's 7.7 M is the first.
    assert (round(count / 1e6, 1) == 7.7) == (not options)


@pytest.mark.parametrize("trains", ["vision-layer", "both-layers"])
def test_an_adapter_of_it_holds_what_was_trained(
    backbone: Backbone, saved_and_loaded: Callable[..., set[str]], trains: str
) -> None:
    assert saved_and_loaded("partial", Partial, trains=trains) == wanted(backbone, trains)


def test_an_adapter_from_before_there_was_a_choice_is_of_both_towers(
    make_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    backbone, fresh = make_backbone(), make_backbone()
    method = make(backbone, trains="both-layers")
    method.freeze(backbone)
    with torch.no_grad():
        backbone.text.layers[-1].mlp.fc1.bias.add_(1)
    save_adapter(tmp_path, backbone=backbone, method=method, method_name="partial", version="0")
    file = tmp_path / "adapter_config.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    assert document["options"].pop("trains") == "both-layers"
    file.write_text(json.dumps(document), encoding="utf-8")
    loaded, _ = load_adapter(tmp_path, fresh)
    assert loaded.config == method.config
    assert loaded.config.to_fingerprint() == document["options"]
    assert torch.equal(fresh.text.layers[-1].mlp.fc1.bias, backbone.text.layers[-1].mlp.fc1.bias)


def test_an_option_out_of_range_is_refused() -> None:
    with pytest.raises(InputError, match=r"^trains must be 'vision-layer' or 'both-layers', got 'all'$"):
        PartialConfig(trains="all")
