"""Video Proxy: who attends to whom, a slow second construction of it, and where the order of frames comes in."""

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
from framecue.methods import Method, build_method
from framecue.methods.video_proxy import VideoProxy, VideoProxyConfig
from framecue.model import VideoTextModel
from support.slow_attention import attend


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> VideoProxy:
    """Video Proxy with everything random, as after training; as at the start where the seed is None."""
    torch.manual_seed(4)
    config = VideoProxyConfig(**{"num_frames": 3, "num_test_frames": 3, **options})
    method = VideoProxy(config, backbone).to(backbone.logit_scale.dtype)
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return method


def frames(videos: int, count: int, *, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


def slow_feature(backbone: Backbone, method: VideoProxy, video: Tensor, rows: list[int]) -> Tensor:
    """The feature (E,) of one video (F, 3, S, S), token by token; frame f has row `rows[f]` of the frame embedding."""
    clip: Any = backbone.model
    images = [clip.vision_model.embeddings(frame[None])[0] for frame in video]
    norm = clip.vision_model.pre_layrnorm
    position = clip.vision_model.embeddings.position_embedding(torch.tensor(0))
    added = [] if method.proxies is None else list(method.proxies)
    if method.config.proxy_positions:
        added = [proxy + position for proxy in added]
    proxies = [norm(images[0][0]), *map(norm, added)]
    patches = [norm(image[1:]) for image in images]
    if method.frame_embedding is not None:
        patches = [tokens + method.frame_embedding[row] for tokens, row in zip(patches, rows, strict=True)]
    for layer in clip.vision_model.encoder.layers:
        normed_proxies = layer.layer_norm1(torch.stack(proxies))
        normed = [layer.layer_norm1(tokens) for tokens in patches]
        everything = torch.cat([normed_proxies, *normed])
        added = [attend(layer.self_attn, token, everything, backbone.vision.num_heads) for token in normed_proxies]
        proxies = [proxy + update for proxy, update in zip(proxies, added, strict=True)]
        for f, tokens in enumerate(normed):
            seen = torch.cat([normed_proxies, tokens])
            added = [attend(layer.self_attn, token, seen, backbone.vision.num_heads) for token in tokens]
            patches[f] = patches[f] + torch.stack(added)
        proxies = [proxy + layer.mlp(layer.layer_norm2(proxy)) for proxy in proxies]
        patches = [tokens + layer.mlp(layer.layer_norm2(tokens)) for tokens in patches]
    return clip.visual_projection(clip.vision_model.post_layernorm(proxies[0]))


@pytest.mark.parametrize(
    ("options", "count", "rows"),
    [
        ({"num_proxies": 3}, 3, [0, 1, 2]),
        ({"num_proxies": 2, "num_frames": 2}, 4, [0, 0, 1, 1]),
        ({"num_proxies": 2, "num_frames": 6}, 2, [1, 4]),
        ({"num_proxies": 1}, 2, [0, 2]),
        ({"frame_embedding": False}, 2, [0, 1]),
        ({"proxy_positions": False}, 2, [0, 2]),
    ],
)
@torch.no_grad()
def test_agrees_with_a_second_construction(
    make_backbone: Callable[..., Backbone], options: dict[str, Any], count: int, rows: list[int]
) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method, videos = make(backbone, **options), frames(2, count).double()
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 1, 24)
    for video, actual in zip(videos, features, strict=True):
        expected = slow_feature(backbone, method, video, rows)
        torch.testing.assert_close(actual[0], expected, rtol=0, atol=1e-10)
    torch.testing.assert_close(method.pool(features), torch.nn.functional.normalize(features[:, 0], dim=-1))


@torch.no_grad()
def test_one_proxy_and_one_frame_are_plain_clip_at_the_start(backbone: Backbone) -> None:
    method = make(backbone, seed=None, num_proxies=1)
    assert method.proxies is None
    videos = frames(2, 1)
    plain = build_method("mean-pool", {}, backbone).encode_frames(backbone, videos)
    torch.testing.assert_close(method.encode_frames(backbone, videos), plain, rtol=0, atol=1e-5)


