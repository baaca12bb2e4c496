"""Options come from files that may be anybody's: no count makes a method of any size."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from framecue import checkpoint
from framecue.backbone import Backbone
from framecue.checkpoint import load_adapter, save_adapter
from framecue.errors import AdapterError, InputError
from framecue.methods import METHODS, build_method
from framecue.validation import dataclass_types

OPTIONS = [
    (name, field.name)
    for name, method in METHODS.items()
    for field in fields(method.Config)
    if "int" in str(dataclass_types(method.Config)[field.name])
]


@pytest.fixture(scope="module")
def backbone(make_backbone: Callable[..., Backbone]) -> Backbone:
    return make_backbone()


@pytest.mark.parametrize("value", [10**9, 10**30])
@pytest.mark.parametrize(("method", "option"), OPTIONS)
def test_no_count_is_without_a_bound(backbone: Backbone, method: str, option: str, value: int) -> None:
    with pytest.raises(InputError, match=r"must be|must have|got|multiple"):
        build_method(method, {option: value}, backbone)
    with pytest.raises(InputError):
        METHODS[method].Config(**{option: value})


def test_the_message_names_the_option_the_value_and_the_limit(backbone: Backbone) -> None:
    for options, says in (
        ({"captioner_layers": 10**9}, "captioner_layers must be at most 128, got 1000000000"),
        ({"num_prompts": 10**9}, "num_prompts must be at most 10000, got 1000000000"),
        ({"num_frames": 10**100}, "num_frames must be at most 1000, got 1000000"),
    ):
        with pytest.raises(InputError, match=says):
            build_method("prompt-switch", options, backbone)


@pytest.mark.parametrize(("option", "value"), [("captioner_layers", 100), ("prompts_per_frame", 5_000)])
def test_options_beyond_what_an_adapter_holds_are_refused_before_anything_is_made(
    backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, value: int
) -> None:
    options = {"num_prompts": 2, "num_frames": 2, "num_test_frames": 2, "captioner_layers": 1}
    method = build_method("prompt-switch", options, backbone)
    method.freeze(backbone)
    folder = tmp_path / "adapter"
    save_adapter(folder, backbone=backbone, method=method, method_name="prompt-switch", version="1")
    load_adapter(folder, backbone)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    config["options"][option] = value
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    monkeypatch.setattr(checkpoint, "load_file", None)
    with pytest.raises(AdapterError, match=r"does not hold this method's parameters: missing|has shape .*, expected"):
        load_adapter(folder, backbone)
    config["options"][option] = 10**9
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(AdapterError, match=rf"adapter_config.json: {option} must be at most \d+, got 1000000000"):
        load_adapter(folder, backbone)
    shutil.rmtree(folder)
