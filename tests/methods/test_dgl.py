"""DGL: a slow second construction of both towers, what is trained, and how the prompts start."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method
from framecue.methods.dgl import Dgl, DglConfig
from support.slow_attention import attend

TEXTS = ["a red car", "the cat falls, the dog rises"]
both = pytest.mark.parametrize("local_prompts", ["linear", "transformer"])


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> Dgl:
    """DGL with everything random, as after training; as at the start where the seed is None."""
    torch.manual_seed(4)
    config = DglConfig(**{"num_frames": 3, "num_test_frames": 3, "num_local_prompts": 2, **options})
    method = Dgl(config, backbone).to(backbone.logit_scale.dtype).eval()
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return method


def frames(videos: int, count: int, *, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def slow_layer(layer: Any, groups: list[Tensor], sees: list[list[int]], num_heads: int) -> list[Tensor]:
    """One layer over groups of tokens; the tokens of group g attend to all those of the groups `sees[g]`."""
    normed = [layer.layer_norm1(tokens) for tokens in groups]
    made = []
    for group, tokens in enumerate(groups):
        seen = torch.cat([normed[other] for other in sees[group]])
        added = [attend(layer.self_attn, token, seen, num_heads) for token in normed[group]]
        tokens = tokens + torch.stack(added)
        made.append(tokens + layer.mlp(layer.layer_norm2(tokens)))
    return made


def slow_video(backbone: Backbone, method: Dgl, video: Tensor) -> Tensor:
    clip: Any = backbone.model
    vision, count = clip.vision_model, len(video)
    own = [vision.pre_layrnorm(vision.embeddings(frame[None]))[0] for frame in video]
    seen, local = method.global_prompts, method.local.for_frames(count)
    sees = [list(range(count + 1)), *([0, 1 + frame] for frame in range(count))]
    for index, layer in enumerate(vision.encoder.layers):
        groups = [torch.cat([x[:1], local[index, frame], x[1:]]) for frame, x in enumerate(own)]
        seen, *groups = slow_layer(layer, [seen, *groups], sees, backbone.vision.num_heads)
        own = [torch.cat([x[:1], x[1 + local.shape[2] :]]) for x in groups]
    return clip.visual_projection(vision.post_layernorm(seen[0]))


def slow_text(backbone: Backbone, method: Dgl, ids: Tensor) -> Tensor:
    """The feature of one text: after the first token the prefix, and what is behind end-of-text is never seen."""
    clip: Any = backbone.model
    text, prompts = clip.text_model, method.local.for_texts()
    end = backbone.text.end_of_text(ids[None]).item()
    words = (text.embeddings.token_embedding(ids) + text.embeddings.position_embedding.weight[: len(ids)])[: end + 1]
    for index, layer in enumerate(text.encoder.layers):
        tokens = torch.cat([words[:1], prompts[index, :2], words[1:]])
        normed = layer.layer_norm1(tokens)
        added = [
            attend(layer.self_attn, normed[place], normed[: place + 1], backbone.text.num_heads)
            for place in range(len(tokens))
        ]
        tokens = tokens + torch.stack(added)
        tokens = tokens + layer.mlp(layer.layer_norm2(tokens))
        words = torch.cat([tokens[:1], tokens[3:]])
    return clip.text_projection(text.final_layer_norm(words[-1]))


@both
@pytest.mark.parametrize("count", [3, 1, 5])
@torch.no_grad()
def test_videos_agree_with_a_second_construction(
    make_backbone: Callable[..., Backbone], local_prompts: str, count: int
) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method, videos = make(backbone, local_prompts=local_prompts), frames(2, count).double()
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 1, 24)
    for video, actual in zip(videos, features, strict=True):
        torch.testing.assert_close(actual[0], slow_video(backbone, method, video), rtol=0, atol=1e-10)


@both
@torch.no_grad()
def test_texts_agree_with_a_second_construction(make_backbone: Callable[..., Backbone], local_prompts: str) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method = make(backbone, local_prompts=local_prompts)
    ids, _ = backbone.tokenize(TEXTS)
    for row, actual in zip(ids, method.encode_text(backbone, ids), strict=True):
        torch.testing.assert_close(actual, slow_text(backbone, method, row), rtol=0, atol=1e-10)


@torch.no_grad()
def test_the_postfix_is_seen_by_a_text_encoder_that_attends_in_both_directions(
    make_siglip_backbone: Callable[..., Backbone], backbone: Backbone
) -> None:
    for family, seen in ((make_siglip_backbone(), True), (backbone, False)):
        method = make(family)
        ids, _ = family.tokenize(TEXTS)
        before = method.encode_text(family, ids)
        method.local.postfix.bias.copy_(torch.arange(24.0))  # not all alike: a norm would take that away again
        assert ((method.encode_text(family, ids) - before).abs().max() > 1e-3) == seen


@torch.no_grad()
def test_order_is_seen_by_the_transformers_prompts_alone(backbone: Backbone) -> None:
    videos = frames(1, 3)

    def change(method: Dgl) -> float:
        ahead, back = (method.encode_frames(backbone, v) for v in (videos, videos.flip(1)))
        return (ahead - back).abs().max().item()

    assert change(make(backbone)) < 1e-4
    assert change(make(backbone, local_prompts="transformer")) > 1e-2


@both
@pytest.mark.parametrize("seed", [None, 0])
def test_what_is_trained(
    backbone: Backbone,
    gradients_of: Callable[[Backbone, Method], dict[str, Tensor]],
    local_prompts: str,
    seed: int | None,
) -> None:
    method = make(backbone, seed=seed, local_prompts=local_prompts)
    gradients = gradients_of(backbone, method)
    assert gradients.keys() == {f"method.{name}" for name, _ in method.named_parameters()}
    assert not backbone.logit_scale.requires_grad
    unseen = [name for name, gradient in gradients.items() if not gradient.any()]
    # Behind end-of-text a causal text encoder sees nothing; all else learns from the first step.
    assert unseen == (["method.local.postfix.weight", "method.local.postfix.bias"] if local_prompts == "linear" else [])


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    linear = Dgl(DglConfig(), vit_b_32)
    assert sum(p.numel() for p in linear.parameters()) == 12 * 4 * 768 + 2 * (768 * 512 + 512) + 4 * 768 == 827_392
    made = Dgl(DglConfig(local_prompts="transformer"), vit_b_32)
    layer = 4 * 768 * 768 + 4 * 768 + 8 * 768 * 768 + 5 * 768 + 4 * 768
    mlp = 768 * 1536 + 1536 + 1536 * 512 + 512
    assert sum(p.numel() for p in made.parameters()) == 12 * (8 + 48) * 768 + layer + mlp + 4 * 768 == 9_575_168


def test_prompts_start_uniform_in_what_the_patches_size_gives(
    make_backbone: Callable[..., Backbone], make_siglip_backbone: Callable[..., Backbone]
) -> None:
    for backbone in (make_backbone(), make_siglip_backbone(), make_siglip_backbone("siglip2")):
        method = make(backbone, seed=None, num_global_prompts=50, num_local_prompts=40)
        bound = math.sqrt(6 / (3 * 8 * 8 + 32))
        for prompts in (method.global_prompts, method.local.prompts):
            assert 0.95 * bound < prompts.abs().max() <= bound
            assert abs(prompts.mean().item()) < 0.1 * bound


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
@torch.no_grad()
def test_a_tower_without_class_token(make_siglip_backbone: Callable[..., Backbone], family: str) -> None:
    backbone = make_siglip_backbone(family)
    method, videos = make(backbone), frames(2, 3)
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 1, 32)
    alone = torch.cat([method.encode_frames(backbone, video[None]) for video in videos])
    torch.testing.assert_close(features, alone, rtol=0, atol=1e-5)
    assert (features[0] - features[1]).abs().max() > 1e-3


def test_save_and_load(saved_and_loaded: Callable[..., set[str]]) -> None:
    assert saved_and_loaded("dgl", Dgl, num_local_prompts=1, num_global_prompts=3) == {
        "method.global_prompts",
        "method.local.prompts",
        *(f"method.local.{name}.{part}" for name in ("prefix", "postfix") for part in ("weight", "bias")),
    }


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_global_prompts": 0}, "num_global_prompts must be at least 1, got 0"),
        ({"num_local_prompts": 0}, "num_local_prompts must be at least 1, got 0"),
        ({"local_prompts": "lstm"}, "local_prompts must be 'linear' or 'transformer', got 'lstm'"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        DglConfig(**options)