@torch.no_grad()
def test_order_comes_in_with_the_frame_embedding(backbone: Backbone) -> None:
    videos = frames(1, 3)

    def change(method: VideoProxy) -> float:
        forwards, backwards = (method.pool(method.encode_frames(backbone, v)) for v in (videos, videos.flip(1)))
        return (forwards - backwards).abs().max().item()

    assert change(make(backbone, seed=None)) < 1e-5
    assert change(make(backbone, frame_embedding=False)) < 1e-5
    assert change(make(backbone)) > 1e-2


@torch.no_grad()
def test_videos_do_not_mix(backbone: Backbone) -> None:
    method, videos = make(backbone), frames(2, 3)
    alone = torch.cat([method.encode_frames(backbone, video[None]) for video in videos])
    torch.testing.assert_close(method.encode_frames(backbone, videos), alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("seed", [None, 0])
def test_gradients_reach_everything(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]], seed: int | None
) -> None:
    method = make(backbone, seed=seed)
    backbone.requires_grad_(False)
    gradients = gradients_of(backbone, method)
    names = {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    assert gradients.keys() == names | {"method.proxies", "method.frame_embedding"}
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))
    assert [name for name, _ in method.new_parameters()] == ["proxies", "frame_embedding"]


def test_parameters_of_a_vit_b_32_and_what_they_start_from(vit_b_32: Backbone) -> None:
    torch.manual_seed(0)
    method = VideoProxy(VideoProxyConfig(), vit_b_32)
    assert method.proxies is not None
    assert method.frame_embedding is not None
    assert sum(p.numel() for p in method.parameters()) == 3 * 768 + 12 * 768 == 11_520
    assert method.proxies.std().item() == pytest.approx(1, abs=0.05)
    assert not method.frame_embedding.any()


@torch.no_grad()
def test_a_tower_without_class_token_learns_all_proxies(make_siglip_backbone: Callable[..., Backbone]) -> None:
    backbone = make_siglip_backbone()
    method, videos = make(backbone, num_proxies=2), frames(2, 3)
    assert method.proxies is not None
    assert method.proxies.shape == (2, 32)
    features = method.encode_frames(backbone, videos)
    assert features.shape == (2, 1, 32)
    assert (features[0] - features[1]).abs().max() > 1e-3
    backwards = method.encode_frames(backbone, videos.flip(1))
    assert (features - backwards).abs().max() > 1e-3


def test_save_and_load(backbone: Backbone, saved_and_loaded: Callable[..., set[str]]) -> None:
    saved = saved_and_loaded("video-proxy", VideoProxy, num_proxies=2, num_frames=2)
    names = {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    assert saved == names | {"method.proxies", "method.frame_embedding"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_proxies": 0}, "num_proxies must be at least 1, got 0"),
        ({"num_proxies": 1.5}, "num_proxies must be an integer, got 1.5"),
        ({"frame_embedding": None}, r"frame_embedding must be a boolean \(true or false\), got None"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        VideoProxyConfig(**options)


@torch.no_grad()
def test_an_adapter_from_before_proxies_had_positions_keeps_its_vectors(
    make_backbone: Callable[..., Backbone], tmp_path: Path
) -> None:
    backbone, videos = make_backbone(), frames(2, 3)
    old = make(backbone, proxy_positions=False)
    save_adapter(tmp_path, backbone=backbone, method=old, method_name="video-proxy", version="0")
    document = json.loads((tmp_path / "adapter_config.json").read_text(encoding="utf-8"))
    assert "proxy_positions" not in document["options"]
    fresh = make_backbone()
    loaded, _ = load_adapter(tmp_path, fresh)
    expected = slow_feature(backbone, old, videos[0], [0, 1, 2])
    torch.testing.assert_close(loaded.encode_frames(fresh, videos)[0, 0], expected, rtol=0, atol=1e-4)
    assert (make(backbone).encode_frames(backbone, videos)[0, 0] - expected).abs().max() > 1e-2
    # And a library that was made with it finds the options that its fingerprint holds.
    model = VideoTextModel(fresh, loaded, method_name="video-proxy", adapter="hash")
    assert model.fingerprint().options == document["options"]
    new = VideoTextModel(backbone, make(backbone), method_name="video-proxy")
    assert new.fingerprint().options == {**document["options"], "proxy_positions": True}
