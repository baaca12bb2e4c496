"""Bias tuning: which parameters are biases, and that they alone are trained."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.methods import Method, MethodConfig
from framecue.methods.bias import Bias


def make(backbone: Backbone) -> Bias:
    return Bias(MethodConfig(), backbone)


def biases(backbone: Backbone) -> set[str]:
    """By the modules' kinds: what is added to the output of a linear map or a norm."""
    kinds = (nn.Linear, nn.LayerNorm, nn.Conv2d)
    modules = {name: module for name, module in backbone.named_modules() if isinstance(module, kinds)}
    return {f"backbone.{name}.bias" for name, module in modules.items() if module.bias is not None}


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    starts_as_plain_clip(backbone, make)


def test_gradients_reach_the_biases_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]]
) -> None:
    gradients = gradients_of(backbone, make(backbone))
    assert gradients.keys() == biases(backbone)
    # A bias on all keys moves all scores of a query alike, and softmax takes it away.
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))


def test_siglips_pooling_head_belongs_to_its_tower_and_the_logit_bias_does_not(
    make_siglip_backbone: Callable[..., Backbone],
) -> None:
    backbone = make_siglip_backbone()
    make(backbone).freeze(backbone)
    trained = {f"backbone.{name}" for name, p in backbone.named_parameters() if p.requires_grad}
    head = "backbone.model.vision_model.head.attention.in_proj_bias"
    assert trained == biases(backbone) | {head}
    assert hasattr(backbone.model, "logit_bias")


def test_parameters_of_a_vit_b_32(vit_b_32: Backbone) -> None:
    method = make(vit_b_32)
    method.freeze(vit_b_32)
    assert list(method.parameters()) == list(method.new_parameters()) == []
    trained = {name: p.numel() for name, p in vit_b_32.named_parameters() if p.requires_grad}
    assert sum(trained.values()) == 12 * 11 * (768 + 512) + 2 * 768 + 512 == 171_008
    in_packed_form = ("q_proj.bias", "k_proj.bias", "v_proj.bias")
    counted_by_the_paper = sum(count for name, count in trained.items() if not name.endswith(in_packed_form))
    assert counted_by_the_paper == 124_928
    assert round(counted_by_the_paper / 1e6, 1) == 0.1


def test_an_adapter_of_it_holds_the_biases(backbone: Backbone, saved_and_loaded: Callable[..., set[str]]) -> None:
    assert saved_and_loaded("bias", Bias) == biases(backbone)
