"""A model's files may claim any size; nothing of it is made before it has been looked at."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModel

from framecue.backbone import initialise_backbone, load_backbone
from framecue.backbone.meta import backbone_without_weights
from framecue.backbone.sizes import MAX_PARTS, MAX_SIZE, check_config_file, check_no_bomb, memory_bytes
from framecue.backbone.tokenizer import load_tokenizer
from framecue.errors import InputError, ModelError
from framecue.importers.weights_file import read_state_dict

COUNTS = [
    *("num_hidden_layers", "num_attention_heads", "hidden_size", "intermediate_size", "vocab_size"),
    *("max_position_embeddings", "image_size", "patch_size", "num_channels", "projection_dim"),
]


@pytest.fixture
def folder(clip_folder: Path, tmp_path: Path) -> Path:
    """A tiny CLIP's folder of one's own, to change."""
    return shutil.copytree(clip_folder, tmp_path / "model")


def change(folder: Path, file: str = "config.json", **values: Any) -> None:
    """Set values of a file, also in its sections."""
    config = json.loads((folder / file).read_text(encoding="utf-8"))
    for section in (config, config.get("text_config"), config.get("vision_config")):
        section.update(values) if section is not None else None
    (folder / file).write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize("value", [10**9, 10**30, -(10**9), 1e12])
@pytest.mark.parametrize("key", COUNTS)
@pytest.mark.parametrize("load", [load_backbone, backbone_without_weights, lambda f: initialise_backbone(f, seed=0)])
def test_a_count_that_no_model_has(folder: Path, load: Any, key: str, value: float) -> None:
    change(folder, **{key: value})
    with pytest.raises(
        ModelError, match=rf"model: \S*{key} in config.json must be at most ({MAX_PARTS}|{MAX_SIZE}), got"
    ):
        load(folder)


def test_a_count_whose_list_would_be_made(folder: Path) -> None:
    """Names of a billion classes are written down when a configuration is read."""
    change(folder, num_labels=10**9)
    with pytest.raises(ModelError, match=r"num_labels in config.json must be at most"):
        load_backbone(folder)


@pytest.fixture
def two_gigabytes_more() -> Iterator[None]:
    """Let this process have 2 GB more than it has: what would make the model fails, instead of filling the machine."""
    import resource

    (held,) = re.findall(r"VmData:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    before = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (int(held) * 1024 + (2 << 30), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


@pytest.mark.skipif(sys.platform != "linux", reason="needs limits")
@pytest.mark.usefixtures("two_gigabytes_more")
def test_a_model_larger_than_its_weights_is_not_made(folder: Path) -> None:
    """Each number is one that some model has; together they are 100 GB."""
    change(folder, hidden_size=12_288, intermediate_size=65_536, num_hidden_layers=24, projection_dim=4_096)
    with pytest.raises(ModelError, match=r"config.json describes"):
        load_backbone(folder)
    if (memory := memory_bytes()) is not None and memory < 10**11:
        with pytest.raises(ModelError, match=r"parameters, which take \d+ GB; this machine has \d+ GB"):
            initialise_backbone(folder, seed=0)


def test_parameters_are_counted_once_for_each_configuration(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    really = AutoModel.from_config
    monkeypatch.setattr(AutoModel, "from_config", lambda config: (counted.append(1), really(config))[1])
    change(folder, initializer_range=0.0123)  # which no other test has
    for _ in range(3):
        load_backbone(folder)
    assert len(counted) == 1
    change(folder, vocab_size=200_000)
    for number in (2, 2):
        with pytest.raises(ModelError, match=r"config\.json describes"):
            load_backbone(folder)
        assert len(counted) == number


def test_somewhat_more_than_the_weights_is_refused_too(folder: Path) -> None:
    change(folder, vocab_size=200_000)
    with pytest.raises(ModelError, match=r"config.json describes \d+ parameters, but the weights have \d+ bytes"):
        load_backbone(folder)


@pytest.mark.parametrize(
    "values",
    [
        {"size": {"shortest_edge": 10**6}, "crop_size": {"height": 32, "width": 32}},
        {"size": {"shortest_edge": 32}, "crop_size": {"height": 10**6, "width": 32}},
        {"size": {"height": 32, "width": 5_000}},
    ],
)
def test_pictures_of_a_size_that_no_model_looks_at(folder: Path, values: dict[str, Any]) -> None:
    change(folder, "preprocessor_config.json", **values)
    with pytest.raises(InputError, match="the side of a model's pictures must be at least 1 and at most 4096, got"):
        load_backbone(folder)


def test_files_that_are_too_long(folder: Path) -> None:
    with (folder / "tokenizer_config.json").open("r+b") as file:
        file.truncate(1 << 40)  # a hole, of no bytes on the disk
    with pytest.raises(ModelError, match=r"tokenizer_config.json has 1099511627776 bytes; a tokenizer has at most"):
        load_tokenizer(folder)
    with pytest.raises(ModelError, match="a tokenizer has at most"):
        _ = load_backbone(folder).tokenizer
    with (folder / "config.json").open("r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(ModelError, match=r"config.json has 1099511627776 bytes; a configuration has at most"):
        load_backbone(folder)


def test_weights_that_unpack_to_more(tmp_path: Path) -> None:
    plain, bomb = tmp_path / "plain.pth", tmp_path / "pytorch_model.bin"
    torch.save({"a": torch.zeros(1_000_000)}, plain)
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    assert read_state_dict(plain)["a"].shape == (1_000_000,)
    for read in (check_no_bomb, read_state_dict):
        with pytest.raises(ModelError, match=r"unpacks from \d+ to \d+ bytes; save its weights as safetensors"):
            read(bomb)


@pytest.mark.parametrize(
    "text", ["", "[", "[" * 100_000, '"a"', "{}", '{"vocab_size": "many", "layers": true, "a": null}']
)
def test_what_is_not_about_sizes_is_left_to_others(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    check_config_file(path, name="it")
