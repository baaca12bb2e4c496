"""What an adapter folder says of itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.adapter_info import adapter_info
from framecue.backbone import load_backbone
from framecue.checkpoint import save_adapter
from framecue.errors import AdapterError
from framecue.methods import build_method
from framecue.methods.counting import count_parameters


@pytest.fixture
def make_adapter(clip_folder: Path, tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, **options: object) -> Path:
        backbone = load_backbone(clip_folder)
        method = build_method(name, options, backbone)
        method.freeze(backbone)
        scores = {"test": {"R@1": 12.5}}
        folder = tmp_path / name
        save_adapter(folder, backbone=backbone, method=method, method_name=name, version="0.1.0", scores=scores)
        return folder

    return make


@pytest.mark.parametrize("name", ["vop", "prompt-switch", "lora", "bias"])
def test_it_says_what_counting_says(name: str, make_adapter: Callable[..., Path], clip_folder: Path) -> None:
    folder = make_adapter(name)
    info, count = adapter_info(folder), count_parameters(name, load_backbone(clip_folder))
    assert (info.trainable_parameters, info.new_parameters) == (count.trainable, count.new)
    assert (info.backbone_parameters, info.share_of_backbone) == (count.backbone, count.share)
    assert (info.method, info.backbone, info.offline) == (name, str(clip_folder), True)
    assert info.scores == {"test": {"R@1": 12.5}}
    assert info.size_bytes == sum(path.stat().st_size for path in folder.iterdir())
    assert "arXiv" in (info.paper or "")


def test_a_bundled_one() -> None:
    info = adapter_info("moji-prompt-switch")
    assert (info.method, info.backbone) == ("prompt-switch", "moji-clip")
    assert info.backbone_parameters is not None
    assert info.trainable_parameters == info.backbone_parameters + (info.new_parameters or 0)


def change(folder: Path, **values: object) -> None:
    path = folder / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_backbone_that_is_not_at_hand_and_a_method_of_another_version(make_adapter: Callable[..., Path]) -> None:
    folder = make_adapter("vop")
    change(folder, backbone="nobody/nothing-of-this-name", method="vop-9")
    info = adapter_info(folder)
    assert info.trainable_parameters > 0
    assert (info.new_parameters, info.backbone_parameters, info.share_of_backbone) == (None, None, None)
    assert (info.offline, info.paper) == (None, None)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.6, 0.99])
def test_weights_that_are_cut_short(share: float, make_adapter: Callable[..., Path]) -> None:
    path = make_adapter("vop") / "adapter_model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(AdapterError, match="the file may be cut short") as error:
        adapter_info(path.parent)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_that_lacks_a_file(make_adapter: Callable[..., Path]) -> None:
    folder = make_adapter("vop")
    (folder / "adapter_config.json").unlink()
    with pytest.raises(AdapterError, match=r"it has no adapter_config\.json"):
        adapter_info(folder)
