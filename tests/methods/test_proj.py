"""Projection tuning: the last projections of both towers are trained, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods import Method, MethodConfig
from framecue.methods.proj import Proj

NAMES = {"backbone.model.visual_projection.weight", "backbone.model.text_projection.weight"}


def make(backbone: Backbone) -> Proj:
    return Proj(MethodConfig(), backbone)


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    starts_as_plain_clip(backbone, make)


def test_gradients_reach_the_projections_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    gradients = gradients_of(backbone, make(backbone))
    assert gradients.keys() == NAMES
    assert all(gradient.any() for gradient in gradients.values())


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    method = make(vit_b_32)
    method.freeze(vit_b_32)
    assert list(method.parameters()) == list(method.new_parameters()) == []
    count = sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad)
    assert count == 768 * 512 + 512 * 512 == 655_360
    assert round(count / 1e6, 1) == 0.7  # VoP, Table 1


def test_an_adapter_of_it_holds_the_projections(saved_and_loaded: Callable[..., set[str]]) -> None:
    assert saved_and_loaded("proj", Proj) == NAMES
