"""X-Pool: a second construction, what it starts from, dropout, blocks and precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, layer_norm

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import fusion
from framecue.methods.x_pool import XPool, XPoolConfig


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make(backbone: Backbone, *, seed: int | None = 0, **options: Any) -> XPool:
    """X-Pool with everything random, as after training; as at the start where the seed is None."""
    method = XPool(XPoolConfig(**options), backbone).to(backbone.logit_scale.dtype).eval()
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for name, parameter in method.named_parameters():
                noise = torch.randn(parameter.shape, generator=generator)
                parameter.copy_(1 + 0.3 * noise if "norm" in name and name.endswith("weight") else 0.3 * noise)
    return method


def slow(method: XPool, text: Tensor, video: Tensor) -> Tensor:
    """One text (E,), one video (F, E), from the paper's equations and the released code's order of norms."""
    own = {name.removeprefix("pool_frames."): value for name, value in method.named_parameters()}

    def linear(name: str, x: Tensor) -> Tensor:
        return own[f"{name}.weight"] @ x + own[f"{name}.bias"]

    def norm(number: int, x: Tensor) -> Tensor:
        return layer_norm(x, x.shape, own[f"layer_norm{number}.weight"], own[f"layer_norm{number}.bias"])

    query = linear("cross_attn.q_proj", norm(1, text))
    keys = [linear("cross_attn.k_proj", norm(1, frame)) for frame in video]
    values = [linear("cross_attn.v_proj", norm(1, frame)) for frame in video]
    size, parts = len(text) // method.config.num_heads, []
    for head in range(method.config.num_heads):
        part = slice(head * size, (head + 1) * size)
        weights = [math.exp((query[part] @ key[part]).item() / math.sqrt(size)) for key in keys]
        parts.append(sum(w / sum(weights) * value[part] for w, value in zip(weights, values, strict=True)))
    attended = norm(2, linear("cross_attn.out_proj", torch.cat(parts)))
    return cosine_similarity(text, norm(3, attended + linear("linear_proj", attended)), dim=0)


@pytest.mark.parametrize("num_heads", [1, 3])
@pytest.mark.parametrize("limit", [500, 1 << 24])
@torch.no_grad()
def test_agrees_with_a_slow_construction(
    make_backbone: Callable[..., Backbone], num_heads: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", limit)
    method = make(make_backbone(dtype=torch.float64), num_heads=num_heads)
    texts, frames = 3 * random(4, 24), 2 * random(5, 6, 24, seed=1)
    actual = method.similarity(texts, frames)
    assert actual.shape == (4, 5)
    for n, text in enumerate(texts):
        for b, video in enumerate(frames):
            assert actual[n, b].item() == pytest.approx(slow(method, text, video).item(), abs=1e-10)


def test_parameters_have_the_released_names_and_start_as_the_identity(backbone: Backbone) -> None:
    method = make(backbone, seed=None)
    maps = [f"cross_attn.{name}_proj" for name in ("q", "k", "v", "out")] + ["linear_proj"]
    expected = {f"pool_frames.{name}.{kind}" for name in maps for kind in ("weight", "bias")}
    expected |= {f"pool_frames.layer_norm{n}.{kind}" for n in (1, 2, 3) for kind in ("weight", "bias")}
    own = dict(method.named_parameters())
    assert own.keys() == expected
    assert dict(method.new_parameters()).keys() == expected
    for name in maps:
        assert torch.equal(own[f"pool_frames.{name}.weight"], torch.eye(24))
        assert not own[f"pool_frames.{name}.bias"].any()
    assert sum(parameter.numel() for parameter in own.values()) == 5 * (24 * 24 + 24) + 3 * 2 * 24
    assert not method.offline


@torch.no_grad()
def test_order_of_frames_does_not_matter_and_each_pair_is_its_own(backbone: Backbone) -> None:
    method = make(backbone)
    texts, frames = random(4, 24).float(), random(5, 6, 24, seed=1).float()
    together = method.similarity(texts, frames)
    torch.testing.assert_close(method.similarity(texts, frames.flip(1)), together, rtol=0, atol=1e-5)
    torch.testing.assert_close(method.similarity(texts[2:3], frames[1:4]), together[2:3, 1:4], rtol=0, atol=1e-5)
    # The text decides what is looked at: the pooled video is another for another text.
    assert (together[0] - together[1]).abs().max() > 0.05


def test_gradient_reaches_every_parameter(backbone: Backbone) -> None:
    method = make(backbone, seed=None)
    texts, frames = random(4, 24).float().requires_grad_(), random(4, 6, 24, seed=1).float().requires_grad_()
    similarities = method.similarity(texts, frames)
    (similarities.diagonal().sum() - similarities.mean()).backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        if not name.endswith("k_proj.bias"):  # a shift of all keys, which the softmax ignores
            assert parameter.grad.abs().max() > 1e-6, name
    assert texts.grad is not None
    assert frames.grad is not None


def test_gradients_agree_with_finite_differences(make_backbone: Callable[..., Backbone]) -> None:
    method = make(make_backbone(dtype=torch.float64))
    texts, frames = random(2, 24).requires_grad_(), random(2, 3, 24, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(method.similarity, (texts, frames))


def test_dropout_is_for_training(backbone: Backbone) -> None:
    method = make(backbone, dropout=0.5)
    texts, frames = random(4, 24).float(), random(5, 6, 24, seed=1).float()
    with torch.no_grad():
        still = method.similarity(texts, frames)
        assert torch.equal(method.similarity(texts, frames), still)
        method.train()
        assert (method.similarity(texts, frames) - still).abs().max() > 1e-2
        assert torch.equal(make(backbone, dropout=0.0).train().similarity(texts, frames), still)


@torch.no_grad()
def test_a_model_in_half_precision_compares_in_full(make_backbone: Callable[..., Backbone]) -> None:
    half, full = make(make_backbone(dtype=torch.bfloat16)), make(make_backbone())
    assert {parameter.dtype for parameter in half.parameters()} == {torch.bfloat16}
    for name, parameter in full.named_parameters():
        parameter.copy_(half.get_parameter(name))
    texts, frames = random(4, 24).bfloat16(), random(5, 6, 24, seed=1).bfloat16()
    actual = half.similarity(texts, frames)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual, full.similarity(texts.float(), frames.float()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_heads": 0}, "num_heads must be at least 1, got 0"),
        ({"num_heads": 5}, r"num_heads must divide the embedding's width \(24\), got 5"),
        ({"dropout": 1.0}, "dropout must be at least 0 and less than 1, got 1.0"),
        ({"dropout": -0.1}, "dropout must be at least 0 and less than 1, got -0.1"),
    ],
)
def test_options_out_of_range_are_refused(backbone: Backbone, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        make(backbone, **options)
