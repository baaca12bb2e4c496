"""MV-Adapter: where its adapters stand, what they share, what is trained and at which rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method
from framecue.methods.mv_adapter import MvAdapter, MvAdapterConfig

TEXTS = ["a red car", "the cat falls, the dog rises"]


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> MvAdapter:
    """MV-Adapter with everything random, as after training; as at the start where the seed is None."""
    torch.manual_seed(4)
    config = MvAdapterConfig(
        **{"num_frames": 3, "num_test_frames": 3, "bottleneck": 8, "factor_width": 5, "tied_layers": 1, **options}
    )
    method = MvAdapter(config, backbone).to(backbone.logit_scale.dtype).eval()
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in method.parameters():
                parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    return method


def frames(videos: int, count: int, *, seed: int = 1) -> Tensor:
    return torch.randn(videos, count, 3, 32, 32, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("tied", "video_rows", "text_rows"), [(1, [None, None, 0], [None, 0]), (2, [None, 0, 1], [0, 1])]
)
@torch.no_grad()
def test_adapters_stand_behind_every_mlp_and_the_last_layers_share_factors(
    make_backbone: Callable[..., Backbone], tied: int, video_rows: list[int | None], text_rows: list[int | None]
) -> None:
    backbone = make_backbone(dtype=torch.float64)
    clip: Any = backbone.model
    method: Any = make(backbone, tied_layers=tied)
    assert method.factors.shape == (tied, 5)
    videos = frames(2, 3).double()

    vision = clip.vision_model
    tokens = vision.pre_layrnorm(vision.embeddings(videos.flatten(0, 1)))
    for layer, adapter, row in zip(vision.encoder.layers, method.video, video_rows, strict=True):
        tokens = tokens + layer.self_attn(layer.layer_norm1(tokens))[0]
        added = layer.mlp(layer.layer_norm2(tokens))
        factor = None if row is None else method.factors[row]
        assert (adapter.rows_of is None) == (row is None)
        tokens = tokens + added + adapter(added.view(2, 3, 17, 32), factor).view(6, 17, 32)
    expected = clip.visual_projection(vision.post_layernorm(tokens[:, 0])).view(2, 3, 24)
    torch.testing.assert_close(method.encode_frames(backbone, videos), expected, rtol=0, atol=1e-10)

    text, (ids, _) = clip.text_model, backbone.tokenize(TEXTS)
    tokens = text.embeddings(input_ids=ids)
    mask = torch.full((ids.shape[1], ids.shape[1]), -torch.inf, dtype=torch.float64).triu(1)
    for layer, adapter, row in zip(text.encoder.layers, method.text, text_rows, strict=True):
        tokens = tokens + layer.self_attn(layer.layer_norm1(tokens), attention_mask=mask[None, None])[0]
        added = layer.mlp(layer.layer_norm2(tokens))
        tokens = tokens + added + adapter(added, mask, None if row is None else method.factors[row])
    ends = ids.argmax(dim=1)
    expected = clip.text_projection(text.final_layer_norm(tokens[torch.arange(2), ends]))
    torch.testing.assert_close(method.encode_text(backbone, ids), expected, rtol=0, atol=1e-10)


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    method: Any = starts_as_plain_clip(backbone, lambda backbone: make(backbone, seed=None))
    assert not method.factors.any()


@torch.no_grad()
def test_videos_do_not_mix_and_order_is_seen(backbone: Backbone) -> None:
    method, videos = make(backbone), frames(2, 3)
    made = method.encode_frames(backbone, videos)
    alone = torch.cat([method.encode_frames(backbone, video[None]) for video in videos])
    torch.testing.assert_close(made, alone, rtol=0, atol=1e-5)
    backwards = method.encode_frames(backbone, videos.flip(1))
    assert (method.pool(made) - method.pool(backwards)).abs().max() > 1e-3


@torch.no_grad()
def test_a_texts_feature_does_not_hang_on_the_padding_beside_it(backbone: Backbone) -> None:
    method = make(backbone)
    together, _ = backbone.tokenize(TEXTS)
    alone, _ = backbone.tokenize(TEXTS[:1])
    assert alone.shape[1] < together.shape[1]
    expected = method.encode_text(backbone, together)[:1]
    torch.testing.assert_close(method.encode_text(backbone, alone), expected, rtol=0, atol=1e-5)


def test_texts_are_cut_but_not_those_of_a_tower_with_one_length(
    make_backbone: Callable[..., Backbone], make_siglip_backbone: Callable[..., Backbone]
) -> None:
    for backbone, most in ((make_backbone(), 10), (make_siglip_backbone(), 24)):
        method: Any = make(backbone, max_words=10)
        assert method.max_text_tokens(backbone) == most
        assert {len(adapter.positions) for adapter in method.text} == {most}
    assert make(make_backbone()).max_text_tokens(make_backbone()) == 24  # its context is shorter than 32


@pytest.mark.parametrize("calibrate", ["class", "patches", "both"])
def test_whose_way_up_is_calibrated(backbone: Backbone, calibrate: str) -> None:
    method: Any = make(backbone, calibrate=calibrate)
    for adapter in method.video:
        assert (adapter.calibrate_class is not None) == (calibrate != "patches")
        assert (adapter.calibrate_patches is not None) == (calibrate != "class")


@pytest.mark.parametrize("family", ["siglip", "siglip2"])
@torch.no_grad()
def test_a_tower_without_class_token_calibrates_patches(
    make_siglip_backbone: Callable[..., Backbone], family: str
) -> None:
    backbone = make_siglip_backbone(family)
    method: Any = make(backbone)
    for adapter in method.video:
        assert adapter.calibrate_class is None
        assert adapter.calibrate_patches is not None
        assert len(adapter.positions) == 1 + 3
    assert method.encode_frames(backbone, frames(2, 3)).shape == (2, 3, 32)


@pytest.mark.parametrize("train_biases", [True, False])
def test_what_is_trained_and_at_which_rate(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]], train_biases: bool
) -> None:
    method = make(backbone, train_biases=train_biases)
    gradients = gradients_of(backbone, method)
    own = {f"method.{name}" for name, _ in method.named_parameters()}
    biases = {f"backbone.{name}" for name, _ in backbone.named_parameters() if name.endswith("bias")}
    assert gradients.keys() == own | (biases if train_biases else set())
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))
    assert not backbone.logit_scale.requires_grad
    rates = {
        name: group.rate
        for group in method.parameter_groups(backbone)
        for name, parameter in group.parameters
        if parameter.requires_grad
    }
    assert rates == dict.fromkeys(own, "new") | (dict.fromkeys(biases, "backbone") if train_biases else {})


def test_siglips_logit_bias_stays(make_siglip_backbone: Callable[..., Backbone]) -> None:
    backbone = make_siglip_backbone()
    make(backbone).freeze(backbone)
    trained = [name for name, parameter in backbone.model.named_parameters() if parameter.requires_grad]
    assert "vision_model.encoder.layers.0.mlp.fc1.bias" in trained
    assert "logit_bias" not in trained


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    method = MvAdapter(MvAdapterConfig(), vit_b_32)
    method.freeze(vit_b_32)
    block = 3 * 64 * 64 + 3 * 64 + 64 * 64 + 64 + 2 * 64 * 256 + 256 + 64 + 4 * 64
    calibration = 64 * 64 + 64 + 128 * 16 + 16 + 16 * 64
    video = 768 * 64 + 64 + 64 * 768 + 768 + 2 * 64 + block + 25 * 64 + 64 + calibration
    text = 512 * 64 + 64 + 64 * 512 + 512 + 2 * 64 + block + 32 * 64
    tied = 2 * 2 * (32 * 64 + 64) + 2 * 32
    new = sum(p.numel() for p in method.parameters())
    assert new == 12 * (video + text) + tied == 3_325_696
    biases = sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad)
    assert biases == 171_008
    whole = sum(p.numel() for p in vit_b_32.parameters())
    assert round(100 * (new + biases) / whole, 2) == 2.31
    # With patches calibrated, too, it is the paper's share.
    calibrated = MvAdapter(MvAdapterConfig(calibrate="both"), vit_b_32)
    assert sum(p.numel() for p in calibrated.parameters()) == new + 12 * calibration
    assert round(100 * (new + 12 * calibration + biases) / whole, 1) == 2.4


def test_save_and_load(backbone: Backbone, saved_and_loaded: Callable[..., set[str]]) -> None:
    options = {"bottleneck": 4, "factor_width": 3, "tied_layers": 1, "num_frames": 3}
    saved = saved_and_loaded("mv-adapter", MvAdapter, **options)
    method = MvAdapter(MvAdapterConfig(**options), backbone)
    biases = {f"backbone.{name}" for name, _ in backbone.named_parameters() if name.endswith("bias")}
    assert saved == biases | {f"method.{name}" for name, _ in method.named_parameters()}


def test_without_tied_layers_nothing_is_shared(backbone: Backbone) -> None:
    method = make(backbone, tied_layers=0)
    assert method.factors is None
    assert all(adapter.rows_of is None for adapter in (*method.video, *method.text))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bottleneck": 0}, "bottleneck must be at least 1, got 0"),
        ({"bottleneck": 5}, r"bottleneck must be a multiple of num_heads \(2\), got 5"),
        ({"calibrate": "all"}, "calibrate must be 'class', 'patches' or 'both', got 'all'"),
        ({"max_words": 2}, "max_words must be at least 3, got 2"),
        ({"tied_layers": -1}, "tied_layers must be at least 0, got -1"),
        ({"train_biases": None}, r"train_biases must be a boolean \(true or false\), got None"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        MvAdapterConfig(**options)
