"""TeachCLIP: each term of its loss against a slow construction, the weigher, the rates, and teachers that do not do."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from framecue.backbone import Backbone
from framecue.errors import InputError, RecipeError
from framecue.methods.base import TeacherFeatures, TrainingFeatures
from framecue.methods.contrastive import contrastive_loss
from framecue.methods.teachclip import TeachClip, TeachClipConfig, correlation_loss, frame_loss, frame_targets

FRAMES = 4


def make(backbone: Backbone, **options: Any) -> TeachClip:
    """TeachCLIP with a weigher as after training: with the released start all frames weigh nearly the same."""
    torch.manual_seed(0)
    config = TeachClipConfig(**{"num_frames": FRAMES, "num_test_frames": FRAMES, **options})
    method = TeachClip(config, backbone).to(backbone.logit_scale.dtype).eval()
    with torch.no_grad():
        for seed, parameter in enumerate(method.weigher.parameters()):
            parameter.copy_(0.3 * random(*parameter.shape, seed=seed))
    return method


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def teacher(batch: int = 5, *, seed: int, words: int = 0, extra: int = 0) -> TeacherFeatures:
    """A teacher of its own width; with words its text has more features than one, with extra its video more."""
    texts = random(batch, 1 + words, 7, seed=seed)
    return TeacherFeatures(
        text_features=texts if words else texts[:, 0],
        frame_features=random(batch, extra + FRAMES, 7, seed=seed + 1),
        similarities=random(batch, batch, seed=seed + 2).tanh(),
        logit_scale=torch.tensor(1.3, dtype=torch.float64),
    )


def softmax(values: list[float]) -> list[float]:
    exponentials = [math.exp(value - max(values)) for value in values]
    return [each / sum(exponentials) for each in exponentials]


def pearson(left: list[float], right: list[float]) -> float:
    means = [sum(values) / len(values) for values in (left, right)]
    a, b = ([value - mean for value in values] for values, mean in zip((left, right), means, strict=True))
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return product / math.sqrt(sum(x * x for x in a)) / math.sqrt(sum(y * y for y in b))


def slow_correlation_loss(student: Tensor, other: Tensor) -> float:
    total = 0.0
    for left, right in ((student, other), (student.T, other.T)):
        rows = zip(left.tolist(), right.tolist(), strict=True)
        distances = [1 - pearson(softmax(one), softmax(two)) for one, two in rows]
        total += sum(distances) / len(distances)
    return total


def slow_frame_targets(given: TeacherFeatures) -> list[list[float]]:
    texts = given.text_features if given.text_features.ndim == 2 else given.text_features[:, 0]
    rows = []
    for text, frames in zip(texts, given.frame_features[:, -FRAMES:], strict=True):
        rows.append(softmax([(text @ frame / text.norm() / frame.norm()).item() for frame in frames]))
    return rows


def scores_of(method: TeachClip, related: Tensor) -> list[float]:
    hidden, score = method.weigher.hidden, method.weigher.score
    return [(score.weight[0] @ (hidden.weight @ f + hidden.bias).clamp_min(0) + score.bias[0]).item() for f in related]


@torch.no_grad()
def test_a_video_is_the_weighted_sum_of_its_frames_directions(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method, videos = make(backbone), random(3, FRAMES, 24)
    for video, pooled in zip(method.relate(videos), method.pool(videos), strict=True):
        weights = softmax([score / 0.1 for score in scores_of(method, video)])
        assert max(weights) - min(weights) > 0.1
        total = sum(weight * frame / frame.norm() for weight, frame in zip(weights, video, strict=True))
        torch.testing.assert_close(pooled, total / total.norm(), rtol=0, atol=1e-12)


def test_the_correlation_loss_agrees_with_a_slow_construction() -> None:
    student, other = 3 * random(6, 6), 3 * random(6, 6, seed=1)
    assert correlation_loss(student, other).item() == pytest.approx(slow_correlation_loss(student, other), abs=1e-12)
    assert correlation_loss(student, student).item() == pytest.approx(0, abs=1e-12)
    # A shift of all logits of both is nothing to learn, and a transpose exchanges the two halves.
    assert correlation_loss(student + 5, other).item() == pytest.approx(correlation_loss(student, other).item())
    assert correlation_loss(student.T, other.T).item() == pytest.approx(correlation_loss(student, other).item())


@pytest.mark.parametrize(("words", "extra"), [(0, 0), (3, 1)])
def test_the_frame_targets_agree_with_a_slow_construction(words: int, extra: int) -> None:
    given = teacher(seed=3, words=words, extra=extra)
    targets = frame_targets(given, FRAMES)
    assert targets.shape == (5, FRAMES)
    torch.testing.assert_close(targets, torch.tensor(slow_frame_targets(given), dtype=torch.float64))


def test_the_frame_loss_agrees_with_a_slow_construction() -> None:
    scores, targets = random(5, FRAMES), random(5, FRAMES, seed=1).softmax(dim=1)
    terms = [
        -target * math.log(weight)
        for row, wanted in zip(scores.tolist(), targets.tolist(), strict=True)
        for weight, target in zip(softmax(row), wanted, strict=True)
    ]
    assert frame_loss(scores, targets).item() == pytest.approx(sum(terms) / len(terms), abs=1e-12)


@torch.no_grad()
@pytest.mark.parametrize("count", [1, 2])
def test_the_loss_is_the_weighted_sum_of_its_terms(make_backbone: Callable[..., Backbone], count: int) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method = make(backbone)
    texts, videos = random(5, 24, seed=8), random(5, FRAMES, 24, seed=9)
    teachers = (teacher(seed=20, words=2, extra=1), teacher(seed=30))[:count]
    same = torch.eye(5, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    similarities = normalize(texts, dim=1) @ method.pool(videos).T
    expected = 0.2 * contrastive_loss(similarities, backbone.logit_scale, same=same).item()
    related = method.relate(videos)
    for each in teachers:
        student = backbone.logit_scale.exp() * similarities
        distilled = slow_correlation_loss(student, each.logit_scale.exp() * each.similarities)
        terms = [
            -target * math.log(weight)  # without the temperature of pooling, as released
            for frames, wanted in zip(related, slow_frame_targets(each), strict=True)
            for weight, target in zip(softmax(scores_of(method, frames)), wanted, strict=True)
        ]
        expected += (distilled + 2.0 * sum(terms) / len(terms)) / count
    loss = method.loss(backbone, TrainingFeatures(texts, videos, same=same, teachers=teachers))
    assert loss.item() == pytest.approx(expected, abs=1e-10)


@torch.no_grad()
def test_each_weight_multiplies_its_own_term(backbone: Backbone) -> None:
    features = TrainingFeatures(
        random(5, 24).float(), random(5, FRAMES, 24, seed=1).float(), teachers=(teacher(seed=20),)
    )

    def loss(*weights: float) -> float:
        names = ("contrastive_weight", "similarity_weight", "frame_weight")
        return make(backbone, **dict(zip(names, weights, strict=True))).loss(backbone, features).item()

    parts = [loss(1, 0, 0), loss(0, 1, 0), loss(0, 0, 1)]
    assert min(parts) > 0.01
    assert loss(2, 3, 5) == pytest.approx(2 * parts[0] + 3 * parts[1] + 5 * parts[2], rel=1e-5)


@torch.no_grad()
def test_absent_frames_have_no_weight_and_are_not_learnt_from(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method, texts, videos, given = make(backbone), random(2, 24), random(2, FRAMES, 24), teacher(2, seed=4)
    method.temporal.position_embedding.zero_()  # a video of two frames takes others than the first two of four
    short, shorter = videos.clone(), given.frame_features.clone()
    short[:, 2:] = shorter[:, 2:] = 0
    torch.testing.assert_close(method.pool(short), method.pool(short[:, :2]))
    targets = frame_targets(TeacherFeatures(given.text_features, shorter, given.similarities, given.logit_scale), 4)
    assert not targets[:, 2:].any()
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(2, dtype=torch.float64))

    def loss(frames: Tensor, of_teacher: Tensor) -> float:
        taught = TeacherFeatures(given.text_features, of_teacher, given.similarities, given.logit_scale)
        return method.loss(backbone, TrainingFeatures(texts, frames, teachers=(taught,))).item()

    assert loss(short, shorter) == pytest.approx(loss(short[:, :2], shorter[:, :2]), abs=1e-12)


def test_gradients_agree_with_finite_differences_and_reach_everything(make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone(dtype=torch.float64)
    method = make(backbone)
    texts, videos = random(3, 24, seed=8).requires_grad_(), random(3, FRAMES, 24, seed=9).requires_grad_()

    def loss(texts: Tensor, videos: Tensor) -> Tensor:
        return method.loss(backbone, TrainingFeatures(texts, videos, teachers=(teacher(3, seed=20),)))

    assert torch.autograd.gradcheck(loss, (texts, videos))
    loss(texts, videos).backward()
    for name, parameter in method.named_parameters():
        assert parameter.grad is not None, name
        # A bias on all keys or on all scores moves them alike, and softmax takes it away.
        if not name.endswith(("k_proj.bias", "weigher.score.bias")):
            assert parameter.grad.abs().max() > 0, name
    assert backbone.logit_scale.grad is not None


def test_a_batch_of_one_has_a_finite_loss_and_gradient(backbone: Backbone) -> None:
    method = make(backbone)
    texts = random(1, 24).float().requires_grad_()
    loss = method.loss(
        backbone, TrainingFeatures(texts, random(1, FRAMES, 24).float(), teachers=(teacher(1, seed=2),))
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(texts.grad).all()


def test_without_teachers_it_is_not_trained_but_evaluated(backbone: Backbone) -> None:
    method = make(backbone)
    features = TrainingFeatures(random(2, 24).float(), random(2, FRAMES, 24).float())
    with pytest.raises(RecipeError, match=r"^method teachclip learns from teachers, and there are none; .*teachers: \["):
        method.loss(backbone, features)
    assert TeachClip.offline
    assert method.similarity(features.text_features, features.frame_features).shape == (2, 2)


def test_a_teacher_that_does_not_keep_frames_apart_is_refused_where_they_are_learnt(backbone: Backbone) -> None:
    given = teacher(seed=2)
    single = TeacherFeatures(given.text_features, given.frame_features[:, :1], given.similarities, given.logit_scale)
    features = TrainingFeatures(random(5, 24).float(), random(5, FRAMES, 24).float(), teachers=(single,))
    with pytest.raises(RecipeError, match=r"this one has 1 features for 4 frames; take another .* or say frame_weight"):
        make(backbone).loss(backbone, features)
    assert torch.isfinite(make(backbone, frame_weight=0).loss(backbone, features))


def test_the_weigher_trains_at_ten_times_the_rate_of_new_parameters(backbone: Backbone) -> None:
    method = make(backbone)
    groups = method.parameter_groups(backbone)
    assert [(group.rate, group.factor) for group in groups] == [("backbone", 1.0), ("new", 1.0), ("new", 10.0)]
    names = [[name for name, _ in group.parameters] for group in groups]
    assert all(name.startswith("backbone.") for name in names[0])
    assert all(name.startswith("method.temporal.") for name in names[1])
    assert names[2] == [f"method.weigher.{layer}.{kind}" for layer in ("hidden", "score") for kind in ("weight", "bias")]
    held = {id(p) for group in groups for _, p in group.parameters}
    assert held == {id(p) for module in (backbone, method) for p in module.parameters()}


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    with torch.device("meta"):
        method = TeachClip(TeachClipConfig(), vit_b_32)
    assert sum(p.numel() for p in method.weigher.parameters()) == 512 * 512 + 512 + 512 + 1 == 263_169
    assert sum(p.numel() for p in method.parameters()) == 12_615_680 + 263_169 == 12_878_849


def test_save_and_load(saved_and_loaded: Callable[..., set[str]]) -> None:
    saved = saved_and_loaded("teachclip", TeachClip, num_frames=3)
    assert {name.split(".")[1] for name in saved if name.startswith("method.")} == {"temporal", "weigher"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool_temperature": 0}, "pool_temperature must be greater than 0, got 0"),
        ({"frame_weight": -1}, "frame_weight must be at least 0, got -1"),
        ({"weigher_rate": 0}, "weigher_rate must be greater than 0, got 0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        TeachClipConfig(**options)
