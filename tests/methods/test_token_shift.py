"""Token Shift: which channels go where, a slow second construction of it, and that it sees the order of frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method, build_method
from framecue.methods.token_shift import TokenShift, TokenShiftConfig


def make(backbone: Backbone, **options: Any) -> TokenShift:
    return TokenShift(TokenShiftConfig(**options), backbone)


def frames(videos: int, count: int, *, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def slow_features(backbone: Backbone, video: Tensor, *, size: int, tokens: int | None, layers: list[int]) -> Tensor:
    """The features (F, E) of one video (F, 3, S, S), channel by channel."""
    clip: Any = backbone.model
    streams = [clip.vision_model.pre_layrnorm(clip.vision_model.embeddings(frame[None]))[0] for frame in video]
    for index, layer in enumerate(clip.vision_model.encoder.layers):
        if index in layers:
            before = [stream.clone() for stream in streams]
            for f, stream in enumerate(streams):
                for token in range(len(stream) if tokens is None else tokens):
                    for channel in range(2 * size):
                        other = f + 1 if channel < size else f - 1
                        beyond = other < 0 or other == len(streams)
                        stream[token, channel] = 0 if beyond else before[other][token, channel]
        for f, stream in enumerate(streams):
            stream = stream + layer.self_attn(layer.layer_norm1(stream)[None])[0][0]
            streams[f] = stream + layer.mlp(layer.layer_norm2(stream))
    class_tokens = torch.stack([stream[0] for stream in streams])
    return clip.visual_projection(clip.vision_model.post_layernorm(class_tokens))


@pytest.mark.parametrize(
    ("options", "slow", "count"),
    [
        ({}, {"size": 8, "tokens": 1, "layers": [0, 1, 2]}, 4),
        ({"all_tokens": True}, {"size": 8, "tokens": None, "layers": [0, 1, 2]}, 3),
        ({"share": 0.125, "first_layer": 1}, {"size": 4, "tokens": 1, "layers": [1, 2]}, 3),
        ({"share": 0.5, "first_layer": 1, "last_layer": 1}, {"size": 16, "tokens": 1, "layers": [1]}, 2),
        ({"last_layer": 0}, {"size": 8, "tokens": 1, "layers": [0]}, 3),
        ({}, {"size": 8, "tokens": 1, "layers": [0, 1, 2]}, 1),
    ],
)
@torch.no_grad()
def test_agrees_with_a_second_construction(
    make_backbone: Callable[..., Backbone], options: dict[str, Any], slow: dict[str, Any], count: int
) -> None:
    backbone = make_backbone(dtype=torch.float64)
    videos = frames(2, count).double()
    features = make(backbone, **options).encode_frames(backbone, videos)
    assert features.shape == (2, count, 24)
    for video, actual in zip(videos, features, strict=True):
        torch.testing.assert_close(actual, slow_features(backbone, video, **slow), rtol=0, atol=1e-10)


def test_the_shift_by_hand(backbone: Backbone) -> None:
    # Of 4 channels one comes from the frame after, one from the frame before; the second token stays.
    tokens = torch.tensor([[[f + 0.1, f + 0.2, f + 0.3, f + 0.4], [f, f, f, f]] for f in (10, 20, 30)])
    before = tokens.clone()
    shifted = make(backbone)._shift(tokens, 3, 1)
    expected = [[20.1, 0, 10.3, 10.4], [30.1, 10.2, 20.3, 20.4], [0, 20.2, 30.3, 30.4]]
    torch.testing.assert_close(shifted[:, 0], torch.tensor(expected))
    assert torch.equal(shifted[:, 1], tokens[:, 1])
    assert torch.equal(tokens, before)


@torch.no_grad()
def test_order_matters_and_videos_do_not_mix(backbone: Backbone) -> None:
    method, videos = make(backbone), frames(2, 4)
    features = method.encode_frames(backbone, videos)
    forwards, backwards = method.pool(features), method.pool(method.encode_frames(backbone, videos.flip(1)))
    assert (forwards - backwards).abs().max() > 1e-2
    alone = torch.cat([method.encode_frames(backbone, video[None]) for video in videos])
    torch.testing.assert_close(features, alone, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_tower_without_class_token_shifts_all(make_siglip_backbone: Callable[..., Backbone]) -> None:
    backbone = make_siglip_backbone()
    videos = frames(2, 3)
    features = make(backbone).encode_frames(backbone, videos)
    assert features.shape == (2, 3, 32)
    assert torch.equal(make(backbone, all_tokens=True).encode_frames(backbone, videos), features)
    plain = build_method("mean-pool", {}, backbone).encode_frames(backbone, videos)
    assert (features - plain).abs().max() > 1e-2


def test_gradients_reach_the_whole_backbone_and_nothing_is_new(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    method = make(backbone)
    backbone.requires_grad_(False)
    gradients = gradients_of(backbone, method)
    assert gradients.keys() == {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))
    assert list(method.parameters()) == list(method.new_parameters()) == []


def test_save_and_load(backbone: Backbone, saved_and_loaded: Callable[..., set[str]]) -> None:
    saved = saved_and_loaded("token-shift", TokenShift, share=0.125, all_tokens=True, first_layer=1, last_layer=1)
    assert saved == {f"backbone.{name}" for name, _ in backbone.named_parameters()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0}, "share must be greater than 0 and at most 0.5, got 0"),
        ({"share": 0.6}, "share must be greater than 0 and at most 0.5, got 0.6"),
        ({"share": float("nan")}, "share must be greater than 0 and at most 0.5, got nan"),
        ({"share": 0.01}, "share must be at least 0.0312 for tiny, got 0.01"),
        ({"all_tokens": 1}, r"all_tokens must be a boolean \(true or false\), got 1"),
        ({"first_layer": -1}, "first_layer must be at least 0, got -1"),
        ({"first_layer": 3}, "first_layer must be at most 2 for tiny, got 3"),
        ({"last_layer": 3}, "last_layer must be at most 2 for tiny, got 3"),
        ({"first_layer": 2, "last_layer": 1}, r"last_layer must be at least first_layer \(2\), got 1"),
    ],
)
def test_options_out_of_range_are_refused(backbone: Backbone, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        make(backbone, **options)
