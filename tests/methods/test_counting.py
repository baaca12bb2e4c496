"""Counting what a method trains."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from framecue.backbone import Backbone
from framecue.backbone.meta import backbone_without_weights
from framecue.errors import InputError, UnknownNameError
from framecue.methods import METHODS, build_method
from framecue.methods.counting import ParameterCount, count_parameters

TWELVE = {"num_frames": 12, "num_test_frames": 12}
VIT_B_32 = 151_277_313


@pytest.fixture(scope="module")
def vit_b_32() -> Backbone:
    return backbone_without_weights()


@pytest.mark.parametrize(
    ("name", "trainable", "new"),
    [
        ("mean-pool", VIT_B_32, 0),
        ("vop", 122_880, 122_880),
        ("vop-p", 528_384, 528_384),
        ("vop-c", 14_257_152, 14_257_152),
        ("proj", 768 * 512 + 512 * 512, 0),
        ("lora", 491_520, 491_520),
    ],
)
def test_on_vit_b_32(name: str, trainable: int, new: int, vit_b_32: Backbone) -> None:
    count = count_parameters(name, vit_b_32, TWELVE)
    assert count == ParameterCount(trainable=trainable, new=new, backbone=VIT_B_32)
    assert count.share == trainable / VIT_B_32


def test_prompt_switch_trains_all_and_adds_to_it(vit_b_32: Backbone) -> None:
    count = count_parameters("prompt-switch", vit_b_32, {"captioner": False})
    aggregation = 4 * 768 * 768 + 4 * 768
    assert count.new == 6 * 6 * 768 + aggregation
    assert count.trainable == VIT_B_32 + count.new
    assert count.share > 1


@pytest.mark.parametrize("name", METHODS)
def test_the_count_is_what_the_method_leaves_trainable(name: str, make_backbone: Callable[..., Backbone]) -> None:
    backbone = make_backbone()
    options = {"num_frames": 6, "num_test_frames": 6}
    count = count_parameters(name, backbone, options)
    own = list(backbone.parameters())
    made = build_method(name, options, backbone)
    made.freeze(backbone)
    trained = {p for module in (backbone, made) for p in module.parameters() if p.requires_grad}
    assert count.trainable == sum(p.numel() for p in trained)
    assert count.new == sum(p.numel() for p in trained - set(own))
    assert count.backbone == sum(p.numel() for p in own)
    assert count.trainable > 0


def test_the_backbone_and_the_random_state_are_as_they_were(backbone: Backbone) -> None:
    backbone.requires_grad_(False)
    names, state = [name for name, _ in backbone.named_parameters()], torch.get_rng_state()
    for name in ("mean-pool", "lora", "prompt-switch"):
        count_parameters(name, backbone)
    assert [name for name, _ in backbone.named_parameters()] == names
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_method_that_looks_at_values_is_counted_too(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    class Looks(METHODS["mean-pool"]):  # type: ignore[misc]
        def __init__(self, config: object, backbone: Backbone) -> None:
            super().__init__(config, backbone)
            self.scale = torch.nn.Parameter(torch.tensor([float(backbone.logit_scale.new_ones(()).item())]))

    monkeypatch.setitem(METHODS, "looks", Looks)
    count = count_parameters("looks", backbone)
    assert count.new == 1


def test_names_and_options_that_do_not_exist(backbone: Backbone) -> None:
    with pytest.raises(UnknownNameError):
        count_parameters("vop-x", backbone)
    with pytest.raises(InputError, match="has no option 'num_words'"):
        count_parameters("vop", backbone, {"num_words": 3})
