"""TempMe: a slow second construction of it, when frames are joined, how many tokens are left, and what is trained."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method, build_method
from framecue.methods.tempme import TempMe, TempMeConfig, clips_joined, layer_of_join
from framecue.model import VideoTextModel
from support.merging import slow_merge


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> TempMe:
    """TempMe with everything random, as after training; as at the start where the seed is None."""
    config = TempMeConfig(**{"num_frames": 4, "num_test_frames": 4, **options})
    method = TempMe(config, backbone).to(backbone.logit_scale.dtype)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for _, parameter in method.new_parameters():
                parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
    return method


def frames(videos: int, count: int, *, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def slow_attention(attention: Any, normed: Tensor, sizes: Tensor, num_heads: int) -> tuple[Tensor, Tensor]:
    """What tokens (T, D) take from each other, and their keys' mean over heads; A is the query's for all three."""
    low = attention.q_proj.lora_A["default"].weight
    made = {}
    for name in ("q_proj", "k_proj", "v_proj"):
        linear = getattr(attention, name)
        weight = linear.get_base_layer().weight + linear.lora_B["default"].weight @ low
        made[name] = normed @ weight.T + linear.get_base_layer().bias
    size = normed.shape[1] // num_heads
    mixed, keys = [], []
    for head in range(num_heads):
        part = slice(head * size, (head + 1) * size)
        query, key, value = (made[name][:, part] for name in ("q_proj", "k_proj", "v_proj"))
        # A token of size s as s tokens: the exponentials are multiplied, not the logits shifted.
        weights = (query @ key.T / math.sqrt(size)).exp() * sizes
        mixed.append(weights / weights.sum(dim=1, keepdim=True) @ value)
        keys.append(key)
    return attention.out_proj(torch.cat(mixed, dim=1)), sum(keys) / num_heads


def slow_features(
    backbone: Backbone, method: TempMe, video: Tensor, *, joins: dict[int, list[tuple[int, str]]], rows: dict[str, Any]
) -> Tensor:
    """The features (F, E) of one video, clip by clip.

    `joins` says for each layer how many neighbours are joined in front of it, and by which positions; `rows` which
    rows of these.
    """
    clip: Any = backbone.model
    config, first = method.config, min(joins)
    clips = [
        (clip.vision_model.pre_layrnorm(clip.vision_model.embeddings(frame[None]))[0], torch.ones(17).double(), 1)
        for frame in video
    ]
    for index, layer in enumerate(clip.vision_model.encoder.layers):
        for size, name in joins.get(index, []):
            longer = []
            for start in range(0, len(clips), size):
                before, placed, sizes = [], [], []
                for part in ("classes", "patches"):
                    for place in range(start, start + size):
                        tokens, token_sizes, classes = clips[place]
                        which = slice(None, classes) if part == "classes" else slice(classes, None)
                        before.append(tokens[which])
                        shift = method.positions[name][rows[name][place]] if name in method.positions else 0
                        placed.append(tokens[which] + shift)
                        sizes.append(token_sizes[which])
                classes = clips[start][2] * size
                count = int(sum(map(len, sizes)) * config.merged_at_joins)
                merged = slow_merge(
                    torch.cat(placed), torch.cat(sizes), torch.cat(before), num_merged=count, num_classes=classes
                )
                longer.append((*merged, classes))
            clips = longer
        for place, (tokens, sizes, classes) in enumerate(clips):
            added, keys = slow_attention(layer.self_attn, layer.layer_norm1(tokens), sizes, backbone.vision.num_heads)
            count = config.merged_per_layer if index < first else int(len(tokens) * config.merged_after_joins)
            tokens, sizes = tokens + added, sizes
            if count:
                tokens, sizes = slow_merge(tokens, sizes, keys, num_merged=count, num_classes=classes)
            clips[place] = (tokens + layer.mlp(layer.layer_norm2(tokens)), sizes, classes)
    classes = torch.cat([tokens[:count] for tokens, _, count in clips])
    return clip.visual_projection(clip.vision_model.post_layernorm(classes))


DEEP = {"num_hidden_layers": 12}


@pytest.mark.parametrize(
    ("vision", "options", "count", "joins", "rows"),
    [
        # Twelve layers and twelve frames: as released.
        (
            DEEP,
            {"num_frames": 12, "merged_per_layer": 1},
            12,
            {8: [(2, "0")], 9: [(2, "1")], 10: [(3, "2")]},
            {"0": range(12), "1": range(6), "2": range(3)},
        ),
        # Three layers: all joins are in front of the last. Four frames: the last join has nothing left to join.
        ({}, {}, 4, {2: [(2, "0"), (2, "1")]}, {"0": range(4), "1": range(2)}),
        # More frames than in training: the third join joins what it had not, without positions.
        ({}, {}, 8, {2: [(2, "0"), (2, "1"), (2, "2")]}, {"0": [0, 0, 1, 1, 2, 2, 3, 3], "1": [0, 0, 1, 1]}),
        ({}, {"clip_positions": False, "merged_at_joins": 0.5, "rank": 2}, 2, {2: [(2, "0")]}, {}),
        (
            {},
            {"joins": (3,), "num_frames": 3, "merged_after_joins": 0.0},
            6,
            {2: [(3, "0")]},
            {"0": [0, 0, 1, 1, 2, 2]},
        ),
        # One frame, as of a picture: nothing is joined.
        ({}, {"merged_per_layer": 3}, 1, {2: []}, {}),
    ],
)
@torch.no_grad()
def test_agrees_with_a_second_construction(
    make_backbone: Callable[..., Backbone],
    vision: dict[str, Any],
    options: dict[str, Any],
    count: int,
    joins: dict[int, list[tuple[int, str]]],
    rows: dict[str, Any],
) -> None:
    backbone = make_backbone(dtype=torch.float64, vision=vision)
    method, videos = make(backbone, **options), frames(2, count).double()
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, count, 24)
    for video, actual in zip(videos, features, strict=True):
        expected = slow_features(backbone, method, video, joins=joins, rows=rows)
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-9)


def test_the_layers_of_joins() -> None:
    def layers(num_layers: int, num_joins: int = 3) -> list[int]:
        return [layer_of_join(join, num_joins=num_joins, num_layers=num_layers) for join in range(num_joins)]

    assert layers(12) == [8, 9, 10]
    assert layers(24) == [16, 18, 20]
    assert layers(6) == [4, 4, 5]
    assert layers(3) == [2, 2, 2]
    assert layers(1) == [0, 0, 0]
    assert layers(12, num_joins=1) == [8]
    assert layers(12, num_joins=2) == [8, 9]


def test_how_many_clips_are_joined() -> None:
    assert clips_joined(12, (2, 2, 3)) == [2, 2, 3]
    assert clips_joined(4, (2, 2, 3)) == [2, 2, 1]
    assert clips_joined(24, (2, 2, 3)) == [2, 2, 3]
    assert clips_joined(9, (2, 2, 3)) == [1, 1, 3]
    assert clips_joined(1, (2, 2, 3)) == [1, 1, 1]
    assert clips_joined(64, (4, 4, 4)) == [4, 4, 4]
    assert clips_joined(6, (4,)) == [3]
    assert clips_joined(5, ()) == []


@torch.no_grad()
def test_the_tokens_of_a_vit_b_32s_grid(make_backbone: Callable[..., Backbone]) -> None:
    # 224 pixels in patches of 32 and twelve layers, at a small width: 600 tokens a video become 97.
    backbone = make_backbone(vision={**DEEP, "image_size": 224, "patch_size": 32})
    counts = []
    for layer in backbone.vision.layers:
        layer.layer_norm2.register_forward_hook(lambda _module, inputs, _output: counts.append(inputs[0].shape[:2]))
    videos = torch.randn(1, 12, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    features = make(backbone, num_frames=12).encode_frames(backbone, videos)
    assert features.shape == (1, 12, 24)
    frames_alone = [(12, tokens) for tokens in (48, 46, 44, 42, 40, 38, 36, 34)]
    assert counts == [*frames_alone, (6, 44), (3, 56), (1, 107), (1, 97)]


def test_it_starts_as_plain_clip_where_nothing_is_merged(
    backbone: Backbone, make_backbone: Callable[..., Backbone]
) -> None:
    videos, plain = frames(2, 4), build_method("mean-pool", {}, backbone)
    ids, _ = backbone.tokenize(["a red car", "the cat falls"])
    with torch.no_grad():
        expected = plain.encode_frames(backbone, videos), plain.encode_text(backbone, ids)
        method = make(backbone, seed=None, merged_per_layer=0, joins=(), merged_at_joins=0.0, merged_after_joins=0.0)
        torch.testing.assert_close(method.encode_frames(backbone, videos), expected[0], rtol=0, atol=1e-5)
        other = make_backbone()
        merging = make(other, seed=None)
        assert torch.equal(merging.encode_text(other, ids), expected[1])
        assert (merging.encode_frames(other, videos) - expected[0]).abs().max() > 1e-2


@torch.no_grad()
def test_texts_are_those_of_the_summed_weights(make_backbone: Callable[..., Backbone]) -> None:
    backbone, summed = make_backbone(dtype=torch.float64), make_backbone(dtype=torch.float64)
    method = make(backbone, rank=3)
    for layer, own in zip(backbone.text.layers, summed.text.layers, strict=True):
        for name in ("q_proj", "k_proj", "v_proj"):
            linear: Any = getattr(layer.self_attn, name)
            low: Any = layer.self_attn.q_proj.lora_A["default"]
            getattr(own.self_attn, name).weight.add_(linear.lora_B["default"].weight @ low.weight)
    ids, _ = backbone.tokenize(["a red car", "the cat falls, the dog rises"])
    expected = build_method("mean-pool", {}, summed).encode_text(summed, ids)
    torch.testing.assert_close(method.encode_text(backbone, ids), expected, rtol=0, atol=1e-10)


@torch.no_grad()
def test_videos_do_not_mix_and_order_is_seen(backbone: Backbone) -> None:
    method, videos = make(backbone), frames(2, 4)
    made = method.encode_frames(backbone, videos)
    alone = torch.cat([method.encode_frames(backbone, video[None]) for video in videos])
    torch.testing.assert_close(made, alone, rtol=0, atol=1e-5)
    backwards = method.encode_frames(backbone, videos.flip(1))
    assert (method.pool(made) - method.pool(backwards)).abs().max() > 1e-3


@pytest.mark.parametrize("seed", [None, 0])
def test_what_is_trained(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]], seed: int | None
) -> None:
    method = make(backbone, seed=seed, num_frames=3)  # three frames: the third join alone joins
    gradients = gradients_of(backbone, method)
    layers = [f"backbone.model.vision_model.encoder.layers.{index}" for index in range(3)]
    layers += [f"backbone.model.text_model.encoder.layers.{index}" for index in range(2)]
    names = {f"{layer}.self_attn.q_proj.lora_A.default.weight" for layer in layers}
    names |= {f"{layer}.self_attn.{name}_proj.lora_B.default.weight" for layer in layers for name in "qkv"}
    assert gradients.keys() == names | {"method.positions.2"}
    assert len(list(method.new_parameters())) == len(names) + 1
    if seed is not None:
        assert all(gradient.any() for gradient in gradients.values())
    else:  # B is zero, so A has no gradient yet
        assert all(gradient.any() for name, gradient in gradients.items() if "lora_A" not in name)
    assert not backbone.logit_scale.requires_grad


def test_parameters_of_a_vit_b_32_and_what_they_start_from(vit_b_32: Backbone, backbone: Backbone) -> None:
    method = TempMe(TempMeConfig(), vit_b_32)
    method.freeze(vit_b_32)
    updates = sum(p.numel() for _, p in method.updates())
    assert updates == 12 * (8 * 768 + 8 * 3 * 768) + 12 * (8 * 512 + 8 * 3 * 512) == 491_520
    assert {name: tuple(p.shape) for name, p in method.named_parameters()} == {
        "positions.0": (12, 768),
        "positions.1": (6, 768),
        "positions.2": (3, 768),
    }
    new = sum(p.numel() for _, p in method.new_parameters())
    assert new == updates + 21 * 768 == 507_648
    assert sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad) == updates

    for name, parameter in make(backbone, seed=None).new_parameters():
        if "lora_A" in name:  # uniform within 1 / sqrt(in)
            bound = parameter.shape[1] ** -0.5
            assert bound * 0.8 < parameter.abs().max() <= bound
        else:
            assert not parameter.any()


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
@torch.no_grad()
def test_without_class_tokens_a_clip_is_what_the_pooling_head_makes_of_it(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family, dtype=torch.float64)
    videos = frames(2, 4).double()
    assert make(backbone).encode_frames(backbone, videos).shape == (2, 1, 32)
    # Frames whose patches are all alike: merged or not, they are the same.
    other = make_siglip_backbone(family, dtype=torch.float64)
    torch.nn.init.zeros_(other.vision._model.embeddings.position_embedding.weight)
    flat = torch.randn(2, 1, 3, 1, 1, dtype=torch.float64).expand(-1, -1, -1, 32, 32)
    plain = build_method("mean-pool", {}, other).encode_frames(other, flat)
    merged = make(other, seed=None, merged_per_layer=3).encode_frames(other, flat)
    torch.testing.assert_close(merged, plain, rtol=0, atol=1e-10)


@torch.no_grad()
def test_rotary_positions_are_those_of_the_tokens_that_are_left(make_pe_core_backbone: Callable[..., Backbone]) -> None:
    plain, backbone, videos = make_pe_core_backbone(), make_pe_core_backbone(), frames(2, 4)
    nothing = {"merged_per_layer": 0, "joins": (), "merged_at_joins": 0.0, "merged_after_joins": 0.0}
    expected = build_method("mean-pool", {}, plain).encode_frames(plain, videos)
    made = make(backbone, seed=None, **nothing).encode_frames(backbone, videos)
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-5)
    # Joined and merged, the layers see the places that are left: with others the features are others.
    backbone = make_pe_core_backbone()
    method = make(backbone)
    made = method.encode_frames(backbone, videos)
    lie = backbone.vision.places
    backbone.vision.places = lambda **options: lie(**options).flip(0)
    assert (method.encode_frames(backbone, videos) - made).abs().max() > 1e-3


def test_save_and_load(saved_and_loaded: Callable[..., set[str]]) -> None:
    saved = saved_and_loaded("tempme", TempMe, num_frames=3, joins=[3], rank=2)
    layers = [f"vision_model.encoder.layers.{index}" for index in range(3)]
    layers += [f"text_model.encoder.layers.{index}" for index in range(2)]
    # Names are what adapter files hold: a change breaks every adapter. The shared A is held once.
    assert saved == {
        "method.positions.0",
        *(f"backbone.model.{layer}.self_attn.q_proj.lora_A.default.weight" for layer in layers),
        *(f"backbone.model.{layer}.self_attn.{n}_proj.lora_B.default.weight" for layer in layers for n in "qkv"),
    }


def test_a_backbone_can_take_it_off_again(backbone: Backbone) -> None:
    names = [name for name, _ in backbone.named_parameters()]
    method = make(backbone)
    with pytest.raises(InputError, match="wears LoRA already"):
        make(backbone)
    method.remove(backbone)
    assert [name for name, _ in backbone.named_parameters()] == names
    make(backbone)


def test_a_copy_of_the_model_is_whole(backbone: Backbone) -> None:
    model = VideoTextModel(backbone, make(backbone))
    other = copy.deepcopy(model)
    expected = model.encode_frames(frames(1, 4))
    with torch.no_grad():
        for _, parameter in model.method.new_parameters():
            parameter.zero_()
    assert torch.equal(other.encode_frames(frames(1, 4)), expected)
    assert (model.encode_frames(frames(1, 4)) - expected).abs().max() > 1e-3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "rank must be at least 1, got 0"),
        ({"merged_per_layer": -1}, "merged_per_layer must be at least 0, got -1"),
        ({"joins": [2, 0]}, "joins.* must be at least 1, got 0"),
        ({"joins": "2 2 3"}, "joins must be a list, got '2 2 3'"),
        ({"merged_at_joins": 0.6}, "merged_at_joins must be at least 0 and at most 0.5, got 0.6"),
        ({"merged_after_joins": -0.1}, "merged_after_joins must be at least 0 and at most 0.5, got -0.1"),
        ({"clip_positions": 1}, r"clip_positions must be a boolean \(true or false\), got 1"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        TempMeConfig(**options)
