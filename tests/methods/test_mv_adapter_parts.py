"""MV-Adapter's adapters against a second construction of them, frame by frame, and what they start from."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from framecue.methods.adapter_block import quick_gelu
from framecue.methods.mv_adapter_parts import Calibration, TextAdapter, VideoAdapter

WIDTH, LOW = 12, 4


def randomise(module: torch.nn.Module, *, seed: int = 0) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))


def video_adapter(**options: Any) -> VideoAdapter:
    choices: dict[str, Any] = {"num_classes": 1, "calibrate_class": True, "calibrate_patches": False}
    choices |= {"num_heads": 2, "num_frames": 3, "factor_width": None, **options}
    adapter = VideoAdapter(WIDTH, LOW, **choices).double()
    randomise(adapter)
    return adapter


def values(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def slow_down(adapter: Any, token: Tensor, factor: Tensor | None) -> Tensor:
    low = adapter.down.weight @ token
    if factor is not None:
        low = low * (adapter.rows_of.weight @ factor + adapter.rows_of.bias)
    return low + adapter.down.bias


def slow_weights(calibration: Any, frame: Tensor, summary: Tensor) -> Tensor:
    context = calibration.g.weight @ summary + calibration.g.bias
    hidden = (calibration.a.weight @ torch.cat([frame, context]) + calibration.a.bias).clamp(min=0)
    return calibration.b.weight @ hidden + 1


def slow_video(
    adapter: VideoAdapter, tokens: Tensor, rows: list[int], *, classes: int, calibrated: str, factor: Tensor | None
) -> Tensor:
    """What is added to the tokens (F, T, D) of one video; frame f has the positions of frame `rows[f]`."""
    low = [[quick_gelu(slow_down(adapter, token, factor)) for token in frame] for frame in tokens]
    means = [sum(frame[classes:]) / len(frame[classes:]) for frame in low]
    sequence = [adapter.summary + adapter.positions[0]]
    if classes:
        sequence += [frame[0] + adapter.positions[1 + row] for frame, row in zip(low, rows, strict=True)]
    offset = 1 + 3 * classes
    sequence += [mean + adapter.positions[offset + row] for mean, row in zip(means, rows, strict=True)]
    normed = functional.layer_norm(torch.stack(sequence), (LOW,)) * adapter.norm.weight + adapter.norm.bias
    summary, *mixed = quick_gelu(adapter.block(normed[None])[0])
    made = []
    for f, frame in enumerate(low):
        own = mixed[f] if classes else None
        seen = mixed[f] + mixed[len(low) + f] if classes else mixed[f]
        ups = [own] if own is not None else []
        if own is not None and "class" in calibrated:
            ups = [own * slow_weights(adapter.calibrate_class, seen, summary)]
        for patch in frame[classes:]:
            weights = slow_weights(adapter.calibrate_patches, seen, summary) if "patches" in calibrated else 1
            ups.append(patch * weights)
        made.append(torch.stack([0.1 * (adapter.up.weight @ up + adapter.up.bias) for up in ups]))
    return torch.stack(made)


@pytest.mark.parametrize(
    ("options", "count", "rows"),
    [
        ({}, 3, [0, 1, 2]),
        ({"calibrate_class": False}, 3, [0, 1, 2]),
        ({"calibrate_patches": True, "factor_width": 5}, 3, [0, 1, 2]),
        ({"calibrate_class": False, "calibrate_patches": True}, 6, [0, 0, 1, 1, 2, 2]),
        ({"num_classes": 0, "calibrate_class": False, "calibrate_patches": True, "factor_width": 5}, 3, [0, 1, 2]),
        ({"num_classes": 0, "calibrate_class": False, "calibrate_patches": True}, 1, [1]),
    ],
)
@torch.no_grad()
def test_videos_agree_with_a_second_construction(options: dict[str, Any], count: int, rows: list[int]) -> None:
    adapter = video_adapter(**options)
    factor = values(5) if "factor_width" in options else None
    tokens = values(2, count, 4, WIDTH)
    calibrated = "class" * (adapter.calibrate_class is not None) + "patches" * (adapter.calibrate_patches is not None)
    made = adapter(tokens, factor)
    assert made.shape == tokens.shape
    for video, actual in zip(tokens, made, strict=True):
        expected = slow_video(adapter, video, rows, classes=adapter.num_classes, calibrated=calibrated, factor=factor)
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("factor_width", [None, 5])
@torch.no_grad()
def test_texts_agree_with_a_second_construction(causal: bool, factor_width: int | None) -> None:
    adapter = TextAdapter(WIDTH, LOW, num_heads=2, num_tokens=7, factor_width=factor_width).double()
    randomise(adapter)
    factor = None if factor_width is None else values(5)
    tokens = values(2, 6, WIDTH)
    mask = torch.full((6, 6), torch.finfo(torch.float64).min, dtype=torch.float64).triu(1) if causal else None
    made = adapter(tokens, mask, factor)
    for text, actual in zip(tokens, made, strict=True):
        low = torch.stack([slow_down(adapter, token, factor) for token in text]) + adapter.positions[:6]
        normed = functional.layer_norm(low, (LOW,)) * adapter.norm.weight + adapter.norm.bias
        mixed = quick_gelu(adapter.block(normed[None], src_mask=mask)[0])
        expected = 0.1 * (mixed @ adapter.up.weight.T + adapter.up.bias)
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
    if causal:  # what comes later changes nothing
        torch.testing.assert_close(adapter(tokens[:, :3], mask[:3, :3], factor), made[:, :3], rtol=0, atol=1e-12)


@torch.no_grad()
def test_calibration_starts_at_one_and_is_a_product_per_channel() -> None:
    calibration = Calibration(LOW)
    assert torch.equal(calibration(torch.randn(2, 3, LOW), torch.randn(2, LOW)), torch.ones(2, 3, LOW))
    randomise(calibration.double())
    frames, summary = values(2, 3, LOW), values(2, LOW)
    weights = calibration(frames, summary)
    for video in range(2):
        for frame in range(3):
            expected = slow_weights(calibration, frames[video, frame], summary[video])
            torch.testing.assert_close(weights[video, frame], expected, rtol=0, atol=1e-12)


@torch.no_grad()
def test_what_adapters_start_from() -> None:
    torch.manual_seed(0)
    wide = 400
    video = VideoAdapter(
        wide,
        64,
        num_heads=2,
        num_frames=12,
        num_classes=1,
        calibrate_class=True,
        calibrate_patches=False,
        factor_width=32,
    )
    text = TextAdapter(wide, 64, num_heads=2, num_tokens=32, factor_width=None)
    for adapter, rows in ((video, 25), (text, 32)):
        for zero in (adapter.down.bias, adapter.up.weight, adapter.up.bias):
            assert not zero.any()
        assert adapter.positions.shape == (rows, 64)
        assert adapter.positions.std() == pytest.approx(0.01, rel=0.1)
        assert adapter.block.self_attn.in_proj_weight.std() == pytest.approx(wide**-0.5, rel=0.05)
        for layer in (adapter.block.self_attn.out_proj, adapter.block.linear1, adapter.block.linear2):
            assert layer.weight.std() == pytest.approx((2 * wide) ** -0.5, rel=0.05)
        assert not adapter(torch.randn(2, 3, 4, wide) if adapter is video else torch.randn(2, 4, wide), None).any()
    # Uniform within 1 / sqrt(in), against a normal.
    assert video.down.weight.abs().max() <= wide**-0.5
    assert video.down.weight.std() == pytest.approx((3 * wide) ** -0.5, rel=0.05)
    assert text.down.weight.std() == pytest.approx((2 * wide) ** -0.5, rel=0.05)
    assert text.down.weight.abs().max() > 2 * wide**-0.5
    assert video.summary.std() == pytest.approx(64**-0.5, rel=0.4)
    assert video.rows_of is not None
    assert video.rows_of.weight.abs().max() <= 1 / math.sqrt(32)
    assert text.rows_of is None
