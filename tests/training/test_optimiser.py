from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from framecue.errors import TrainingError
from framecue.methods.base import ParameterGroup
from framecue.model import VideoTextModel
from framecue.training.optimiser import build_optimiser, decays, learning_rates
from framecue.training.recipe import Schedule

MakeModel = Callable[..., VideoTextModel]


def names_in(model: VideoTextModel, group: dict[str, Any]) -> set[str]:
    """The names of a group's parameters."""
    named = {id(parameter): name for name, parameter in model.named_parameters()}
    return {named[id(parameter)] for parameter in group["params"]}


def split(optimiser: torch.optim.Optimizer, model: VideoTextModel) -> tuple[set[str], set[str]]:
    """The names of what decays, and of what does not."""
    decaying, others = set(), set()
    for group in optimiser.param_groups:
        (decaying if group["weight_decay"] else others).update(names_in(model, group))
    return decaying, others


def trained(model: VideoTextModel) -> set[str]:
    return {name for name, parameter in model.named_parameters() if parameter.requires_grad}


def test_the_numbers_of_the_schedule(make_model: MakeModel) -> None:
    model = make_model("prompt-switch")
    schedule = Schedule(
        adam_beta1=0.8, adam_beta2=0.98, adam_epsilon=1e-6, weight_decay=0.3, learning_rate=1e-4,
        backbone_learning_rate=1e-7,
    )  # fmt: skip
    optimiser = build_optimiser(model, schedule)
    assert [group["name"] for group in optimiser.param_groups] == ["backbone", "new"]
    assert [group["lr"] for group in optimiser.param_groups] == [1e-7, 1e-4]
    for group in optimiser.param_groups:
        assert (group["betas"], group["eps"], group["weight_decay"]) == ((0.8, 0.98), 1e-6, 0.3)
    assert learning_rates(optimiser) == {"backbone": 1e-7, "new": 1e-4}


def test_epsilon_matters_where_gradients_are_tiny(make_model: MakeModel) -> None:
    """One step of Adam from rest moves each number by lr * g / (|g| + eps)."""
    model = make_model()
    weight = model.backbone.model.text_projection.weight
    for epsilon in (1e-8, 1e-6):
        before = weight.detach().clone()
        optimiser = build_optimiser(model, Schedule(weight_decay=0, adam_epsilon=epsilon, backbone_learning_rate=1e-2))
        weight.grad = torch.full_like(weight, 1e-6)
        optimiser.step()
        moved = before - weight.detach()
        torch.testing.assert_close(moved, torch.full_like(moved, 1e-2 * 1e-6 / (1e-6 + epsilon)), rtol=1e-3, atol=0)


def test_all_of_it_decays(make_model: MakeModel) -> None:
    model = make_model("prompt-switch")
    decaying, others = split(build_optimiser(model, Schedule()), model)
    assert decaying == trained(model)
    assert not others


def test_all_but_biases_go_by_the_name(make_model: MakeModel) -> None:
    """As in CLIP4Clip: norms' scales decay."""
    model = make_model("prompt-switch")
    decaying, others = split(build_optimiser(model, Schedule(weight_decay_on="all-but-biases")), model)
    assert decaying | others == trained(model)
    assert others == {name for name in trained(model) if "bias" in name}
    assert any("layer_norm1.weight" in name for name in decaying)


def test_weights_alone_are_neither_biases_nor_norms_nor_single_numbers(make_model: MakeModel) -> None:
    model = make_model("prompt-switch")
    decaying, others = split(build_optimiser(model, Schedule(weight_decay_on="weights")), model)
    assert decaying | others == trained(model)
    norms = {
        f"{name}.{each}"
        for name, module in model.named_modules()
        if isinstance(module, nn.LayerNorm)
        for each, _ in module.named_parameters(recurse=False)
    }
    assert norms <= others
    assert "backbone.model.logit_scale" in others
    assert {name for name in trained(model) if name.endswith("bias")} <= others
    assert "method.prompt_cube" in decaying
    assert "backbone.model.text_projection.weight" in decaying
    kinds = {name.rsplit(".", 1)[-1] for name in others - norms}
    assert kinds <= {"bias", "in_proj_bias", "logit_scale", "class_embedding"}


def test_what_decays_shrinks_by_the_rate_times_the_decay(make_model: MakeModel) -> None:
    model = make_model()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimiser = build_optimiser(
        model, Schedule(weight_decay=0.5, weight_decay_on="weights", backbone_learning_rate=0.1)
    )
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimiser.step()
    for name, parameter in model.named_parameters():
        factor = 1 - 0.1 * 0.5 if parameter.ndim >= 2 else 1
        torch.testing.assert_close(parameter.detach(), before[name] * factor, msg=name)


@pytest.mark.parametrize(
    ("shape", "expected"), [((), False), ((1,), False), ((1, 1), False), ((4,), False), ((4, 4), True), ((1, 4), True)]
)
def test_what_a_weight_is(shape: tuple[int, ...], expected: bool) -> None:
    assert decays("x", nn.Parameter(torch.zeros(shape)), on="weights") is expected


def test_a_factor_of_the_method_multiplies_its_rate(make_model: MakeModel) -> None:
    model = make_model("prompt-switch")
    groups = model.method.parameter_groups(model.backbone)
    slow = ParameterGroup(groups[1].parameters[:1], "new", 0.1)
    rest = ParameterGroup(groups[1].parameters[1:], "new")
    model.method.parameter_groups = lambda backbone: [groups[0], slow, rest]  # type: ignore[method-assign]
    optimiser = build_optimiser(model, Schedule(learning_rate=1e-3, backbone_learning_rate=1e-6))
    assert learning_rates(optimiser) == {"backbone": 1e-6, "new x 0.1": pytest.approx(1e-4), "new": 1e-3}


def test_what_is_frozen_is_in_no_group(make_model: MakeModel) -> None:
    model = make_model("vop")
    model.method.freeze(model.backbone)
    (group,) = build_optimiser(model, Schedule()).param_groups
    assert names_in(model, group) == {name for name, _ in model.named_parameters() if name.startswith("method.")}


@pytest.mark.parametrize(("change", "told"), [(lambda groups: groups[:1], "none"), (lambda g: [*g, g[1]], "2")])
def test_groups_that_are_not_complete_are_refused(make_model: MakeModel, change: Any, told: str) -> None:
    model = make_model("prompt-switch")
    groups = change(model.method.parameter_groups(model.backbone))
    model.method.parameter_groups = lambda backbone: groups  # type: ignore[method-assign]
    with pytest.raises(TrainingError, match=rf"^method prompt-switch: method\.prompt_cube is in {told} of its param"):
        build_optimiser(model, Schedule())
