"""Top-k frame pooling against a slow construction in float64."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import fusion
from framecue.methods.mean_pool import MeanPool
from framecue.methods.top_k import TopK, TopKConfig


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def make(backbone: Backbone, num_top_frames: int = 3) -> TopK:
    return TopK(TopKConfig(num_top_frames=num_top_frames), backbone)


@pytest.mark.parametrize("num_top_frames", [1, 3, 5, 9])
@pytest.mark.parametrize("limit", [24, 1 << 24])
def test_agrees_with_a_slow_construction(
    backbone: Backbone, num_top_frames: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fusion, "NUMBERS_IN_HAND", limit)
    texts, frames = 3 * random(4, 24), 2 * random(5, 6, 24, seed=1)
    actual = make(backbone, num_top_frames).similarity(texts, frames)
    assert actual.shape == (4, 5)
    for n, text in enumerate(texts):
        for b, video in enumerate(frames):
            units = [frame / frame.norm() for frame in video]
            best = sorted(units, key=lambda unit, text=text: -(text @ unit).item())[:num_top_frames]
            pooled = torch.stack(best).mean(dim=0)
            assert actual[n, b].item() == pytest.approx(cosine_similarity(text, pooled, dim=0).item(), abs=1e-12)


def test_by_hand(backbone: Backbone) -> None:
    text = torch.tensor([[1.0, 0.0]])
    video = torch.tensor([[[2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]]])
    assert make(backbone, 1).similarity(text, video).tolist() == [[1.0]]
    # The mean of (1, 0) and (0, 1) is at 45 degrees; with (-1, 0) as well only (0, 1) is left.
    torch.testing.assert_close(make(backbone, 2).similarity(text, video), torch.tensor([[0.5**0.5]]))
    torch.testing.assert_close(make(backbone, 3).similarity(text, video), torch.tensor([[0.0]]), rtol=0, atol=1e-6)


def test_all_frames_are_mean_pooling_and_order_does_not_matter(backbone: Backbone) -> None:
    texts, frames = random(4, 24), random(5, 6, 24, seed=1)
    mean_pool = MeanPool(MeanPool.Config(), backbone)
    torch.testing.assert_close(make(backbone, 6).similarity(texts, frames), mean_pool.similarity(texts, frames))
    method = make(backbone)
    shuffled = frames[:, torch.tensor([3, 0, 5, 1, 4, 2])]
    torch.testing.assert_close(method.similarity(texts, shuffled), method.similarity(texts, frames))


def test_gradient_flows_through_the_chosen_frames_alone(backbone: Backbone) -> None:
    text, video = random(1, 24), random(1, 6, 24, seed=1).requires_grad_()
    similarity = make(backbone, 2).similarity
    similarity(text, video).sum().backward()
    assert video.grad is not None
    best = (normalize(video.detach()[0], dim=-1) @ text[0]).topk(2).indices
    moved = video.grad[0].norm(dim=-1) > 0
    assert moved.nonzero().flatten().tolist() == sorted(best.tolist())
    assert torch.autograd.gradcheck(lambda frames: similarity(text, frames), (video,))


def test_half_precision_features_are_compared_in_full(backbone: Backbone) -> None:
    texts, frames = random(4, 24).bfloat16(), random(5, 6, 24, seed=1).bfloat16()
    actual = make(backbone).similarity(texts, frames)
    assert actual.dtype == torch.float32
    torch.testing.assert_close(actual, make(backbone).similarity(texts.float(), frames.float()))


def test_what_it_is(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone()
    method = make(backbone)
    assert not method.offline
    assert list(method.parameters()) == []
    backbone.requires_grad_(False)
    method.freeze(backbone)
    assert all(parameter.requires_grad for parameter in backbone.parameters())
    with pytest.raises(InputError, match=r"^num_top_frames must be at least 1, got 0$"):
        TopKConfig(num_top_frames=0)
