"""Adapters: where they stand, that they start as nothing, and that they alone are trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method
from framecue.methods.parallel_adapter import AdapterAttn, AdapterFfn, ParallelAdapterConfig

KINDS = {"adapter-attn": AdapterAttn, "adapter-ffn": AdapterFfn}
both = pytest.mark.parametrize("name", KINDS)


def make(name: str, backbone: Backbone, *, seed: int | None = 0, **options: Any) -> Method:
    """Adapters with everything random, as after training; as at the start where the seed is None."""
    method = KINDS[name](ParallelAdapterConfig(**options), backbone).to(backbone.logit_scale.dtype).eval()
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return method


def slow_layer(name: str, layer: Any, adapter: Any, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
    """One layer of CLIP and its adapter, token by token where a token stands for itself."""

    def beside(normed: Tensor) -> Tensor:
        outputs = []
        for token in normed.flatten(0, 1):
            hidden = (adapter.down.weight @ token + adapter.down.bias).clamp(min=0)
            outputs.append(adapter.up.weight @ hidden + adapter.up.bias)
        return torch.stack(outputs).view_as(normed)

    normed = layer.layer_norm1(tokens)
    added = layer.self_attn(normed, attention_mask=mask)[0]
    tokens = tokens + (added + beside(normed) if name == "adapter-attn" else added)
    normed = layer.layer_norm2(tokens)
    added = layer.mlp(normed)
    return tokens + (added + beside(normed) if name == "adapter-ffn" else added)


@both
@torch.no_grad()
def test_agrees_with_a_second_construction(make_backbone: Callable[..., Backbone], name: str) -> None:
    backbone = make_backbone(dtype=torch.float64)
    clip: Any = backbone.model
    method: Any = make(name, backbone, bottleneck=5)
    videos = torch.randn(2, 3, 3, 32, 32, generator=torch.Generator().manual_seed(1)).double()
    vision, text = clip.vision_model, clip.text_model

    tokens = vision.pre_layrnorm(vision.embeddings(videos.flatten(0, 1)))
    for layer, adapter in zip(vision.encoder.layers, method.vision, strict=True):
        tokens = slow_layer(name, layer, adapter, tokens)
    expected = clip.visual_projection(vision.post_layernorm(tokens[:, 0])).view(2, 3, 24)
    torch.testing.assert_close(method.encode_frames(backbone, videos), expected, rtol=0, atol=1e-10)

    ids, _ = backbone.tokenize(["a red car", "the cat falls, the dog rises"])
    tokens = text.embeddings(input_ids=ids)
    later = torch.ones(ids.shape[1], ids.shape[1]).triu(1).bool()
    mask = torch.zeros(later.shape).double().masked_fill(later, -1e9)[None, None]
    for layer, adapter in zip(text.encoder.layers, method.text, strict=True):
        tokens = slow_layer(name, layer, adapter, tokens, mask)
    ends = [row.tolist().index(backbone.end_of_text_id) for row in ids]
    last = torch.stack([tokens[row, end] for row, end in enumerate(ends)])
    expected = clip.text_projection(text.final_layer_norm(last))
    torch.testing.assert_close(method.encode_text(backbone, ids), expected, rtol=0, atol=1e-10)


@both
def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method], name: str) -> None:
    method = starts_as_plain_clip(backbone, lambda backbone: make(name, backbone, seed=None))
    downs = [module.weight for key, module in method.named_modules() if key.endswith("down")]
    assert len(downs) == 3 + 2
    assert all(weight.any() for weight in downs)  # so that the up-projections learn from the first step on


@both
def test_gradients_reach_the_adapters_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]], name: str
) -> None:
    method = make(name, backbone)
    gradients = gradients_of(backbone, method)
    assert gradients.keys() == {f"method.{key}" for key, _ in method.named_parameters()}
    assert all(gradient.any() for gradient in gradients.values())
    assert dict(method.new_parameters()) == dict(method.named_parameters())


@both
def test_parameters_of_a_vit_b_32(vit_b_32: Backbone, name: str) -> None:
    method = make(name, vit_b_32, seed=None)
    method.freeze(vit_b_32)
    assert not any(p.requires_grad for p in vit_b_32.parameters())
    count = sum(p.numel() for p in method.parameters() if p.requires_grad)
    assert count == 12 * (2 * 64 * (768 + 512) + 2 * 64 + 768 + 512) == 1_982_976
    assert round(count / 1e6, 1) == 2.0  # VoP, Table 1


@both
def test_save_and_load(backbone: Backbone, saved_and_loaded: Callable[..., set[str]], name: str) -> None:
    saved = saved_and_loaded(name, KINDS[name], bottleneck=5)
    assert saved == {f"method.{key}" for key, _ in make(name, backbone).named_parameters()}
    # Names are what adapter files hold: a change breaks every adapter.
    parts = [f"{part}.{kind}" for part in ("down", "up") for kind in ("weight", "bias")]
    layers = [*(f"vision.{index}" for index in range(3)), *(f"text.{index}" for index in range(2))]
    assert saved == {f"method.{layer}.{part}" for layer in layers for part in parts}


def test_the_two_are_told_apart(backbone: Backbone) -> None:
    videos = torch.randn(1, 2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        one, other = (make(name, backbone).encode_frames(backbone, videos) for name in KINDS)
    assert (one - other).abs().max() > 1e-2
    assert isinstance(make("adapter-attn", backbone).vision, nn.ModuleList)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bottleneck": 0}, "bottleneck must be at least 1, got 0"),
        ({"bottleneck": "64"}, "bottleneck must be an integer, got '64'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        ParallelAdapterConfig(**options)
