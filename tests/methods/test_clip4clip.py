"""CLIP4Clip's sequential type: a slow second construction of it, where it starts, absent frames, what it trains."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method, build_method
from framecue.methods.clip4clip import Clip4Clip, Clip4ClipConfig


def make(backbone: Backbone, **options: Any) -> Clip4Clip:
    torch.manual_seed(0)
    config = Clip4ClipConfig(**{"num_frames": 4, "num_test_frames": 4, **options})
    return Clip4Clip(config, backbone).to(backbone.logit_scale.dtype).eval()


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pixels(videos: int, frames: int = 4, seed: int = 1) -> Tensor:
    return torch.randn(videos, frames, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def slow_related(method: Clip4Clip, backbone: Backbone, frames: list[Tensor]) -> list[Tensor]:
    """f'_i = f_i + T(f + p)_i of one video, token by token and head by head; T is the text tower's layers."""
    heads = backbone.text.num_heads
    tokens = [frame + method.temporal.position_embedding[place, 0] for place, frame in enumerate(frames)]
    for layer in method.temporal.layers:
        normed = [layer.layer_norm1(token) for token in tokens]
        attention = layer.self_attn
        queries, keys, values = (
            [project(token) for token in normed] for project in (attention.q_proj, attention.k_proj, attention.v_proj)
        )
        size = len(queries[0]) // heads
        attended = []
        for query in queries:
            parts = []
            for head in range(heads):
                part = slice(head * size, (head + 1) * size)
                scores = [math.exp((query[part] @ key[part]).item() / math.sqrt(size)) for key in keys]
                parts.append(
                    sum(score / sum(scores) * value[part] for score, value in zip(scores, values, strict=True))
                )
            attended.append(attention.out_proj(torch.cat(parts)))
        tokens = [token + added for token, added in zip(tokens, attended, strict=True)]
        tokens = [token + layer.mlp(layer.layer_norm2(token)) for token in tokens]
    return [frame + token for frame, token in zip(frames, tokens, strict=True)]


@torch.no_grad()
def test_similarity_agrees_with_a_slow_construction(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method, texts, videos = make(backbone), 2 * random(3, 24), 3 * random(5, 4, 24, seed=1)
    actual = method.similarity(texts, videos)
    assert actual.shape == (3, 5)
    for b, video in enumerate(videos):
        related = slow_related(method, backbone, list(video))
        mean = sum(frame / frame.norm() for frame in related) / len(related)
        for n, text in enumerate(texts):
            expected = (text / text.norm()) @ (mean / mean.norm())
            assert actual[n, b].item() == pytest.approx(expected.item(), abs=1e-12)


@torch.no_grad()
def test_frames_of_zeros_are_absent(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method, videos = make(backbone), random(2, 4, 24)
    videos[0, 3:] = videos[1, 1:] = 0
    pooled = method.pool(videos)
    for video, count, row in zip(videos, (3, 1), pooled, strict=True):
        related = slow_related(method, backbone, list(video[:count]))
        expected = normalize(sum(normalize(frame, dim=0) for frame in related), dim=0)
        torch.testing.assert_close(row, expected, rtol=0, atol=1e-12)
    assert not method.relate(videos)[1, 1:].any()


@torch.no_grad()
def test_it_is_offline_and_sees_the_order_of_frames(backbone: Backbone) -> None:
    method, videos = make(backbone), pixels(2)
    assert Clip4Clip.offline
    features = method.encode_frames(backbone, videos)
    plain = build_method("mean-pool", {}, backbone)
    torch.testing.assert_close(features, plain.encode_frames(backbone, videos), rtol=0, atol=1e-6)
    pooled = method.pool(features)
    torch.testing.assert_close(pooled.norm(dim=-1), torch.ones(2))
    assert (pooled - method.pool(features.flip(1))).abs().max() > 1e-3
    method.temporal.position_embedding.zero_()
    torch.testing.assert_close(method.pool(features), method.pool(features.flip(1)), rtol=0, atol=1e-5)


def test_texts_are_cut_unless_the_tower_knows_one_length(backbone: Backbone) -> None:
    assert make(backbone, max_words=10).max_text_tokens(backbone) == 10
    assert make(backbone).max_text_tokens(backbone) == 24  # the context of this tower
    backbone.text.pads_texts = True
    assert make(backbone, max_words=10).max_text_tokens(backbone) == 24


def test_gradients_reach_everything(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    method = make(backbone)
    gradients = gradients_of(backbone, method)
    names = {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    own = {f"method.{name}" for name, _ in method.new_parameters()}
    assert own
    assert all(name.startswith("method.temporal.") for name in own)
    assert gradients.keys() == names | own
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    with torch.device("meta"):
        method = Clip4Clip(Clip4ClipConfig(), vit_b_32)
    assert sum(p.numel() for p in method.parameters()) == 4 * 3_152_384 + 12 * 512 == 12_615_680


def test_save_and_load(saved_and_loaded: Callable[..., set[str]]) -> None:
    saved = saved_and_loaded("clip4clip", Clip4Clip, num_frames=3, temporal_layers=1)
    assert {name.split(".")[1] for name in saved if name.startswith("method.")} == {"temporal"}


@torch.no_grad()
def test_half_precision_features_are_compared_in_full(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.bfloat16)
    method = make(backbone)
    actual = method.similarity(random(2, 24).bfloat16(), random(3, 4, 24).bfloat16())
    assert actual.dtype == torch.float32
    expected = method.float().similarity(random(2, 24).bfloat16().float(), random(3, 4, 24).bfloat16().float())
    torch.testing.assert_close(actual, expected, rtol=0, atol=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_words": 2}, "max_words must be at least 3, got 2"),
        ({"temporal_layers": 0}, "temporal_layers must be at least 1, got 0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        Clip4ClipConfig(**options)
