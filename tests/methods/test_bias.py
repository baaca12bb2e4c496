"""Bias tuning: which parameters are biases, and that they alone are trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import Tensor, nn

from framecue.backbone import Backbone
from framecue.errors import InputError
from framecue.methods import Method, saved_options
from framecue.methods.bias import Bias, BiasConfig


def make(backbone: Backbone, *, attention_inputs: bool = False) -> Bias:
    return Bias(BiasConfig(attention_inputs=attention_inputs), backbone)


def biases(backbone: Backbone, *, attention_inputs: bool) -> set[str]:
    """By the modules' kinds: what is added to the output of a linear map or a norm."""
    kinds = (nn.Linear, nn.LayerNorm, nn.Conv2d)
    modules = {name: module for name, module in backbone.named_modules() if isinstance(module, kinds)}
    inputs = () if attention_inputs else ("q_proj", "k_proj", "v_proj")
    return {
        f"backbone.{name}.bias"
        for name, module in modules.items()
        if module.bias is not None and name.rpartition(".")[2] not in inputs
    }


def test_it_starts_as_plain_clip(backbone: Backbone, starts_as_plain_clip: Callable[..., Method]) -> None:
    starts_as_plain_clip(backbone, make)


@pytest.mark.parametrize("attention_inputs", [False, True])
def test_gradients_reach_the_biases_alone(
    backbone: Backbone, gradients_of: Callable[[Backbone, Method], dict[str, Tensor]], attention_inputs: bool
) -> None:
    gradients = gradients_of(backbone, make(backbone, attention_inputs=attention_inputs))
    assert gradients.keys() == biases(backbone, attention_inputs=attention_inputs)
    # A bias on all keys moves all scores of a query alike, and softmax takes it away.
    assert all(gradient.any() for name, gradient in gradients.items() if not name.endswith("k_proj.bias"))


@pytest.mark.parametrize("attention_inputs", [False, True])
def test_siglips_pooling_head_belongs_to_its_tower_and_the_logit_bias_does_not(
    make_siglip_backbone: Callable[..., Backbone], attention_inputs: bool
) -> None:
    backbone = make_siglip_backbone()
    make(backbone, attention_inputs=attention_inputs).freeze(backbone)
    trained = {f"backbone.{name}" for name, p in backbone.named_parameters() if p.requires_grad}
    head = {"backbone.model.vision_model.head.attention.in_proj_bias"} if attention_inputs else set()
    assert trained == biases(backbone, attention_inputs=attention_inputs) | head
    assert hasattr(backbone.model, "logit_bias")


@pytest.mark.parametrize(
    ("attention_inputs", "count"),
    [(False, 12 * 8 * (768 + 512) + 2 * 768 + 512), (True, 12 * 11 * (768 + 512) + 2 * 768 + 512)],
)
def test_parameters_of_a_vit_b_32(vit_b_32: Backbone, attention_inputs: bool, count: int) -> None:
    method = make(vit_b_32, attention_inputs=attention_inputs)
    method.freeze(vit_b_32)
    assert list(method.parameters()) == list(method.new_parameters()) == []
    trained = sum(p.numel() for p in vit_b_32.parameters() if p.requires_grad)
    assert trained == count == (171_008 if attention_inputs else 124_928)
    # The paper's 0.1 M is the smaller one.
    assert (round(trained / 1e6, 1) == 0.1) is not attention_inputs


@pytest.mark.parametrize("attention_inputs", [False, True])
def test_an_adapter_of_it_holds_the_biases(
    backbone: Backbone, saved_and_loaded: Callable[..., set[str]], attention_inputs: bool
) -> None:
    saved = saved_and_loaded("bias", Bias, attention_inputs=attention_inputs)
    assert saved == biases(backbone, attention_inputs=attention_inputs)


def test_an_adapter_from_before_there_was_a_choice_is_of_all_biases(backbone: Backbone) -> None:
    old = BiasConfig(**saved_options("bias", {"num_frames": 4}))
    assert old == BiasConfig(num_frames=4, attention_inputs=True)
    assert old.to_fingerprint() == {"num_frames": 4, "num_test_frames": 12}
    assert BiasConfig(**saved_options("bias", BiasConfig().to_dict())) == BiasConfig()


def test_an_option_of_another_type_is_refused() -> None:
    with pytest.raises(InputError, match=r"^attention_inputs must be a boolean \(true or false\), got 1$"):
        BiasConfig(attention_inputs=1)
