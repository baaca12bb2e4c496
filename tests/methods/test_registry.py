"""Methods by name."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

import pytest
import torch

from framecue.adapter_info import adapter_info
from framecue.backbone import Backbone
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import InputError, UnknownNameError
from framecue.methods import METHODS, Method, MethodConfig, build_method, method_named, saved_options

NAMES = [
    *("mean-pool", "prompt-switch", "vop", "vop-p", "vop-c", "vop-f", "vop-fp", "vop-fc", "full", "bias", "proj"),
    *("partial", "adapter-attn", "adapter-ffn", "lora", "token-shift", "video-proxy", "clip4clip", "teachclip"),
    *("dgl", "tempme", "mv-adapter", "top-k", "attention-pool", "x-pool", "ts2-net", "x-clip"),
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


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_whether_it_has_a_captioner(name: str, backbone: Backbone) -> None:
    method = build_method(name, {}, backbone)
    assert (method.captioner is not None) == (name == "prompt-switch")
    assert any(key.startswith("captioner.") for key in method.state_dict()) == (name == "prompt-switch")


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
    known = "num_frames, num_test_frames, max_text_tokens, short_videos, frames_per_second"
    with pytest.raises(InputError, match=rf"^method mean-pool has no option 'num_prompts'; it has: {known}$"):
        build_method("mean-pool", {"num_prompts": 6}, backbone)


MINE = """
from dataclasses import dataclass

from framecue.methods import Method, MethodConfig

NOT_A_METHOD = 3


@dataclass(frozen=True, kw_only=True)
class Config(MethodConfig):
    widths: tuple[int, ...] = (1, 2)


class Mine(Method):
    Config = Config
    paper = "none"
"""


@pytest.fixture
def acme(install) -> None:
    targets = {"mine": "Mine", "no-method": "NOT_A_METHOD", "lost": "Lost"}
    install("acme", {"framecue.methods": {name: f"acme:{target}" for name, target in targets.items()}}, MINE)


@pytest.mark.usefixtures("acme")
def test_a_packages_method_is_made_saved_and_loaded_by_its_name(backbone: Backbone, tmp_path) -> None:
    method = build_method("mine", {"widths": [3, 4], "num_frames": 5}, backbone)
    assert (method.config.widths, method.config.num_frames) == ((3, 4), 5)
    assert hash(method.config) == hash(type(method.config)(widths=(3, 4), num_frames=5))
    assert method.config.to_saved() == {"num_frames": 5, "num_test_frames": 12, "widths": [3, 4]}
    assert method.config.to_dict() == {**method.config.to_saved(), **MethodConfig.added}
    save_adapter(tmp_path, backbone=backbone, method=method, method_name="mine", version="0")
    loaded, config = load_adapter(tmp_path, backbone)
    assert config.options == method.config.to_saved()
    assert loaded.config == method.config
    assert adapter_info(tmp_path).offline is True


@pytest.mark.usefixtures("acme")
def test_a_packages_method_that_cannot_be_used_is_named(backbone: Backbone) -> None:
    with pytest.raises(InputError, match=r"^method 'no-method' of package acme .* it is no subclass of Method; mend"):
        build_method("no-method", {}, backbone)
    with pytest.raises(InputError, match=r"^method 'lost' of package acme \(acme:Lost\) cannot be loaded \(Attribute"):
        method_named("lost")
    with pytest.raises(UnknownNameError, match=r"known: .*, lost, .*, mine, .*no-method, "):
        method_named("mime")


def test_options_are_kept_as_they_were_given() -> None:
    """Adapters and the fingerprints of libraries hold them: a number that was an integer stays one."""
    config = METHODS["lora"].Config(alpha=16)
    assert type(config.alpha) is int
    for name, method in METHODS.items():
        config = method.Config()
        assert config.to_dict() == json.loads(json.dumps(asdict(config))), name
        assert json.loads(json.dumps(config.to_dict())) == config.to_dict()
        assert method.Config(**config.to_dict()) == config


@pytest.mark.parametrize("name", METHODS)
def test_options_as_they_are_saved_come_back(name: str) -> None:
    config = METHODS[name].Config
    earlier = config.added
    assert set(earlier) <= {field.name for field in fields(config)}
    for made in (config(), config(**earlier)):
        assert config(**saved_options(name, made.to_saved())) == made
        assert config(**saved_options(name, made.to_dict())) == made
    # What was saved before there were such options names none of them.
    assert not set(config(**config.added).to_saved()) & set(config.added)


def test_what_was_added_to_all_methods_was_added_to_each() -> None:
    for name, method in METHODS.items():
        assert method.Config.added.items() >= MethodConfig.added.items(), name
        # The grid of frames, without which adapters and libraries were made before, is there where there is one.
        assert not MethodConfig.added.keys() & method.Config().to_saved().keys(), name
        assert method.Config(frames_per_second=3).to_saved()["frames_per_second"] == 3, name
    # Beside a method's own.
    assert METHODS["x-clip"].Config.added == {**MethodConfig.added, "released": False}
