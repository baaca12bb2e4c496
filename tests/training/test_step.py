"""The loss of a step in one process; two are in tests/suites/processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods import METHODS
from framecue.methods.base import TrainingFeatures
from framecue.methods.contrastive import contrastive_loss
from framecue.model import VideoTextModel
from framecue.training import step as step_module
from framecue.training.batches import collate
from framecue.training.step import TrainingStep
from support.together import Things, make_model

OPTIONS: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": 2, "captioner_layers": 1}}


@pytest.fixture
def batch() -> dict[str, Any]:
    """Five videos; the first and the last have the same caption."""
    examples = Things(range(5)).__getitems__(range(5))
    examples[4] = type(examples[4])(examples[4].frames, examples[0].caption, examples[4].video_id)
    return collate(examples)


def make(clip: Path, name: str) -> VideoTextModel:
    model = make_model(clip, name, OPTIONS.get(name, {}))
    model.method.freeze(model.backbone)
    return model.train()


def gradients(
    model: VideoTextModel, batch: dict[str, Any], teachers: Sequence[VideoTextModel] = (), **options: Any
) -> tuple[float, dict[str, Tensor]]:
    model.zero_grad(set_to_none=True)
    torch.manual_seed(3)
    loss = TrainingStep(model, teachers=teachers, **options)(**batch)
    loss.backward()
    return loss.item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def assert_close(got: tuple[float, dict[str, Tensor]], expected: tuple[float, dict[str, Tensor]]) -> None:
    assert got[0] == pytest.approx(expected[0], rel=1e-12)
    assert got[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        torch.testing.assert_close(got[1][name], gradient, rtol=1e-8, atol=1e-12, msg=name)


@pytest.mark.parametrize("name", ["mean-pool", "prompt-switch", "x-clip"])
def test_it_is_the_methods_loss_and_its_auxiliary_one(name: str, tiny_clip: Path, batch: dict[str, Any]) -> None:
    model = make(tiny_clip, name)
    ids, mask = model.tokenize(batch["captions"])
    pixels = model.backbone.preprocess.normalise(batch["frames"])
    frames, texts = model.frame_features(pixels), model.text_features(ids, mask)
    expected = model.method.loss(model.backbone, TrainingFeatures(texts, frames))
    auxiliary = model.method.auxiliary_loss(model.backbone, frames, ids)
    added = torch.tensor(0.0) if auxiliary is None else auxiliary.mean
    assert (auxiliary is not None) == (name == "prompt-switch")
    torch.testing.assert_close(TrainingStep(model)(**batch), expected + added)


@pytest.mark.parametrize("name", METHODS)
def test_micro_batches_and_layers_computed_again_change_nothing(
    name: str, tiny_clip: Path, batch: dict[str, Any]
) -> None:
    """Every method, offline or not, with its auxiliary loss and the dropout of its fusion."""
    model = make(tiny_clip, name)
    teachers = [make_model(tiny_clip, "x-pool", {}, seed=4)] if model.method.takes_teachers else []
    plain = gradients(model, batch, teachers)
    assert any(gradient.abs().max() > 1e-6 for gradient in plain[1].values())
    assert_close(gradients(model, batch, teachers, micro_batch_size=2), plain)
    model.backbone.recompute_layers(True)
    assert_close(gradients(model, batch, teachers), plain)
    assert_close(gradients(model, batch, teachers, micro_batch_size=2), plain)


@pytest.mark.parametrize("recomputes", [False, True])
def test_dropout_is_the_same_the_second_time(
    tiny_clip: Path, batch: dict[str, Any], monkeypatch: pytest.MonkeyPatch, recomputes: bool
) -> None:
    """Against the same micro-batches, whose inner values are kept."""
    model = make(tiny_clip, "prompt-switch")
    for layer in model.backbone.vision.layers:
        layer.mlp.register_forward_hook(lambda *args: torch.nn.functional.dropout(args[2], 0.3))
    model.backbone.recompute_layers(recomputes)
    again = gradients(model, batch, micro_batch_size=2)
    model.backbone.recompute_layers(False)
    monkeypatch.setattr(step_module, "checkpoint", lambda work, *given, use_reentrant: work(*given))
    kept = gradients(model, batch, micro_batch_size=2)
    assert_close(again, kept)
    with pytest.raises(AssertionError):
        assert_close(gradients(model, batch), kept)  # all at once draws other values


def bytes_kept(work: Callable[[], Tensor]) -> int:
    """The bytes that a forward pass keeps for the backward pass, each tensor once."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        _held = work()
        return sum(kept.values())


