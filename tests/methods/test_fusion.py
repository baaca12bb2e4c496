"""What the fusions share: blocks of pairs, and cosines without a tensor of pairs, frames and widths."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from framecue.methods import fusion
from framecue.methods.fusion import blockwise, directions, frame_cosines, weighted_cosine


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("limit", [1, 7, 40, 100, 10_000])
def test_blocks_are_bounded_and_put_together_in_order(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", limit)
    texts, frames, sizes = random(9, 4), random(13, 3, 4, seed=1), []

    def pairs(some_texts: Tensor, some_frames: Tensor) -> Tensor:
        sizes.append(len(some_texts) * len(some_frames))
        return some_texts @ some_frames.sum(dim=1).T

    together = blockwise(pairs, texts, frames, numbers_per_pair=3)
    torch.testing.assert_close(together, texts @ frames.sum(dim=1).T, rtol=0, atol=1e-12)
    assert sum(sizes) == 9 * 13
    assert max(sizes) * 3 <= max(limit, 3)  # one pair at least


def test_a_text_alone_still_fills_its_block(monkeypatch: pytest.MonkeyPatch) -> None:
    # As reranking asks: one text, many videos.
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", 100)
    asked = []

    def pairs(texts: Tensor, frames: Tensor) -> Tensor:
        asked.append((len(texts), len(frames)))
        return texts @ frames[:, 0].T

    assert blockwise(pairs, random(1, 4), random(60, 2, 4), numbers_per_pair=2).shape == (1, 60)
    assert asked == [(1, 50), (1, 10)]


def test_directions_are_in_full_precision() -> None:
    assert directions(random(2, 3).bfloat16()).dtype == torch.float32
    assert directions(random(2, 3)).dtype == torch.float64
    torch.testing.assert_close(directions(torch.tensor([[3.0, 4.0], [0.0, 0.0]])), torch.tensor([[0.6, 0.8], [0, 0]]))


def test_weighted_cosine_is_the_cosine_of_the_weighted_sum() -> None:
    texts, frames = directions(random(3, 5)), directions(random(4, 6, 5, seed=1))
    weights = random(3, 4, 6, seed=2).abs()
    cosines = frame_cosines(texts, frames)
    actual = weighted_cosine(weights, cosines, frames)
    for n in range(3):
        for b in range(4):
            assert cosines[n, b].tolist() == pytest.approx([(texts[n] @ frame).item() for frame in frames[b]])
            pooled = sum(weights[n, b, f] * frames[b, f] for f in range(6))
            assert actual[n, b].item() == pytest.approx((texts[n] @ pooled / pooled.norm()).item(), abs=1e-12)
    torch.testing.assert_close(weighted_cosine(7 * weights, cosines, frames), actual)


def test_frames_that_cancel_have_a_finite_cosine_and_gradient() -> None:
    frames = torch.tensor([[[1.0, 0.0], [-1.0, 0.0]]], requires_grad=True)
    texts = torch.tensor([[0.6, 0.8]])
    cosine = weighted_cosine(torch.ones(1, 1, 2), frame_cosines(texts, frames), frames)
    assert cosine.item() == 0
    cosine.backward()
    assert frames.grad is not None
    assert torch.isfinite(frames.grad).all()
