"""LoRA: that it is W + (alpha / rank) B A, where it stands, and how a backbone gets it and gets rid of it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import AdapterError, InputError
from framecue.methods import METHODS, Method, build_method
from framecue.methods.lora import Lora, LoraConfig
from framecue.model import VideoTextModel

ALL = "q_proj k_proj v_proj out_proj fc1 fc2"


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> Lora:
    """LoRA with A and B random, as after training; as at the start where the seed is None."""
    method = Lora(LoraConfig(**options), backbone)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for _, parameter in method.new_parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return method


def videos(count: int = 2, frames: int = 3) -> Tensor:
    return torch.randn(count, frames, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def features(backbone: Backbone, method: Method) -> tuple[Tensor, Tensor]:
    dtype = backbone.logit_scale.dtype
    ids, _ = backbone.tokenize(["a red car", "the cat falls, the dog rises"])
    with torch.no_grad():
        return method.encode_frames(backbone, videos().to(dtype)), method.encode_text(backbone, ids)


def plain(backbone: Backbone) -> tuple[Tensor, Tensor]:
    return features(backbone, build_method("mean-pool", {}, backbone))


@pytest.mark.parametrize("targets", ["q_proj v_proj", ALL])
def test_it_is_the_sum_of_the_weights(make_backbone: Callable[..., Backbone], targets: str) -> None:
    backbone, summed = make_backbone(dtype=torch.float64), make_backbone(dtype=torch.float64)
    method = make(backbone, rank=4, alpha=6.0, targets=targets)
    new, touched = dict(method.new_parameters()), []
    for name, module in summed.model.named_modules():
        if (low := f"{name}.lora_A.default.weight") in new:
            touched.append(name)
            update = new[f"{name}.lora_B.default.weight"] @ new[low]
            with torch.no_grad():
                module.weight.add_(6.0 / 4 * update)
    layers = [f"vision_model.encoder.layers.{index}" for index in range(3)]
    layers += [f"text_model.encoder.layers.{index}" for index in range(2)]
    place = {target: "self_attn" if target.endswith("proj") else "mlp" for target in targets.split()}
    assert set(touched) == {f"{layer}.{place[target]}.{target}" for layer in layers for target in place}
    for actual, expected in zip(features(backbone, method), plain(summed), strict=True):
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)
    assert (features(backbone, method)[0] - plain(make_backbone(dtype=torch.float64))[0]).abs().max() > 0.1


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    method = starts_as_plain_clip(backbone, lambda backbone: make(backbone, seed=None))
    for name, parameter in method.new_parameters():
        assert bool(parameter.any()) == (".lora_A." in name)


def test_gradients_reach_a_and_b_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    method = make(backbone)
    gradients = gradients_of(backbone, method)
    assert gradients.keys() == {f"backbone.model.{name}" for name, _ in method.new_parameters()}
    assert len(gradients) == 2 * 2 * (3 + 2)
    assert all(gradient.any() for gradient in gradients.values())


def test_its_parameters_are_the_backbones_and_new(backbone: Backbone) -> None:
    # The optimiser tells new ones by identity, and an adapter must not hold one twice.
    method = make(backbone)
    named = dict(backbone.model.named_parameters())
    assert all(named[name] is parameter for name, parameter in method.new_parameters())
    assert list(method.parameters()) == []


def test_a_copy_of_the_model_is_whole(backbone: Backbone) -> None:
    model = VideoTextModel(backbone, make(backbone))
    other = copy.deepcopy(model)
    named = dict(other.backbone.model.named_parameters())
    new = dict(other.method.new_parameters())
    assert new
    assert all(named[name] is parameter for name, parameter in new.items())
    assert torch.equal(other.encode_frames(videos()), model.encode_frames(videos()))


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({}, 12 * 2 * 2 * 8 * (768 + 512)),
        ({"rank": 4, "targets": "v_proj"}, 12 * 2 * 4 * (768 + 512)),
        ({"rank": 1, "targets": ALL}, 12 * (4 * 2 + 2 * 5) * (768 + 512)),
    ],
)
def test_parameters_of_a_vit_b_32(vit_b_32: Backbone, options: dict[str, Any], count: int) -> None:
    method = make(vit_b_32, seed=None, **options)
    method.freeze(vit_b_32)
    assert sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad) == count
    if not options:
        assert count == 491_520


def test_save_and_load(saved_and_loaded: Callable[..., set[str]]) -> None:
    saved = saved_and_loaded("lora", Lora, rank=3, alpha=5.0, targets="q_proj fc2")
    layers = [f"vision_model.encoder.layers.{index}" for index in range(3)]
    layers += [f"text_model.encoder.layers.{index}" for index in range(2)]
    # Names are what adapter files hold: a change breaks every adapter.
    assert saved == {
        f"backbone.model.{layer}.{target}.lora_{part}.default.weight"
        for layer in layers
        for target in ("self_attn.q_proj", "mlp.fc2")
        for part in "AB"
    }


def test_a_backbone_wears_one_lora(
    make_backbone: Callable[..., Backbone], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METHODS, "lora", Lora)
    backbone = make_backbone()
    expected = plain(backbone)
    names = [name for name, _ in backbone.named_parameters()]
    method = make(backbone)
    method.freeze(backbone)
    save_adapter(tmp_path, backbone=backbone, method=method, method_name="lora", version="0")
    worn = features(backbone, method)

    message = r"tiny: this backbone wears LoRA already; load it anew, or remove\(\) the other"
    with pytest.raises(InputError, match=f"^{message}$"):
        make(backbone)
    with pytest.raises(AdapterError, match=f"adapter_config.json: {message}$"):
        load_adapter(tmp_path, backbone)
    assert all(map(torch.equal, features(backbone, method), worn))  # the refusals changed nothing

    method.remove(backbone)
    assert [name for name, _ in backbone.named_parameters()] == names
    assert list(method.new_parameters()) == []
    assert all(map(torch.equal, plain(backbone), expected))
    loaded, _ = load_adapter(tmp_path, backbone)
    assert all(map(torch.equal, features(backbone, loaded), worn))


def test_targets_that_the_layers_lack_are_refused_before_anything_changes(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for layer in backbone.text.layers:
        monkeypatch.delattr(layer.mlp, "fc2")
    names = [name for name, _ in backbone.named_parameters()]
    message = "^tiny: its layers have no fc2 for LoRA; they have: fc1, k_proj, out_proj, q_proj, v_proj$"
    with pytest.raises(InputError, match=message):
        make(backbone, targets="fc1 fc2")
    assert [name for name, _ in backbone.named_parameters()] == names


def test_without_peft_it_says_what_to_install(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InputError, match=r"^method lora needs the peft library \(.*\); pip install peft$"):
        make(backbone)


def test_bfloat16(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.bfloat16)
    expected = plain(backbone)
    method = make(backbone, seed=None)
    assert {parameter.dtype for _, parameter in method.new_parameters()} == {torch.bfloat16}
    assert all(map(torch.equal, features(backbone, method), expected))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "rank must be at least 1, got 0"),
        ({"alpha": 0}, "alpha must be greater than 0, got 0"),
        ({"alpha": float("inf")}, "alpha must be a finite number, got inf"),
        ({"targets": "q_proj query"}, f"targets must be some of {ALL}, got 'q_proj query'"),
        ({"targets": " "}, f"targets must be some of {ALL}, got ' '"),
        ({"targets": ["q_proj"]}, r"targets must be a string, got \['q_proj'\]"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        LoraConfig(**options)
