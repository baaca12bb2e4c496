"""Full fine-tuning: mean pooling of which everything is trained."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods import Method, MethodConfig
from framecue.methods.full import Full


def make(backbone: Backbone) -> Full:
    return Full(MethodConfig(), backbone)


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    starts_as_plain_clip(backbone, make)


def test_gradients_reach_everything(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    backbone.requires_grad_(False)
    gradients = gradients_of(backbone, make(backbone))
    assert gradients.keys() == {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    method = make(vit_b_32)
    method.freeze(vit_b_32)
    assert list(method.parameters()) == list(method.new_parameters()) == []
    assert sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad) == 151_277_313


def test_an_adapter_of_it_is_the_whole_backbone(backbone: Backbone, saved_and_loaded: Callable[..., set[str]]) -> None:
    assert saved_and_loaded("full", Full) == {f"backbone.{name}" for name, _ in backbone.named_parameters()}
