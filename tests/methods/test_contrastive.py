from __future__ import annotations

import math

import pytest
import torch
from torch.nn import functional

from framecue.methods.contrastive import contrastive_loss


def embeddings(num: int, width: int = 5, *, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    text, video = (functional.normalize(torch.randn(num, width, generator=generator), dim=1) for _ in range(2))
    return text, video


def test_hand_worked_value() -> None:
    text = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    video = torch.tensor([[1.0, 0.0], [0.6, 0.8]])
    # similarities [[1, .6], [0, .8]] at inverse temperature 2: logits [[2, 1.2], [0, 1.6]]
    rows = [math.log(math.exp(2.0) + math.exp(1.2)) - 2.0, math.log(1.0 + math.exp(1.6)) - 1.6]
    columns = [math.log(math.exp(2.0) + 1.0) - 2.0, math.log(math.exp(1.2) + math.exp(1.6)) - 1.6]
    expected = (sum(rows) / 2 + sum(columns) / 2) / 2
    loss = contrastive_loss(text @ video.T, torch.tensor(math.log(2.0)))
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_hand_worked_value_of_identical_captions() -> None:
    """Two texts alike, two videos alike: the best that can be reached is an even guess between the two."""
    text = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    loss = contrastive_loss(text @ text.T, torch.tensor(3.0), same=torch.ones(2, 2, dtype=torch.bool))
    assert loss.item() == pytest.approx(math.log(2), abs=1e-6)


def test_without_duplicates_it_is_clips_own_loss() -> None:
    text, video = embeddings(7)
    scale = torch.tensor(2.0)
    logits = scale.exp() * text @ video.T
    labels = torch.arange(7)
    expected = (functional.cross_entropy(logits, labels) + functional.cross_entropy(logits.T, labels)) / 2
    torch.testing.assert_close(contrastive_loss(text @ video.T, scale), expected)
    torch.testing.assert_close(contrastive_loss(text @ video.T, scale, same=torch.eye(7, dtype=torch.bool)), expected)


def test_identical_captions_share_the_target_and_are_no_negatives() -> None:
    text, video = embeddings(4, seed=1)
    text[1] = text[0]
    same = torch.eye(4, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    log_p = {dim: (math.e * text @ video.T).log_softmax(dim) for dim in (0, 1)}
    picked = [(0, 0, 0.5), (0, 1, 0.5), (1, 0, 0.5), (1, 1, 0.5), (2, 2, 1.0), (3, 3, 1.0)]
    expected = -sum(weight * log_p[dim][i, j] for i, j, weight in picked for dim in (0, 1)) / 4 / 2
    torch.testing.assert_close(contrastive_loss(text @ video.T, torch.tensor(1.0), same=same), expected)
    # Exchanging the two videos that both captions describe changes nothing.
    exchanged = contrastive_loss(text @ video[[1, 0, 2, 3]].T, torch.tensor(1.0), same=same)
    torch.testing.assert_close(exchanged, expected)


@pytest.mark.parametrize("duplicates", [False, True])
def test_it_is_symmetric(duplicates: bool) -> None:
    text, video = embeddings(5, seed=2)
    same = torch.eye(5, dtype=torch.bool)
    if duplicates:
        same[:3, :3] = True
    scale = torch.tensor(1.5)
    forth, back = contrastive_loss(text @ video.T, scale, same=same), contrastive_loss(video @ text.T, scale, same=same)
    torch.testing.assert_close(forth, back)


def test_gradients() -> None:
    text, video = (each.to(torch.float64).requires_grad_() for each in embeddings(4, 3, seed=3))
    same = torch.eye(4, dtype=torch.bool)
    same[0, 3] = same[3, 0] = True
    scale = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    assert contrastive_loss(text @ video.T, scale, same=same).dtype == torch.float64
    assert torch.autograd.gradcheck(lambda t, v, s: contrastive_loss(t @ v.T, s, same=same), (text, video, scale))


def test_arguments_stay_as_they_are() -> None:
    text, video = embeddings(4)
    arguments = [text @ video.T, torch.tensor(1.0)]
    same = torch.eye(4, dtype=torch.bool)
    copies = [each.clone() for each in (*arguments, same)]
    contrastive_loss(*arguments, same=same)
    for argument, copy in zip((*arguments, same), copies, strict=True):
        assert torch.equal(argument, copy)


def test_bfloat16_embeddings_give_a_float32_loss() -> None:
    text, video = embeddings(6)
    scale = torch.tensor(2.0)
    low = contrastive_loss(text.bfloat16() @ video.bfloat16().T, scale)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, contrastive_loss((text.bfloat16() @ video.bfloat16().T).float(), scale))


def test_one_pair_alone_has_nothing_to_learn() -> None:
    text, video = embeddings(1)
    text.requires_grad_()
    loss = contrastive_loss(text @ video.T, torch.tensor(2.0))
    loss.backward()
    assert loss.item() == 0.0
    assert text.grad is not None
    assert torch.equal(text.grad, torch.zeros_like(text))


def test_identical_texts_cost_the_same_as_positives_and_as_negatives() -> None:
    """As their rows of similarities are equal: so the field's diagonal targets have the same loss and gradients."""
    generator = torch.Generator().manual_seed(0)
    texts = torch.randn(6, 8, generator=generator, dtype=torch.float64)[[0, 1, 1, 2, 3, 1]].requires_grad_()
    videos = torch.randn(6, 8, generator=generator, dtype=torch.float64).requires_grad_()
    same = torch.zeros(6, 6, dtype=torch.bool)
    same[[[1], [2], [5]], [1, 2, 5]] = True
    same.fill_diagonal_(True)
    scale = torch.tensor(2.0, dtype=torch.float64)
    losses = [contrastive_loss(texts @ videos.T, scale, same=marked) for marked in (same, None)]
    torch.testing.assert_close(losses[0], losses[1])
    gradients = [torch.autograd.grad(loss, (texts, videos)) for loss in losses]
    torch.testing.assert_close(gradients[0][1], gradients[1][1])
    # A text's own gradient is split otherwise between its copies; a tower, which makes them all, gets their sum.
    sums = [text[[1, 2, 5]].sum(dim=0) for text, _ in gradients]
    torch.testing.assert_close(*sums)
