"""Partial fine-tuning: the last layers of both towers are trained, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from framecue.backbone import Backbone
from framecue.methods import Method, MethodConfig
from framecue.methods.partial import Partial

# Of a tiny CLIP, whose towers have 3 and 2 layers.
LAST = ("backbone.model.vision_model.encoder.layers.2.", "backbone.model.text_model.encoder.layers.1.")


def make(backbone: Backbone) -> Partial:
    return Partial(MethodConfig(), backbone)


def last_layers(backbone: Backbone) -> set[str]:
    names = {f"backbone.{name}" for name, _ in backbone.named_parameters()}
    return {name for name in names if name.startswith(LAST)}


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    starts_as_plain_clip(backbone, make)


def test_gradients_reach_the_last_layers_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    gradients = gradients_of(backbone, make(backbone))
    assert gradients.keys() == last_layers(backbone)
    assert len(gradients) == 2 * 16
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    method = make(vit_b_32)
    method.freeze(vit_b_32)
    assert list(method.parameters()) == list(method.new_parameters()) == []
    count = sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad)
    assert count == 7_087_872 + 3_152_384 == 10_240_256
    # What the paper's 7.7 M would be: the image encoder's layer and both projections.
    projections = [*vit_b_32.vision.projection.parameters(), *vit_b_32.text.projection.parameters()]
    image_layer = sum(p.numel() for p in vit_b_32.vision.layers[-1].parameters())
    assert image_layer + sum(p.numel() for p in projections) == 7_743_232


def test_an_adapter_of_it_holds_the_last_layers(backbone: Backbone, saved_and_loaded: Callable[..., set[str]]) -> None:
    assert saved_and_loaded("partial", Partial) == last_layers(backbone)