def test_less_is_kept_for_the_backward_pass(tiny_clip: Path, batch: dict[str, Any]) -> None:
    model = make(tiny_clip, "prompt-switch")
    plain = bytes_kept(lambda: TrainingStep(model)(**batch))
    assert bytes_kept(lambda: TrainingStep(model, micro_batch_size=1)(**batch)) < plain / 10
    model.backbone.recompute_layers(True)
    assert bytes_kept(lambda: TrainingStep(model)(**batch)) < plain * 0.7


def test_of_a_video_that_stands_twice_the_first_place_counts(tiny_clip: Path) -> None:
    model = make(tiny_clip, "mean-pool")
    once, twice = Things((0, 1, 2)), Things((0, 1, 2, 1))
    expected = TrainingStep(model)(**collate(once.__getitems__(range(3))))
    torch.testing.assert_close(TrainingStep(model)(**collate(twice.__getitems__(range(4)))), expected)


def test_its_state_and_parameters_are_the_models(tiny_clip: Path, batch: dict[str, Any]) -> None:
    model, teacher = make(tiny_clip, "mean-pool"), make(tiny_clip, "mean-pool")
    step = TrainingStep(model, teachers=[teacher])
    assert step.state_dict().keys() == model.state_dict().keys()
    assert {id(parameter) for parameter in step.parameters()} == {id(parameter) for parameter in model.parameters()}
    step.train()
    assert not teacher.training
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    state = {name: tensor + 1 for name, tensor in model.state_dict().items()}
    assert step.load_state_dict(state).missing_keys == []
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_the_loss_hears_which_captions_are_identical(tiny_clip: Path, batch: dict[str, Any]) -> None:
    model, seen = make(tiny_clip, "mean-pool"), []
    model.method.loss = lambda backbone, features: seen.append(features.same) or torch.tensor(0.0)  # type: ignore
    TrainingStep(model)(**batch)
    expected = torch.eye(5, dtype=torch.bool)
    expected[0, 4] = expected[4, 0] = True
    assert torch.equal(seen[0], expected)


@pytest.mark.parametrize("micro_batch_size", [None, 2])
def test_teachers_see_the_same_batch(tiny_clip: Path, batch: dict[str, Any], micro_batch_size: int | None) -> None:
    model, seen = make(tiny_clip, "mean-pool"), []
    teachers = [make_model(tiny_clip, name, {}, seed=4) for name in ("x-clip", "vop-fc")]

    def loss(backbone: Backbone, features: TrainingFeatures) -> Tensor:
        seen.append(features)
        return contrastive_loss(model.similarity(features.text_features, features.frame_features), backbone.logit_scale)

    model.method.loss = loss  # type: ignore[method-assign]
    TrainingStep(model, teachers=teachers, micro_batch_size=micro_batch_size)(**batch)
    (features,) = seen
    for teacher, taught in zip(teachers, features.teachers, strict=True):
        with torch.no_grad():
            texts = teacher.text_features(*teacher.tokenize(batch["captions"]))
            videos = teacher.frame_features(teacher.backbone.preprocess.normalise(batch["frames"]))
            similarities = teacher.method.similarity(texts, videos)
        torch.testing.assert_close(taught.text_features, texts)
        torch.testing.assert_close(taught.frame_features, videos)
        torch.testing.assert_close(taught.similarities, similarities)
        assert taught.logit_scale is teacher.backbone.logit_scale
        assert not taught.similarities.requires_grad


def test_teachers_see_what_lies_under_a_title(tiny_clip: Path, batch: dict[str, Any]) -> None:
    model, seen = make(tiny_clip, "mean-pool"), []
    teacher = make_model(tiny_clip, "mean-pool", {}, seed=4)
    model.method.loss = lambda backbone, features: seen.append(features) or torch.tensor(0.0)  # type: ignore
    originals = batch["frames"].flip(0)
    TrainingStep(model, teachers=[teacher])(**batch, originals=originals)
    with torch.no_grad():
        expected = teacher.frame_features(teacher.backbone.preprocess.normalise(originals))
    torch.testing.assert_close(seen[0].teachers[0].frame_features, expected)


def test_under_autocast_similarities_are_not_rounded(tiny_clip: Path, batch: dict[str, Any]) -> None:
    model, kinds = make(tiny_clip, "mean-pool").float(), set()
    similarity = model.method.similarity

    def note(texts: Tensor, frames: Tensor) -> Tensor:
        result = similarity(texts, frames)
        kinds.update({texts.dtype, frames.dtype, result.dtype})
        return result

    model.method.similarity = note  # type: ignore[method-assign]
    with torch.autocast("cpu", torch.bfloat16):
        TrainingStep(model)(**batch).backward()
    assert kinds == {torch.float32}
