"""Methods by name."""

from __future__ import annotations

import pytest
import torch

from framecue.backbone import Backbone
from framecue.errors import InputError, UnknownNameError
from framecue.methods import METHODS, Method, MethodConfig, build_method, method_named

NAMES = [
    *("mean-pool", "prompt-switch", "vop", "vop-p", "vop-c", "vop-f", "vop-fp", "vop-fc", "full", "bias", "proj"),
    *("partial", "adapter-attn", "adapter-ffn", "lora", "token-shift", "video-proxy", "top-k", "attention-pool"),
    *("x-pool", "ts2-net", "x-clip"),
]


def test_the_methods_there_are() -> None:
    # The names are fixed: documents and adapters use them.
    assert list(METHODS) == NAMES


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_made_from_its_name_and_says_where_it_is_from(name: str, backbone: Backbone) -> None:
    method = build_method(name, {}, backbone)
    assert type(method) is METHODS[name] is method_named(name)
    assert isinstance(method, Method)
    assert isinstance(method.config, MethodConfig)
    assert method.config == method.Config()
    assert "arXiv" in method.paper


def test_options_reach_the_config(backbone: Backbone) -> None:
    method = build_method("prompt-switch", {"num_prompts": 2, "num_frames": 4, "num_test_frames": 8}, backbone)
    assert (method.config.num_frames, method.config.num_test_frames) == (4, 8)
    assert dict(method.named_parameters())["prompt_cube"].shape == (2, 2, 32)


def test_parameters_have_the_backbones_type(make_backbone) -> None:
    method = build_method("prompt-switch", {}, make_backbone(dtype=torch.bfloat16))
    assert {parameter.dtype for parameter in method.parameters()} == {torch.bfloat16}


def test_an_unknown_method_lists_the_known_ones(backbone: Backbone) -> None:
    message = f"^unknown method 'prompt-swich'; known: {', '.join(sorted(NAMES))}$"
    with pytest.raises(UnknownNameError, match=message):
        build_method("prompt-swich", {}, backbone)
    with pytest.raises(UnknownNameError, match=message):
        method_named("prompt-swich")


def test_an_unknown_option_lists_the_known_ones(backbone: Backbone) -> None:
    with pytest.raises(
        InputError, match=r"^method mean-pool has no option 'num_prompts'; it has: num_frames, num_test_frames$"
    ):
        build_method("mean-pool", {"num_prompts": 6}, backbone)
