"""The contrastive losses of frames and of their order, against slow constructions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from framecue.methods.contrastive import contrastive_loss
from framecue.methods.frame_contrast import frame_text_loss, order_loss

SCALE = torch.tensor(1.2, dtype=torch.float64)


def unit(*shape: int, seed: int = 0) -> Tensor:
    values = torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return normalize(values, dim=-1)


def slow_frame_text_loss(texts: Tensor, videos: list[Tensor], positives: list[list[int]]) -> float:
    """`videos` have only real frames; `positives` are, for each caption, the captions that are the same."""
    scale, of_frames, of_texts = math.exp(SCALE.item()), [], []
    for b, frames in enumerate(videos):
        for frame in frames:
            scores = [math.exp(scale * (frame @ text).item()) for text in texts]
            own = [-math.log(scores[n] / sum(scores)) for n in positives[b]]
            of_frames.append(sum(own) / len(own))
    for b, text in enumerate(texts):
        scores = [[math.exp(scale * (frame @ text).item()) for frame in frames] for frames in videos]
        own = sum(sum(scores[n]) for n in positives[b])
        of_texts.append(-math.log(own / sum(map(sum, scores))))
    return (sum(of_frames) / len(of_frames) + sum(of_texts) / len(of_texts)) / 2


def test_frames_and_texts_agree_with_a_slow_construction() -> None:
    texts, frames = unit(4, 6), unit(4, 3, 6, seed=1)
    expected = slow_frame_text_loss(texts, list(frames), [[b] for b in range(4)])
    assert frame_text_loss(texts, frames, SCALE).item() == pytest.approx(expected, abs=1e-12)


def test_identical_captions_are_no_negatives_and_absent_frames_do_not_count() -> None:
    texts, frames = unit(4, 6), unit(4, 3, 6, seed=1)
    texts[2] = texts[0]
    same = torch.eye(4, dtype=torch.bool)
    same[0, 2] = same[2, 0] = True
    frames[1, 1:] = frames[3, 2:] = 0
    real = [video[video.any(dim=-1)] for video in frames]
    expected = slow_frame_text_loss(texts, real, [[0, 2], [1], [0, 2], [3]])
    assert frame_text_loss(texts, frames, SCALE, same=same).item() == pytest.approx(expected, abs=1e-12)


def test_of_one_frame_it_is_the_contrastive_loss_of_videos() -> None:
    texts, frames = unit(5, 6), unit(5, 1, 6, seed=1)
    expected = contrastive_loss(texts @ frames[:, 0].T, SCALE)
    torch.testing.assert_close(frame_text_loss(texts, frames, SCALE), expected)


def test_the_order_loss_agrees_with_a_slow_construction() -> None:
    texts, videos, others = unit(4, 6), unit(4, 6, seed=1), unit(4, 6, seed=2)
    scale, terms = math.exp(SCALE.item()), []
    for text, video, other in zip(texts, videos, others, strict=True):
        own, wrong = (math.exp(scale * (text @ each).item()) for each in (video, other))
        terms.append(-math.log(own / (own + wrong)))
    assert order_loss(texts, videos, others, SCALE).item() == pytest.approx(sum(terms) / 4, abs=1e-12)
    # Where order is not seen there is nothing to tell: a coin's entropy.
    assert order_loss(texts, videos, videos, SCALE).item() == pytest.approx(math.log(2), abs=1e-12)


def test_gradients() -> None:
    texts, videos, others = (unit(3, 4, seed=seed).requires_grad_() for seed in range(3))
    scale = SCALE.clone().requires_grad_()
    assert torch.autograd.gradcheck(order_loss, (texts, videos, others, scale))
    absent = torch.zeros(3, 1, 4, dtype=torch.float64)

    def of_two_frames_and_an_absent_one(texts: Tensor, frames: Tensor, scale: Tensor) -> Tensor:
        return frame_text_loss(texts, torch.cat([frames, absent], dim=1), scale)

    frames = unit(3, 2, 4, seed=3).requires_grad_()
    assert torch.autograd.gradcheck(of_two_frames_and_an_absent_one, (texts, frames, scale))
