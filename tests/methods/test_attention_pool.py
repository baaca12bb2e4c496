"""Attention pooling against a slow construction in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import fusion
from framecue.methods.attention_pool import AttentionPool, AttentionPoolConfig
from framecue.methods.mean_pool import MeanPool


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make(backbone: Backbone, **options: Any) -> AttentionPool:
    return AttentionPool(AttentionPoolConfig(**options), backbone)


@pytest.mark.parametrize("temperature", [0.01, 0.2, 1])
@pytest.mark.parametrize("limit", [24, 1 << 24])
def test_agrees_with_a_slow_construction(
    backbone: Backbone, temperature: float, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", limit)
    texts, frames = 3 * random(4, 24), 2 * random(5, 6, 24, seed=1)
    actual = make(backbone, temperature=temperature).similarity(texts, frames)
    assert actual.shape == (4, 5)
    for n, text in enumerate(texts):
        for b, video in enumerate(frames):
            units = [frame / frame.norm() for frame in video]
            weights = [math.exp((text / text.norm() @ unit).item() / temperature) for unit in units]
            pooled = sum(weight / sum(weights) * unit for weight, unit in zip(weights, units, strict=True))
            assert actual[n, b].item() == pytest.approx(cosine_similarity(text, pooled, dim=0).item(), abs=1e-12)


def test_temperature_goes_from_the_best_frame_to_mean_pooling(backbone: Backbone) -> None:
    texts, frames = random(4, 24), random(5, 6, 24, seed=1)
    best = cosine_similarity(texts[:, None, None], frames[None], dim=-1).amax(dim=-1)
    torch.testing.assert_close(make(backbone, temperature=1e-5).similarity(texts, frames), best)
    mean = MeanPool(MeanPool.Config(), backbone).similarity(texts, frames)
    torch.testing.assert_close(make(backbone, temperature=1e5).similarity(texts, frames), mean, rtol=0, atol=1e-5)


def test_order_of_frames_does_not_matter(backbone: Backbone) -> None:
    texts, frames, method = random(4, 24), random(5, 6, 24, seed=1), make(backbone)
    torch.testing.assert_close(method.similarity(texts, frames.flip(1)), method.similarity(texts, frames))


def test_gradients_reach_both_sides(backbone: Backbone) -> None:
    texts, frames = random(2, 24).requires_grad_(), random(2, 3, 24, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(make(backbone, temperature=0.5).similarity, (texts, frames))


def test_half_precision_features_are_compared_in_full(backbone: Backbone) -> None:
    texts, frames = random(4, 24).bfloat16(), random(5, 6, 24, seed=1).bfloat16()
    actual = make(backbone).similarity(texts, frames)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual, make(backbone).similarity(texts.float(), frames.float()))


def test_what_it_is(backbone: Backbone) -> None:
    method = make(backbone)
    assert not method.offline
    assert method.config.temperature == 0.01
    assert list(method.parameters()) == []
    for wrong in (0, -1.0, math.inf, math.nan):
        with pytest.raises(InputError, match=rf"^temperature must be (greater than 0|a finite number), got {wrong}$"):
            AttentionPoolConfig(temperature=wrong)
